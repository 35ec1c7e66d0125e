using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

// Lists and tuples, which both become tuples, and slices.
internal unsafe ref partial struct Freezer
{
    PyObject* BeginList(PyObject* o) => BeginSequence(FrameKind.List, o);

    PyObject* BeginTuple(PyObject* o) => BeginSequence(FrameKind.Tuple, o);

    PyObject* BeginSequence(FrameKind kind, PyObject* o)
    {
        nint size = ((PyVarObject*)o)->Size;
        // An empty list must stay distinguishable from an empty tuple when it is thawed, so only the tuple can be the static one.
        if (size == 0 && kind == FrameKind.Tuple && ObjectMarkOf(o) != ObjectMark.MutableOrigin) return StaticObjects.EmptyTuple;
        int items = Layout.Current.TupleItems;
        byte* block = Allocate((nuint)(Layout.GcHeadSize + items + size * sizeof(PyObject*)));
        if (block == null) return null;
        PyObject* copy = (PyObject*)(block + Layout.GcHeadSize);
        copy->Type = Api.Table.PyTuple_Type;
        ((PyVarObject*)copy)->Size = size;
        if (Layout.Current.TupleHasHash) *Tuples.Hash(copy) = -1;
        ObjectMark mark = kind == FrameKind.List ? ObjectMark.MutableOrigin : ObjectMarkOf(o);
        nint done = 0;
        if (size <= MostFlat)
        {
            PyObject** originals = kind == FrameKind.List ? ((PyListObject*)o)->Items : (PyObject**)((byte*)o + items);
            done = CopySimple(originals, (PyObject**)((byte*)copy + items), size);
            if (done == size) return FinishFlatSequence(copy, mark);
            if (IsExhausted) return null;
            LookInside(originals, done, size);
        }
        Push(kind, o, copy, size, mark)->Index = done;
        return copy;
    }

    bool StepSequence()
    {
        int depth = _walk.Stack.Count - 1;
        FreezeFrame* frame = _walk.Stack[depth];
        PyObject* original = frame->Original;
        nint size = frame->Size;
        nint index = frame->Index;
        PyObject** copies = Tuples.Items(frame->Copy);
        bool isList = frame->Kind == FrameKind.List;
        while (true)
        {
            // Python code may have run since the last look, and may have emptied or moved the list.
            if (((PyVarObject*)original)->Size != size) return RaiseChanged();
            PyObject** items = isList
                ? ((PyListObject*)original)->Items : Tuples.Items(original);
            long callouts = _callouts;
            while (true)
            {
                PyObject* copy;
                while (index < size && --_walk.Budget > 0 && (copy = VisitSimple(items[index])) != null) copies[index++] = copy;
                if (index == size) return FinishSequence();
                if (IsExhausted) return false;
                _walk.Budget = Math.Max(_walk.Budget, 1);
                LookAhead(items, index, size);
                _walk.Stack[depth]->Index = index;
                copy = Visit(items[index]);
                if (copy == null) return false;
                copies[index++] = copy;
                if (_pushed)
                {
                    _walk.Stack[depth]->Index = index;
                    return true;
                }
                if (callouts != _callouts) break;
            }
        }
    }

    bool FinishSequence()
    {
        FreezeFrame* frame = _walk.Stack.Last;
        if (Layout.Current.TupleHasHash)
        {
            nint* hash = Tuples.Hash(frame->Copy);
            if (IsInCycle(frame)) *hash = HashInCycle(frame);
            else if (!frame->Unhashable) *hash = HashOfTuple(frame->Copy);
        }
        return Pop();
    }

    PyObject* BeginSlice(PyObject* o)
    {
        byte* block = Allocate((nuint)(Layout.GcHeadSize + sizeof(PySliceObject)));
        if (block == null) return null;
        PyObject* copy = (PyObject*)(block + Layout.GcHeadSize);
        copy->Type = Api.Table.PySlice_Type;
        Push(FrameKind.Slice, o, copy, 3, ObjectMark.Object);
        return copy;
    }

    bool StepSlice()
    {
        int depth = _walk.Stack.Count - 1;
        while (_walk.Stack[depth]->Index < 3)
        {
            // A slice cannot be changed from Python, so its parts stay what they are.
            FreezeFrame* frame = _walk.Stack[depth];
            PyObject* copy = Visit((&((PySliceObject*)frame->Original)->Start)[frame->Index]);
            if (copy == null) return false;
            frame = _walk.Stack[depth];
            (&((PySliceObject*)frame->Copy)->Start)[frame->Index++] = copy;
            if (_pushed) return true;
        }
        return Pop();
    }
}

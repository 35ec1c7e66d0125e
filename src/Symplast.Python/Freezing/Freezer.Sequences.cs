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
        if (Layout.Current.TupleHasHash) *(nint*)((byte*)copy + Layout.TupleHash) = -1;
        Push(kind, o, copy, size, kind == FrameKind.List ? ObjectMark.MutableOrigin : ObjectMarkOf(o));
        return copy;
    }

    bool StepSequence()
    {
        int depth = _stack.Count - 1;
        FreezeFrame* frame = _stack[depth];
        PyObject* original = frame->Original;
        nint size = frame->Size;
        nint index = frame->Index;
        PyObject** copies = (PyObject**)((byte*)frame->Copy + Layout.Current.TupleItems);
        bool isList = frame->Kind == FrameKind.List;
        while (true)
        {
            // Python code may have run since the last look, and may have emptied or moved the list.
            if (((PyVarObject*)original)->Size != size) return RaiseChanged();
            PyObject** items = isList ? ((PyListObject*)original)->Items : (PyObject**)((byte*)original + Layout.Current.TupleItems);
            long callouts = _callouts;
            while (true)
            {
                if (index == size) return FinishSequence();
                _stack[depth]->Index = index;
                PyObject* copy = Visit(items[index]);
                if (copy == null) return false;
                copies[index++] = copy;
                if (_pushed)
                {
                    _stack[depth]->Index = index;
                    return true;
                }
                if (callouts != _callouts) break;
            }
        }
    }

    bool FinishSequence()
    {
        FreezeFrame* frame = _stack.Last;
        if (Layout.Current.TupleHasHash) CacheHash(frame, (nint*)((byte*)frame->Copy + Layout.TupleHash));
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
        int depth = _stack.Count - 1;
        while (_stack[depth]->Index < 3)
        {
            // A slice cannot be changed from Python, so its parts stay what they are.
            FreezeFrame* frame = _stack[depth];
            PyObject* copy = Visit((&((PySliceObject*)frame->Original)->Start)[frame->Index]);
            if (copy == null) return false;
            frame = _stack[depth];
            (&((PySliceObject*)frame->Copy)->Start)[frame->Index++] = copy;
            if (_pushed) return true;
        }
        return Pop();
    }
}

using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Freezes lists and tuples, both as tuples.</summary>
internal static unsafe class FrozenSequences
{
    internal static PyObject* Begin(ref Freezer freezer, FrameKind kind, PyObject* o)
    {
        nint size = ((PyVarObject*)o)->Size;
        // An empty list must be distinguishable from an empty tuple when it is thawed, so only the tuple can be the static one.
        if (size == 0 && kind == FrameKind.Tuple && Freezer.ObjectMarkOf(o) != ObjectMark.MutableOrigin)
            return StaticObjects.EmptyTuple;
        int items = Layout.Current.TupleItems;
        byte* block = freezer.Allocate((nuint)(Layout.GcHeadSize + items + size * sizeof(PyObject*)));
        if (block == null) return null;
        PyObject* copy = (PyObject*)(block + Layout.GcHeadSize);
        copy->Type = Api.Table.PyTuple_Type;
        ((PyVarObject*)copy)->Size = size;
        if (Layout.Current.TupleHasHash) *Tuples.Hash(copy) = -1;
        ObjectMark mark = kind == FrameKind.List ? ObjectMark.MutableOrigin : Freezer.ObjectMarkOf(o);
        nint done = 0;
        if (size <= FlatContainers.MostFlat)
        {
            PyObject** originals = kind == FrameKind.List ? ((PyListObject*)o)->Items : (PyObject**)((byte*)o + items);
            done = FlatContainers.CopyItems(ref freezer, originals, (PyObject**)((byte*)copy + items), size);
            if (done == size) return FlatContainers.FinishSequence(ref freezer, copy, mark);
            if (freezer.IsExhausted) return null;
            Prefetching.LookInside(originals, done, size);
        }
        freezer.Push(kind, o, copy, size, mark)->Index = done;
        return copy;
    }

    internal static bool Step(ref Freezer freezer)
    {
        int depth = freezer.Walk.Stack.Count - 1;
        FreezeFrame* frame = freezer.Walk.Stack[depth];
        PyObject* original = frame->Original;
        nint size = frame->Size;
        nint index = frame->Index;
        PyObject** copies = Tuples.Items(frame->Copy);
        bool isList = frame->Kind == FrameKind.List;
        while (true)
        {
            // Python code may have run since the last check, and may have changed the list's size or moved its items.
            if (((PyVarObject*)original)->Size != size) return FreezeErrors.RaiseChanged(ref freezer);
            PyObject** items = isList ? ((PyListObject*)original)->Items : Tuples.Items(original);
            long callouts = freezer.Callouts;
            while (true)
            {
                PyObject* copy;
                while (index < size && --freezer.Walk.Budget > 0
                    && (copy = FrozenLeaves.VisitSimple(ref freezer, items[index])) != null)
                {
                    copies[index++] = copy;
                }
                if (index == size) return Finish(ref freezer);
                if (freezer.IsExhausted) return false;
                freezer.Walk.Budget = Math.Max(freezer.Walk.Budget, 1);
                Prefetching.LookAhead(items, index, size);
                freezer.Walk.Stack[depth]->Index = index;
                copy = freezer.Visit(items[index]);
                if (copy == null) return false;
                copies[index++] = copy;
                if (freezer.Pushed)
                {
                    freezer.Walk.Stack[depth]->Index = index;
                    return true;
                }
                if (callouts != freezer.Callouts) break;
            }
        }
    }

    static bool Finish(ref Freezer freezer)
    {
        FreezeFrame* frame = freezer.Walk.Stack.Last;
        if (Layout.Current.TupleHasHash)
        {
            nint* hash = Tuples.Hash(frame->Copy);
            if (FrozenHashes.IsInCycle(ref freezer, frame)) *hash = FrozenHashes.OfCycle(frame);
            else if (!frame->Unhashable) *hash = FrozenHashes.OfTuple(ref freezer, frame->Copy);
        }
        return freezer.Pop();
    }
}

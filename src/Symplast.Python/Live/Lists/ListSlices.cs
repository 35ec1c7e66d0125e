using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>Slices of a List, which are read and replaced at one moment.</summary>
internal static unsafe class ListSlices
{
    /// <summary>Replaces a slice with step 1 by the items of a list that no other code can reach.</summary>
    internal static bool Replace(Handle* handle, nint start, nint stop, PyObject* items)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!HeldValues.Of(state, heap, items, Place.Member((PyObject*)handle), out HeldValues values)) return false;
        bool isUsable = LiveMethods.IsUsable(handle);
        Status status = isUsable
            ? Vector.GiveSlice(state->Me, ListType.VectorOf(handle), start, stop, values.Items, values.Count) : Status.Done;
        if (isUsable && status == Status.Done) values.Free();
        else values.Dispose(state, heap);
        return ListType.Succeeded(handle, status);
    }

    /// <summary>A plain list of the elements of a slice at one moment; null with an exception set.</summary>
    internal static PyObject* GetSlice(Handle* handle, PyObject* slice)
    {
        nint start, stop, step;
        if (Api.Table.PySlice_Unpack(slice, &start, &stop, &step) < 0 || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        HeldValues values = default;
        nint count = 0, first = 0;
        Status status = Status.Missing;
        while (status == Status.Missing)
        {
            status = Vector.Count(state->Me, ListType.VectorOf(handle), out long length);
            if (status != Status.Done) break;
            nint begin = start;
            nint end = stop;
            count = Api.Table.PySlice_AdjustIndices((nint)length, &begin, &end, step);
            nint span = count == 0 ? 0 : (count - 1) * Math.Abs(step) + 1;
            nint lowest = count == 0 ? 0 : step > 0 ? begin : begin - span + 1;
            first = begin - lowest;
            if (!values.Reserve(span)) return null;
            status = Vector.TakeRangeOf(state->Me, ListType.VectorOf(handle), length, lowest, values.Items, span);
            if (status == Status.Done) values.Count = span;
            else values.Dispose(state, heap);
        }
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        PyObject* result = HeldValues.ToList(state, heap, values.Items + (count == 0 ? 0 : first), step, count);
        values.Dispose(state, heap);
        return result;
    }

    /// <summary>Replaces a slice, or deletes it if the iterable is null. Returns false with an exception set.</summary>
    internal static bool AssignSlice(Handle* handle, PyObject* slice, PyObject* iterable)
    {
        nint start, stop, step;
        if (Api.Table.PySlice_Unpack(slice, &start, &stop, &step) < 0) return false;
        if (!LiveMethods.IsUsable(handle)) return false;
        PyObject* items = null;
        if (iterable != null)
        {
            if (Api.Table.PyType_GetSlot(iterable->Type, PyTypeSlot.Iter) == null
                && Api.Table.PyType_GetSlot(iterable->Type, PyTypeSlot.SequenceItem) == null)
            {
                return Errors.Type(step == 1 ? "can only assign an iterable" : "must assign iterable to extended slice") != null;
            }
            items = LiveMethods.Hidden(Api.Table.PySequence_List(iterable));
            if (items == null) return false;
        }
        bool done;
        if (step != 1) done = AssignExtended(handle, start, stop, step, items);
        else if (items != null) done = Replace(handle, start, stop, items);
        else
        {
            Status status = Vector.ReplaceSlice(handle->State->Me, ListType.VectorOf(handle), start, stop, null, 0);
            done = ListType.Succeeded(handle, status);
        }
        References.Drop(items);
        return done;
    }

    // Replaces or, without items, deletes the elements of an extended slice. The new contents are built in a copy, which replaces
    // the elements if they have not changed meanwhile.
    static bool AssignExtended(Handle* handle, nint start, nint stop, nint step, PyObject* items)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        HeldValues values = default;
        if (items != null && !HeldValues.Of(state, heap, items, Place.Member((PyObject*)handle), out values)) return false;
        Status status = Status.Missing;
        bool fits = true;
        while (status == Status.Missing && fits && LiveMethods.IsUsable(handle))
        {
            status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
            if (status != Status.Done) break;
            nint begin = start;
            nint end = stop;
            nint count = Api.Table.PySlice_AdjustIndices((nint)snapshot.Count, &begin, &end, step);
            fits = items == null || values.Count == count;
            if (!fits) Errors.Value($"attempt to assign sequence of size {values.Count} to extended slice of size {count}");
            else status =
                Exchange(state, ListType.VectorOf(handle), ref snapshot, begin, step, count, items == null ? null : values.Items);
            snapshot.Release(state->Me);
        }
        values.Dispose(state, heap);
        return ListType.Succeeded(handle, fits ? status : Status.Done);
    }

    static Status Exchange(
        LiveState* state, SharedVector* vector, ref VectorSnapshot snapshot, nint begin, nint step, nint count, Value* values)
    {
        // A negative step is the same slice from its other end.
        nint first = step > 0 ? begin : begin + (count - 1) * step;
        nint distance = Math.Abs(step);
        HeldValues next = default;
        if (!next.Reserve((nint)snapshot.Count)) return Status.NoMemory;
        nint length = 0;
        nint at = 0;
        for (nint i = 0; i < snapshot.Count; i++)
        {
            bool isMeant = at < count && i == first + at * distance;
            if (isMeant) at++;
            if (!isMeant) next.Items[length++] = snapshot.Items[i];
            else if (values != null) next.Items[length++] = values[step > 0 ? at - 1 : count - at];
        }
        Status status = Vector.ReplaceUnchanged(state->Me, vector, snapshot, next.Items, length);
        next.Free();
        return status;
    }

    /// <summary><c>list *= times</c>; false with an exception set.</summary>
    internal static bool RepeatInPlace(Handle* handle, nint times)
    {
        Status status = Status.Missing;
        while (status == Status.Missing)
        {
            if (!LiveMethods.IsUsable(handle)) return false;
            LiveState* state = handle->State;
            status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
            if (status != Status.Done) break;
            nint length = (nint)snapshot.Count;
            HeldValues next = default;
            bool hasRoom = times <= 0 || length == 0 || length <= nint.MaxValue / sizeof(Value) / times;
            if (!hasRoom) Api.Table.PyErr_NoMemory();
            hasRoom = hasRoom && next.Reserve(times <= 0 ? 0 : length * times);
            if (hasRoom)
            {
                nint total = times <= 0 ? 0 : length * times;
                for (nint i = 0; i < total; i += length)
                    Buffer.MemoryCopy(snapshot.Items, next.Items + i, length * sizeof(Value), length * sizeof(Value));
                status = times == 1
                    ? Status.Done : Vector.ReplaceUnchanged(state->Me, ListType.VectorOf(handle), snapshot, next.Items, total);
                next.Free();
            }
            snapshot.Release(state->Me);
            if (!hasRoom) return false;
        }
        return ListType.Succeeded(handle, status);
    }
}

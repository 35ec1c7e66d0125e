using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

// Operations on many elements: slices and searches.
internal static unsafe partial class ListType
{
    const int Equal = Comparison.Equal;
    const int PerSection = 128;
    const int MostTries = 1000;

    static PyObject* GetSlice(Handle* handle, PyObject* slice)
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
            status = Vector.Count(state->Me, VectorOf(handle), out long length);
            if (status != Status.Done) break;
            nint begin = start;
            nint end = stop;
            count = Api.Table.PySlice_AdjustIndices((nint)length, &begin, &end, step);
            nint span = count == 0 ? 0 : (count - 1) * Math.Abs(step) + 1;
            nint lowest = count == 0 ? 0 : step > 0 ? begin : begin - span + 1;
            first = begin - lowest;
            if (!values.Reserve(span)) return null;
            status = Vector.TakeRangeOf(state->Me, VectorOf(handle), length, lowest, values.Items, span);
            if (status == Status.Done) values.Count = span;
            else values.Dispose(state, heap);
        }
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        PyObject* result = HeldValues.ToList(state, heap, values.Items + (count == 0 ? 0 : first), step, count);
        values.Dispose(state, heap);
        return result;
    }

    static bool AssignSlice(Handle* handle, PyObject* slice, PyObject* iterable)
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
        else done = Succeeded(handle, Vector.ReplaceSlice(handle->State->Me, VectorOf(handle), start, stop, null, 0));
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
            status = Vector.Snapshot(state->Me, VectorOf(handle), out VectorSnapshot snapshot);
            if (status != Status.Done) break;
            nint begin = start;
            nint end = stop;
            nint count = Api.Table.PySlice_AdjustIndices((nint)snapshot.Count, &begin, &end, step);
            fits = items == null || values.Count == count;
            if (!fits) Errors.Value($"attempt to assign sequence of size {values.Count} to extended slice of size {count}");
            else status =
                Exchange(state, VectorOf(handle), ref snapshot, begin, step, count, items == null ? null : values.Items);
            snapshot.Release(state->Me);
        }
        values.Dispose(state, heap);
        return Succeeded(handle, fits ? status : Status.Done);
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

    static bool RepeatInPlace(Handle* handle, nint times)
    {
        Status status = Status.Missing;
        while (status == Status.Missing)
        {
            if (!LiveMethods.IsUsable(handle)) return false;
            LiveState* state = handle->State;
            status = Vector.Snapshot(state->Me, VectorOf(handle), out VectorSnapshot snapshot);
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
                    ? Status.Done : Vector.ReplaceUnchanged(state->Me, VectorOf(handle), snapshot, next.Items, total);
                next.Free();
            }
            snapshot.Release(state->Me);
            if (!hasRoom) return false;
        }
        return Succeeded(handle, status);
    }

    /// <summary>1 if an element equals an object, 0 if none does, -1 with an exception set.</summary>
    static int Find(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return -1;
        if (Incoming.TryProbe(o, out Incoming wanted))
        {
            Status status = Scan(handle, wanted.Probe);
            wanted.Dispose(handle->State);
            if (status == Status.Done) return 1;
            if (status == Status.Deleted)
            {
                LiveErrors.Raise(handle, status);
                return -1;
            }
        }
        else if (Api.Table.PyErr_Occurred() != null) return -1;
        // An element that the scan did not see may have been in the list: another thread may have moved it to a place that was
        // already scanned.
        return !Search(handle, o, 0, nint.MaxValue, wantsAll: false, out nint found) ? -1 : found >= 0 ? 1 : 0;
    }

    // Lock-free: each element is read at a moment of its own. Found is certain; Missing is not.
    static Status Scan(Handle* handle, in Probe wanted)
    {
        Participant* me = handle->State->Me;
        Value* batch = stackalloc Value[PerSection];
        for (long start = 0; ;)
        {
            Section section = Section.Enter(me);
            Status status = Vector.Read(me, VectorOf(handle), start, batch, PerSection, out int count);
            bool isFound = false;
            bool isOpaque = false;
            for (int i = 0; i < count && !isFound && !isOpaque; i++)
            {
                isFound = wanted.Matches(batch[i]);
                isOpaque = !isFound && Equality.IsOpaque(batch[i]);
            }
            section.Exit(me);
            if (isFound) return Status.Done;
            if (isOpaque || status != Status.Done) return isOpaque ? Status.WrongKind : status;
            if (count < PerSection) return Status.Missing;
            start += count;
        }
    }

    // The first index in a range whose element equals an object, or -1; or the number of such elements. Returns false with an
    // exception set.
    static bool Search(Handle* handle, PyObject* o, nint start, nint stop, bool wantsAll, out nint found)
    {
        found = wantsAll ? 0 : -1;
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        Status status = Vector.Snapshot(state->Me, VectorOf(handle), out VectorSnapshot snapshot);
        if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
        nint length = (nint)snapshot.Count;
        nint at = Math.Clamp(start < 0 ? start + length : start, 0, length);
        nint end = Math.Clamp(stop < 0 ? stop + length : stop, 0, length);
        bool isSimple = Incoming.TryProbe(o, out Incoming wanted);
        int isEqual = Api.Table.PyErr_Occurred() != null ? -1 : 0;
        while (isEqual >= 0 && at < end)
        {
            isEqual = NextEqual(handle, snapshot.Items, ref at, end, o, isSimple, wanted.Probe);
            if (isEqual <= 0) break;
            if (!wantsAll)
            {
                found = at;
                break;
            }
            found++;
            at++;
        }
        wanted.Dispose(state);
        snapshot.Release(state->Me);
        return isEqual >= 0;
    }

    // Advances to the next value that equals an object. Returns 1 if there is one, 0 at the end, -1 with an exception set. Values
    // that cannot be compared natively are compared in Python.
    static int NextEqual(Handle* handle, Value* values, ref nint at, nint end, PyObject* o, bool isSimple, in Probe wanted)
    {
        PoolHeap* heap = Heap.Of(handle->Shared);
        while (at < end)
        {
            LiveState* state = handle->State;
            PyObject* element = null;
            bool isEqual = false;
            bool isDeleted;
            do
            {
                Section section = Section.Enter(state->Me);
                isDeleted = PoolHeap.IsDeleted(heap);
                bool isOpaque = !isSimple;
                for (nint left = PerSection; !isDeleted && isSimple && at < end && left > 0; left--, at++)
                {
                    isEqual = wanted.Matches(values[at]);
                    isOpaque = !isEqual && Equality.IsOpaque(values[at]);
                    if (isEqual || isOpaque) break;
                }
                if (!isDeleted && isOpaque) element = Outgoing.Object(state, values[at]);
                section.Exit(state->Me);
                if (isEqual) return 1;
                if (isDeleted)
                {
                    LiveErrors.RaiseDeletedPool(state, heap);
                    return -1;
                }
                if (!isOpaque) break;
            } while (element == null && LiveState.Again(state));
            if (element != null)
            {
                int result = Api.Table.PyObject_RichCompareBool(element, o, Equal);
                References.Drop(element);
                if (result != 0) return result;
                if (!LiveMethods.IsUsable(handle)) return -1;
                at++;
            }
            else if (Api.Table.PyErr_Occurred() != null) return -1;
        }
        return 0;
    }

    static bool RemoveFirst(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        Status status = Status.WrongKind;
        if (Incoming.TryProbe(o, out Incoming wanted))
        {
            status = Vector.Remove(state->Me, VectorOf(handle), wanted.Probe);
            wanted.Dispose(state);
        }
        else if (Api.Table.PyErr_Occurred() != null) return false;
        if (status == Status.WrongKind) return RemoveByPython(handle, o);
        return status == Status.Missing ? RaiseNotInList() : Succeeded(handle, status);
    }

    // Removes the element that was found equal if it is still at its index; otherwise starts again.
    static bool RemoveByPython(Handle* handle, PyObject* o)
    {
        for (int i = 0; i < MostTries; i++)
        {
            if (!LiveMethods.IsUsable(handle) || Api.Table.PyErr_CheckSignals() != 0) return false;
            LiveState* state = handle->State;
            Status status = Vector.Snapshot(state->Me, VectorOf(handle), out VectorSnapshot snapshot);
            if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
            nint at = 0;
            bool isSimple = Incoming.TryProbe(o, out Incoming wanted);
            int isEqual = NextEqual(handle, snapshot.Items, ref at, (nint)snapshot.Count, o, isSimple, wanted.Probe);
            wanted.Dispose(state);
            bool isUsable = handle->Shared != null;
            if (isEqual > 0 && isUsable) status = Vector.RemoveSame(state->Me, VectorOf(handle), at, snapshot.Items[at]);
            snapshot.Release(state->Me);
            if (isEqual < 0 || !isUsable) return false;
            if (isEqual == 0) return RaiseNotInList();
            if (status != Status.Missing) return Succeeded(handle, status);
        }
        return Errors.Runtime("the list was changed each time that an element was to be removed") != null;
    }

    static bool RaiseNotInList() => Errors.Value("list.remove(x): x not in list") != null;
}

using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>Searches a List for elements that equal an object.</summary>
internal static unsafe partial class ListSearch
{
    [Callback]
    internal static partial int Contains(Handle* self, PyObject* o) => Find(self, o);

    const int PerSection = 128;
    const int MostTries = 1000;

    // How often an element is removed only if the list has not changed since it was found.
    const int ExactTries = 500;

    /// <summary>1 if an element equals an object, 0 if none does, -1 with an exception set.</summary>
    static int Find(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return -1;
        if (Incoming.TryProbe(handle->State, o, out Incoming wanted))
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
            Status status = Vector.Read(me, ListType.VectorOf(handle), start, batch, PerSection, out int count);
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

    /// <summary>
    /// The first index in a range whose element equals an object, or -1; or the number of such elements. Returns false with an
    /// exception set.
    /// </summary>
    internal static bool Search(Handle* handle, PyObject* o, nint start, nint stop, bool wantsAll, out nint found)
    {
        found = wantsAll ? 0 : -1;
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        Status status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
        if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
        nint length = (nint)snapshot.Count;
        nint at = Math.Clamp(start < 0 ? start + length : start, 0, length);
        nint end = Math.Clamp(stop < 0 ? stop + length : stop, 0, length);
        bool isSimple = Incoming.TryProbe(state, o, out Incoming wanted);
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
                Section section = PoolHeap.Enter(state->Me, heap, out isDeleted);
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
                int result = Api.Table.PyObject_RichCompareBool(element, o, Comparison.Equal);
                References.Drop(element);
                if (result != 0) return result;
                if (!LiveMethods.IsUsable(handle)) return -1;
                at++;
            }
            else if (Api.Table.PyErr_Occurred() != null) return -1;
        }
        return 0;
    }

    /// <summary>Removes the first element that equals an object. Returns false with an exception set.</summary>
    internal static bool RemoveFirst(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        Status status = Status.WrongKind;
        if (Incoming.TryProbe(state, o, out Incoming wanted))
        {
            status = Vector.Remove(state->Me, ListType.VectorOf(handle), wanted.Probe);
            wanted.Dispose(state);
        }
        else if (Api.Table.PyErr_Occurred() != null) return false;
        if (status == Status.WrongKind) return RemoveByPython(handle, o);
        return status == Status.Missing ? RaiseNotInList() : ListType.Succeeded(handle, status);
    }

    // Removes the element that was found equal if it is still at its index; otherwise starts again.
    static bool RemoveByPython(Handle* handle, PyObject* o)
    {
        for (int i = 0; i < MostTries; i++)
        {
            if (!LiveMethods.IsUsable(handle) || Api.Table.PyErr_CheckSignals() != 0) return false;
            LiveState* state = handle->State;
            Status status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
            if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
            nint at = 0;
            bool isSimple = Incoming.TryProbe(state, o, out Incoming wanted);
            int isEqual = NextEqual(handle, snapshot.Items, ref at, (nint)snapshot.Count, o, isSimple, wanted.Probe);
            wanted.Dispose(state);
            bool isUsable = handle->Shared != null;
            // An equal element may have come before this one since the search. In a list that others change all the time this is
            // not looked at any more in the end.
            if (isEqual > 0 && isUsable) status = i < ExactTries
                ? Vector.RemoveUnchanged(state->Me, ListType.VectorOf(handle), at, snapshot)
                : Vector.RemoveSame(state->Me, ListType.VectorOf(handle), at, snapshot.Items[at]);
            snapshot.Release(state->Me);
            if (isEqual < 0 || !isUsable) return false;
            if (isEqual == 0) return RaiseNotInList();
            if (status != Status.Missing) return ListType.Succeeded(handle, status);
        }
        return Errors.Runtime("the list was changed each time that an element was to be removed") != null;
    }

    static bool RaiseNotInList() => Errors.Value("list.remove(x): x not in list") != null;
}

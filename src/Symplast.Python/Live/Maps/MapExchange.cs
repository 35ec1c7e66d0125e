using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Operations that read and change a value of a Dict or SortedDict at one moment.</summary>
internal static unsafe class MapExchange<TMap> where TMap : struct, ILiveMap
{
    /// <summary>The method <c>compare_exchange</c>.</summary>
    internal static PyObject* CompareExchange(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("compare_exchange", count, 3, 3) || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        KeyState known = MapLookup<TMap>.Find(handle, arguments[0], out Incoming key);
        if (known != KeyState.Ready) return known == KeyState.Foreign ? Api.Table._Py_FalseStruct : null;
        PyObject* result = null;
        if (Incoming.Item(
            state, Heap.Of(handle->Shared), arguments[2], Place.Item((PyObject*)handle, arguments[0]), out Incoming desired))
            result = CompareExchange(handle, key, arguments[1], desired);
        desired.Dispose(state);
        key.Dispose(state);
        return result;
    }

    // Equality is Python's and may run Python code. So exactly the value that compared equal is exchanged; if the map has another
    // value by then, the comparison is repeated.
    static PyObject* CompareExchange(Handle* handle, in Incoming key, PyObject* expected, in Incoming desired)
    {
        while (true)
        {
            Status status = Load(handle, key, out Value current, out PyObject* seen);
            if (MapLookup<TMap>.IsAbsent(status)) return Api.Table._Py_FalseStruct;
            if (status != Status.Done) return LiveErrors.Raise(handle, status);
            if (seen == null) return null;
            int equal = Api.Table.PyObject_RichCompareBool(seen, expected, Comparison.Equal);
            if (equal == 1) status = Exchange(handle, key, current, desired);
            LiveState.Drop(handle->State, current);
            // Dropped only now, because it may keep the addresses of another pool, in which the value lies.
            References.Drop(seen);
            if (equal != 1) return equal < 0 ? null : Api.Table._Py_FalseStruct;
            if (status == Status.Done) return Api.Table._Py_TrueStruct;
            if (!MapLookup<TMap>.IsAbsent(status)) return LiveErrors.Raise(handle, status);
        }
    }

    // Gets a value with a reference, and its object, which is null with an exception set.
    static Status Load(Handle* handle, in Incoming key, out Value value, out PyObject* seen)
    {
        LiveState* state = handle->State;
        while (true)
        {
            Section section = Section.Enter(state->Me);
            Status status = TMap.Get(state->Me, handle->Shared, key.Probe, out value);
            bool isTaken = status == Status.Done && Reference.TryTake(value);
            seen = isTaken ? Outgoing.Object(state, value) : null;
            if (isTaken && seen == null) Reference.Drop(state->Me, value);
            section.Exit(state->Me);
            if (status != Status.Done || seen != null || isTaken && !LiveState.Again(state)) return status;
        }
    }

    static Status Exchange(Handle* handle, in Incoming key, Value current, in Incoming desired)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Status status = Status.Deleted;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        if (!isDeleted)
        {
            Value value = desired.ToValue(state, heap);
            status = value.IsEmpty
                ? Status.NoMemory : TMap.CompareExchange(state->Me, handle->Shared, key.Probe, Probe.Of(current), value);
            Reference.Drop(state->Me, value);
        }
        section.Exit(state->Me);
        return status;
    }

    /// <summary>The method <c>add</c>.</summary>
    internal static PyObject* Add(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("add", count, 2, 2) || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        if (!Incoming.TryNumber(state, "add", arguments[1], out Incoming delta)) return null;
        if (!MapLookup<TMap>.TryKey(handle, arguments[0], out Incoming key))
        {
            delta.Dispose(state);
            return null;
        }
        Section section = Section.Enter(state->Me);
        Status status = TMap.Add(state->Me, handle->Shared, key.Probe, delta.Probe.AsValue, out Value sum);
        PyObject* result = status == Status.Done ? Outgoing.Object(state, sum) : null;
        bool isForeign = status == Status.WrongKind && TMap.IsForeign(state->Me, handle->Shared, key.Probe);
        section.Exit(state->Me);
        if (isForeign) TMap.Refuse(handle, arguments[0], key.Probe);
        else if (status == Status.WrongKind)
            Errors.Type($"{Place.Item((PyObject*)handle, arguments[0]).Describe()} is not a number");
        else if (status != Status.Done) LiveErrors.Raise(handle, status);
        key.Dispose(state);
        delta.Dispose(state);
        return result;
    }
}

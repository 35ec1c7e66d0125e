using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Tree = Symplast.Objects.SortedMap<Symplast.Memory.Uninterrupted, Symplast.Objects.SortedMapRules>;

namespace Symplast.Python.Live;

// Changes that depend on the value that is there.
internal static unsafe partial class SortedDictType
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CompareExchange(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("compare_exchange", count, 3, 3)) return null;
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return null;
            LiveState* state = handle->State;
            KeyState known = Lookup(handle, arguments[0], out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? Api.Table._Py_FalseStruct : null;
            PyObject* result = null;
            if (Incoming.Item(state, Heap.Of(handle->Shared), arguments[2], Place.Item(self, arguments[0]), out Incoming desired))
                result = CompareExchange(handle, key, arguments[1], desired);
            desired.Dispose(state);
            key.Dispose(state);
            return result;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // Equality is Python's, and may run Python code: so the value that was found equal is what is exchanged, or the comparison is made anew.
    static PyObject* CompareExchange(Handle* handle, in Incoming key, PyObject* expected, in Incoming desired)
    {
        LiveState* state = handle->State;
        while (true)
        {
            Status status = Load(handle, key, out Value current, out PyObject* seen);
            // There is no key of another kind than the others.
            if (status is Status.Missing or Status.WrongKind) return Api.Table._Py_FalseStruct;
            if (status != Status.Done) return LiveErrors.Raise(handle, status);
            if (seen == null) return null;
            int equal = Api.Table.PyObject_RichCompareBool(seen, expected, Equal);
            if (equal == 1) status = Exchange(handle, key, current, desired);
            LiveState.Drop(state, current);
            // Not before: it may keep the addresses of another pool, in which the value lies.
            References.Drop(seen);
            if (equal != 1) return equal < 0 ? null : Api.Table._Py_FalseStruct;
            if (status == Status.Done) return Api.Table._Py_TrueStruct;
            if (status is not (Status.Missing or Status.WrongKind)) return LiveErrors.Raise(handle, status);
        }
    }

    // A value with a reference, and its object, which is null with an exception set.
    static Status Load(Handle* handle, in Incoming key, out Value value, out PyObject* seen)
    {
        LiveState* state = handle->State;
        while (true)
        {
            Epoch.Enter(state->Me);
            Status status = Tree.Get(state->Me, MapOf(handle), key.Probe, out value);
            bool isTaken = status == Status.Done && Reference.TryTake(value);
            seen = isTaken ? Outgoing.Object(state, value) : null;
            if (isTaken && seen == null) Reference.Drop(state->Me, value);
            Epoch.Exit(state->Me);
            if (status != Status.Done || seen != null || isTaken && !LiveState.Again(state)) return status;
        }
    }

    static Status Exchange(Handle* handle, in Incoming key, Value current, in Incoming desired)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Status status = Status.Deleted;
        Epoch.Enter(state->Me);
        if (!PoolHeap.IsDeleted(heap))
        {
            Value value = desired.ToValue(state, heap);
            status = value.IsEmpty ? Status.NoMemory : Tree.CompareExchange(state->Me, MapOf(handle), key.Probe, Probe.Of(current), value, out _);
            Reference.Drop(state->Me, value);
        }
        Epoch.Exit(state->Me);
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Add(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("add", count, 2, 2)) return null;
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle) || !LiveMethods.TryNumber("add", arguments[1], out bool isReal, out long integer, out double real)) return null;
            LiveState* state = handle->State;
            if (!TryKey(handle, arguments[0], out Incoming key)) return null;
            Epoch.Enter(state->Me);
            Value sum;
            Status status = isReal ? Tree.Add(state->Me, MapOf(handle), key.Probe, Value.Of(real), out sum) : Tree.Add(state->Me, MapOf(handle), key.Probe, integer, out sum);
            PyObject* result = status == Status.Done ? Outgoing.Object(state, sum) : null;
            // Which of the two is of the wrong kind: the value, if there is one.
            bool isThere = status == Status.WrongKind && Tree.Contains(state->Me, MapOf(handle), key.Probe) == Status.Done;
            Epoch.Exit(state->Me);
            if (status == Status.WrongKind && !isThere) RaiseUnsortable(handle, arguments[0], key.Probe);
            else if (status == Status.WrongKind) Errors.Type($"{Place.Item(self, arguments[0]).Describe()} is not a number");
            else if (status != Status.Done) LiveErrors.Raise(handle, status);
            key.Dispose(state);
            return result;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}

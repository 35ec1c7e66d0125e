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
            PoolHeap* heap = Heap.Of(handle->Shared);
            KeyState known = Incoming.Key(state, heap, arguments[0], out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? Api.Table._Py_FalseStruct : null;
            Place place = Place.Item(self, arguments[0]);
            Status? status = null;
            if (Incoming.Item(state, heap, arguments[1], place, out Incoming expected))
            {
                if (Incoming.Item(state, heap, arguments[2], place, out Incoming desired))
                {
                    Epoch.Enter(state->Me);
                    Value value = PoolHeap.IsDeleted(heap) ? default : desired.ToValue(state, heap);
                    if (value.IsEmpty) status = PoolHeap.IsDeleted(heap) ? Status.Deleted : Status.NoMemory;
                    else
                    {
                        status = Tree.CompareExchange(state->Me, MapOf(handle), key.Probe, expected.Probe, value, out _);
                        Reference.Drop(state->Me, value);
                    }
                    Epoch.Exit(state->Me);
                }
                desired.Dispose(state);
            }
            expected.Dispose(state);
            key.Dispose(state);
            return status switch
            {
                null => null,
                Status.Done => Api.Table._Py_TrueStruct,
                // There is no key of another kind than the others.
                Status.Missing or Status.WrongKind => Api.Table._Py_FalseStruct,
                _ => LiveErrors.Raise(handle, status.Value),
            };
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
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
            KeyState known = Incoming.Key(state, Heap.Of(handle->Shared), arguments[0], out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? RaiseUnsortable(handle, arguments[0], default) : null;
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

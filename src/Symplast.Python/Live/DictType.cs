using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Map = Symplast.Objects.OrderedMap<Symplast.Memory.Uninterrupted>;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Dict</c>: an insertion-ordered map that all interpreters share. This file: creation and the operators.</summary>
internal static unsafe partial class DictType
{
    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Dict"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Mapping,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Dict(mapping_or_iterable=(), /, **items)
                --

                A dict that all interpreters share: insertion-ordered, each operation atomic, no lock in sight.

                Created in the current pool. Keys are str, bytes, int, float, bool, None, complex, tuples of these, and live objects (by identity).
                Values are these, frozen objects and live ones; plain containers are carried into the pool with all they hold (a dict becomes a
                Dict, a list a List, a set a Set); anything else raises NotShareableError. Iterating sees the items of one moment.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Init, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Init),
            Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&Compare),
            Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
            Slot(PyTypeSlot.MapLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.MapSubscript, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript),
            Slot(PyTypeSlot.MapAssign, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Assign),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&Contains),
            Slot(PyTypeSlot.Or, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Or),
            Slot(PyTypeSlot.InPlaceOr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceOr),
            Slot(PyTypeSlot.Methods, Methods())),
    });

    static OrderedMap* MapOf(Handle* handle) => (OrderedMap*)handle->Shared;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        try
        {
            if (!Module.CheckProcess()) return null;
            InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
            return Create(interpreter, CurrentPool.Get(), type);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>A new, empty Dict in a pool; null with an exception set.</summary>
    internal static PyObject* Create(InterpreterState interpreter, Pool pool, PyObject* type)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = Heap.Of(pool);
        Epoch.Enter(state->Me);
        bool isDeleted = PoolHeap.IsDeleted(heap);
        OrderedMap* map = isDeleted ? null : Map.Create(state->Me, heap);
        PyObject* handle = map == null ? null : Handle.Adopt(state, (Header*)map, type);
        Epoch.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return map == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Init(PyObject* self, PyObject* positional, PyObject* named)
    {
        try
        {
            return Update((Handle*)self, positional, named) ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Subscript(PyObject* self, PyObject* key)
    {
        try
        {
            PyObject* value = Get((Handle*)self, key);
            return value != null ? value : RaiseMissing(key);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>A new reference to the value of a key; null with an exception set, or without one if there is no such key.</summary>
    static PyObject* Get(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        if (Find(handle, o, out Incoming key) != KeyState.Ready) return null;
        PyObject* result;
        Status status;
        do
        {
            Epoch.Enter(state->Me);
            status = Map.Get(state->Me, MapOf(handle), key.Probe, out Value value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            Epoch.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        key.Dispose(state);
        return status is Status.Done or Status.Missing ? result : LiveErrors.Raise(handle, status);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Assign(PyObject* self, PyObject* key, PyObject* value)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (value != null) return Set(handle, key, value) ? 0 : -1;
            Status status = Remove(handle, key);
            if (status == Status.Done) return 0;
            if (Api.Table.PyErr_Occurred() == null) RaiseMissing(key);
            return -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    static bool Set(Handle* handle, PyObject* o, PyObject* item)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!TryKey(handle, o, out Incoming key)) return false;
        bool isPlain = true;
        Status status = Status.Deleted;
        Epoch.Enter(state->Me);
        if (!PoolHeap.IsDeleted(heap))
        {
            isPlain = PlainValues.TryStore(state->Me, heap, item, out Value value);
            if (isPlain) status = value.IsEmpty ? Status.NoMemory : Map.Give(state->Me, MapOf(handle), key.Probe, value);
        }
        Epoch.Exit(state->Me);
        bool made = isPlain || TryStore(handle, key.Probe, o, item, out status);
        key.Dispose(state);
        return made && (status == Status.Done || LiveErrors.Raise(handle, status) != null);
    }

    // Any other value; false with an exception set if it is none. Python code can run.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryStore(Handle* handle, in Probe key, PyObject* o, PyObject* item, out Status status)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        bool made = Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, o), out Incoming incoming);
        status = Status.Deleted;
        if (made)
        {
            Epoch.Enter(state->Me);
            if (!PoolHeap.IsDeleted(heap))
            {
                Value value = incoming.ToValue(state, heap);
                status = value.IsEmpty ? Status.NoMemory : Map.Give(state->Me, MapOf(handle), key, value);
            }
            Epoch.Exit(state->Me);
        }
        incoming.Dispose(state);
        return made;
    }

    // Missing, without an exception, if there is no such key; anything else but Done with one.
    static Status Remove(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return Status.Deleted;
        LiveState* state = handle->State;
        KeyState known = Find(handle, o, out Incoming key);
        if (known != KeyState.Ready) return known == KeyState.Foreign ? Status.Missing : Status.WrongKind;
        Status status = Map.Remove(state->Me, MapOf(handle), key.Probe, out _);
        key.Dispose(state);
        if (status is not (Status.Done or Status.Missing)) LiveErrors.Raise(handle, status);
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return -1;
            LiveState* state = handle->State;
            KeyState known = Find(handle, o, out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? 0 : -1;
            Status status = Map.Contains(state->Me, MapOf(handle), key.Probe);
            key.Dispose(state);
            if (status is Status.Done or Status.Missing) return status == Status.Done ? 1 : 0;
            LiveErrors.Raise(handle, status);
            return -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return -1;
        Status status = Map.Count(handle->State->Me, MapOf(handle), out ulong count);
        if (status == Status.Done) return (nint)count;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Iterate(PyObject* self) => NewIterator((Handle*)self, DictIteration.Keys, reversed: false);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repr(PyObject* self)
    {
        try
        {
            return LiveMethods.Repr((Handle*)self, &ToPlain);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation)
    {
        try
        {
            Handle* handle = (Handle*)self;
            bool isLive = other->Type == handle->State->TypeOf(LiveKind.Dict);
            return LiveMethods.CompareEqual(handle, other, operation, isLive, isLive || IsPlain(other), &ToPlain);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // Either may be the Dict. The result is a plain dict, as that of copy() is.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Or(PyObject* left, PyObject* right)
    {
        try
        {
            PyObject* first = PlainOf(left);
            PyObject* second = first == null ? null : PlainOf(right);
            PyObject* merged = second == null ? null : Api.Table.PyNumber_Or(first, second);
            References.Drop(first);
            References.Drop(second);
            return merged != null || Api.Table.PyErr_Occurred() != null ? merged : Api.Table._Py_NotImplementedStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceOr(PyObject* self, PyObject* other)
    {
        try
        {
            PyObject* arguments = Api.Table.PyTuple_New(1);
            if (arguments == null) return null;
            Api.Table.PyTuple_SetItem(arguments, 0, References.New(other));
            bool done = Update((Handle*)self, arguments, null);
            References.Drop(arguments);
            return done ? References.New(self) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // A new reference to a plain dict of the same items; null, perhaps without an exception, if it is no dict at all.
    static PyObject* PlainOf(PyObject* o)
    {
        if (IsPlain(o)) return References.New(o);
        PyObject* destructor = (PyObject*)Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.MapSubscript);
        return destructor == (PyObject*)(delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript ? ToPlain((Handle*)o) : null;
    }

    static bool IsPlain(PyObject* o) => (Api.Table.PyType_GetFlags(o->Type) & PyTypeSpec.DictSubclass) != 0;

    static PyObject* RaiseMissing(PyObject* key)
    {
        if (Api.Table.PyErr_Occurred() == null) LiveMethods.RaiseKey(key);
        return null;
    }

    // A key to look up. Foreign: nothing can equal it, and the Dict is alive; Failed: an exception is set.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static KeyState Find(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Lookup(handle->State, o, out key);
        return known == KeyState.Ready ? known : NoKey(handle, o, known);
    }

    /// <summary>A key to store; false with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryKey(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Key(handle->State, Heap.Of(handle->Shared), o, out key);
        if (known == KeyState.Ready) return true;
        if (NoKey(handle, o, known) == KeyState.Foreign)
            LiveErrors.RaiseNotShareable(handle->State, $"{Place.Item((PyObject*)handle, o).Describe()}: {Text.TypeName(o)} cannot be a key of a shared Dict");
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState NoKey(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Foreign) return LiveMethods.CheckAlive(handle) ? known : KeyState.Failed;
        LiveErrors.ExplainUnhashable(o, "dict key");
        return known;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Tree = Symplast.Objects.SortedMap<Symplast.Memory.Uninterrupted, Symplast.Objects.SortedMapRules>;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.SortedDict</c>: a map in the order of its keys that all interpreters share. This file: creation and the operators.</summary>
internal static unsafe partial class SortedDictType
{
    const int Equal = 2;
    const int NotEqual = 3;

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.SortedDict"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Mapping,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                SortedDict(mapping_or_iterable=(), /, **items)
                --

                A dict in the order of its keys that all interpreters share: each operation atomic, no lock in sight.

                Created in the current pool. Keys are numbers, or str, or bytes, or tuples of these: all of one kind, for as long as it is not empty.
                Values are those of Dict. Finding, adding and removing take time in proportion to the logarithm of the size. Iterating sees the items of
                one moment, irange() those of a range.
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

    static SortedMap* MapOf(Handle* handle) => (SortedMap*)handle->Shared;

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

    /// <summary>A new, empty SortedDict in a pool; null with an exception set.</summary>
    internal static PyObject* Create(InterpreterState interpreter, Pool pool, PyObject* type)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = Heap.Of(pool);
        Epoch.Enter(state->Me);
        bool isDeleted = PoolHeap.IsDeleted(heap);
        SortedMap* map = isDeleted ? null : Tree.Create(state->Me, heap);
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
            return value != null || Api.Table.PyErr_Occurred() != null ? value : LiveMethods.RaiseKey(key);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>
    /// A new reference to the value of a key; null with an exception set, or without one if there is no such key, as there is none of another kind than the others.
    /// </summary>
    static PyObject* Get(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        if (Lookup(handle, o, out Incoming key) != KeyState.Ready) return null;
        PyObject* result;
        Status status;
        do
        {
            Epoch.Enter(state->Me);
            status = Tree.Get(state->Me, MapOf(handle), key.Probe, out Value value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            Epoch.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        key.Dispose(state);
        return status is Status.Done or Status.Missing or Status.WrongKind ? result : LiveErrors.Raise(handle, status);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Assign(PyObject* self, PyObject* key, PyObject* value)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (value != null) return Set(handle, key, value) ? 0 : -1;
            return Remove(handle, key) ? 0 : -1;
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
        bool made = Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, o), out Incoming incoming);
        Status status = Status.Done;
        if (made)
        {
            Epoch.Enter(state->Me);
            if (PoolHeap.IsDeleted(heap)) status = Status.Deleted;
            else
            {
                Value value = incoming.ToValue(state, heap);
                if (value.IsEmpty) status = Status.NoMemory;
                else
                {
                    status = Tree.Set(state->Me, MapOf(handle), key.Probe, value);
                    Reference.Drop(state->Me, value);
                }
            }
            Epoch.Exit(state->Me);
            if (status == Status.WrongKind) RaiseUnsortable(handle, o, key.Probe);
            else if (status != Status.Done) LiveErrors.Raise(handle, status);
        }
        incoming.Dispose(state);
        key.Dispose(state);
        return made && status == Status.Done;
    }

    static bool Remove(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        KeyState known = Lookup(handle, o, out Incoming key);
        if (known != KeyState.Ready) return known == KeyState.Foreign && LiveMethods.RaiseKey(o) != null;
        Status status = Tree.Remove(state->Me, MapOf(handle), key.Probe, out _);
        key.Dispose(state);
        if (status == Status.Done) return true;
        return (status is Status.Missing or Status.WrongKind ? LiveMethods.RaiseKey(o) : LiveErrors.Raise(handle, status)) != null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return -1;
            LiveState* state = handle->State;
            KeyState known = Lookup(handle, o, out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? 0 : -1;
            Status status = Tree.Contains(state->Me, MapOf(handle), key.Probe);
            key.Dispose(state);
            if (status is Status.Done or Status.Missing or Status.WrongKind) return status == Status.Done ? 1 : 0;
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
        Status status = Tree.Count(handle->State->Me, MapOf(handle), out long count);
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

    // Like dicts: the order of the other one does not matter.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation)
    {
        try
        {
            if (operation is not (Equal or NotEqual)) return Api.Table._Py_NotImplementedStruct;
            return WithPlain(((Handle*)self)->State, self, other, operation);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // Either may be the SortedDict. The result is a plain dict, as that of copy() is.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Or(PyObject* left, PyObject* right)
    {
        try
        {
            bool leftIsOurs = Api.Table.PyType_GetSlot(left->Type, PyTypeSlot.MapSubscript) == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript;
            return WithPlain(((Handle*)(leftIsOurs ? left : right))->State, left, right, comparison: null);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // left | right, or what a comparison gives, of plain dicts; NotImplemented if one of them is no dict.
    static PyObject* WithPlain(LiveState* state, PyObject* left, PyObject* right, int? comparison)
    {
        ref Api api = ref Api.Table;
        if (!IsDict(state, left) || !IsDict(state, right))
        {
            PyObject* own = left->Type == state->TypeOf(LiveKind.SortedDict) ? left : right;
            return comparison == null || LiveMethods.CheckAlive((Handle*)own) ? api._Py_NotImplementedStruct : null;
        }
        PyObject* first = PlainOf(state, left);
        // One moment for both sides if they are the same.
        PyObject* second = first == null ? null : left == right ? References.New(first) : PlainOf(state, right);
        PyObject* result = second == null ? null : comparison is int operation ? api.PyObject_RichCompare(first, second, operation) : api.PyNumber_Or(first, second);
        References.Drop(first);
        References.Drop(second);
        return result;
    }

    static bool IsDict(LiveState* state, PyObject* o) =>
        o->Type == state->TypeOf(LiveKind.SortedDict) || o->Type == state->TypeOf(LiveKind.Dict) || Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyDict_Type) != 0;

    static PyObject* PlainOf(LiveState* state, PyObject* dict)
    {
        if (dict->Type == state->TypeOf(LiveKind.SortedDict)) return ToPlain((Handle*)dict);
        return dict->Type == state->TypeOf(LiveKind.Dict) ? DictType.ToPlain((Handle*)dict) : References.New(dict);
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

    // A key to look up. Foreign: nothing can equal it, and the map is alive; Failed: an exception is set.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static KeyState Lookup(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Lookup(handle->State, o, out key);
        return known == KeyState.Ready ? known : NoKey(handle, o, known);
    }

    // A key to store; false with an exception set.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryKey(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Key(handle->State, Heap.Of(handle->Shared), o, out key);
        if (known == KeyState.Ready) return true;
        if (NoKey(handle, o, known) == KeyState.Foreign) RaiseUnsortable(handle, o, default);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState NoKey(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Foreign) return LiveMethods.CheckAlive(handle) ? known : KeyState.Failed;
        LiveErrors.ExplainUnhashable(o, "dict key");
        return known;
    }

    /// <summary>Says why an object cannot be a key here: it has no order at all, or that of another kind. The probe is empty for what is no value of a pool.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* RaiseUnsortable(Handle* handle, PyObject* o, in Probe probe)
    {
        LiveState* state = handle->State;
        Epoch.Enter(state->Me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)handle->Shared);
        OrderingClass kind = isDeleted ? OrderingClass.None : Ordering.ClassOf(probe);
        OrderingClass others = OrderingClass.None;
        if (!isDeleted && Tree.First(state->Me, MapOf(handle), out Value first, out _) == Status.Done) others = Ordering.ClassOf(first);
        Epoch.Exit(state->Me);
        if (isDeleted) return LiveErrors.RaiseDeleted(handle);
        string type = Text.TypeName(o);
        string place = Place.Item((PyObject*)handle, o).Describe();
        if (kind != OrderingClass.None) return Errors.Type($"{place}: the keys of this SortedDict are {Name(others)}, {type} cannot be sorted among them");
        if (o->Type == Api.Table.PyFloat_Type) return Errors.Value($"{place}: NaN cannot be a key of a SortedDict, it has no place in an order");
        return Errors.Type(o->Type == Api.Table.PyTuple_Type
            ? $"{place}: a tuple with an item that has no order cannot be a key of a SortedDict"
            : $"{place}: the keys of a SortedDict are numbers, str, bytes or tuples of these, not {type}");
    }

    static string Name(OrderingClass kind) => kind switch
    {
        OrderingClass.Number => "numbers",
        OrderingClass.Text => "str",
        OrderingClass.Bytes => "bytes",
        OrderingClass.Tuple => "tuples",
        // The others were removed just now.
        _ => "of another kind",
    };
}

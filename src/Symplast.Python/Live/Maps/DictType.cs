using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using LiveDict = Symplast.Python.Live.LiveMap<Symplast.Python.Live.DictMap>;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.Dict</c>: an insertion-ordered map that all interpreters share. This file: creation and the
/// operators.
/// </summary>
internal static unsafe partial class DictType
{
    /// <summary>What others are to know of the kind; once a process.</summary>
    internal static Kind Kind()
    {
        DictIterator.Definition = DictIterator.Specification();
        return new Kind
        {
            Number = LiveKind.Dict,
            Name = Text.Utf8("Dict"u8),
            Header = HeaderKind.OrderedMap,
            Type = Specification(),
            MakeTypes = &MakeIteratorType,
            ToPlain = &LiveMap<DictMap>.ToPlain,
            End = &DictIterator.FinishAll,
        };
    }

    static bool MakeIteratorType(PyObject* module, InterpreterState interpreter)
    {
        PyObject* type = Kinds.MakeType(module, interpreter, DictIterator.Definition, null, null);
        interpreter.Live->DictIteratorType = type;
        return type != null;
    }

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Dict"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Mapping,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Dict(mapping_or_iterable=(), /, **items)
                --

                A dict that all interpreters share: insertion-ordered, each operation atomic, no lock in sight.

                Created in the current pool. Keys are str, bytes, int, float, bool, None, complex, tuples of these, and live
                objects (by identity). Values are these, frozen objects and live ones; plain containers are carried into the pool
                with all they hold (a dict becomes a Dict, a list a List, a set a Set); anything else raises NotShareableError.
                Iterating sees the items of one moment.
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
    static PyObject* New(PyObject* type, PyObject* positional, PyObject* named) => Creation.New(type, &DictMap.Make);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Init(PyObject* self, PyObject* positional, PyObject* named) => Frame.Set(self, positional, named, &Update);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Subscript(PyObject* self, PyObject* key)
    {
        try
        {
            PyObject* value = LiveDict.Get((Handle*)self, key);
            return value != null || Api.Table.PyErr_Occurred() != null ? value : LiveMethods.RaiseKey(key);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Whether an object is a Dict of any interpreter.</summary>
    internal static bool IsOurs(PyObject* o) =>
        Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.MapSubscript)
        == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Assign(PyObject* self, PyObject* key, PyObject* value)
    {
        try
        {
            Handle* handle = (Handle*)self;
            return (value != null ? Set(handle, key, value) : LiveDict.Remove(handle, key)) ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    /// <summary><c>map[key] = value</c>; false with an exception set.</summary>
    internal static bool Set(Handle* handle, PyObject* o, PyObject* item)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        // Frames of their own, so that each has registers enough.
        if (item->Type == Api.Table.PyUnicode_Type) return SetText(handle, o, item);
        Value word = Words.Of(item);
        if (word.IsEmpty) return SetAny(handle, o, item);
        Status status;
        if (Incoming.TryText(o, out TextKey text)) status = SetWord(handle, text, word);
        else if (Incoming.TryInt(o, out IntKey number)) status = SetWord(handle, number, word);
        else return SetAny(handle, o, item);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status SetWord<TKey>(Handle* handle, in TKey key, Value word) where TKey : struct, IMapKey
    {
        Participant* me = handle->State->Me;
        Epoch.Enter(me);
        Status status = PoolHeap.IsDeleted(Heap.Of(handle->Shared)) ? Status.Deleted : Map.Give(me, MapOf(handle), key, word);
        Epoch.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SetText(Handle* handle, PyObject* o, PyObject* item)
    {
        if (!PlainValues.IsCopied(item)) return SetAny(handle, o, item);
        Status status;
        if (Incoming.TryText(o, out TextKey text)) status = SetText(handle, text, item);
        else if (Incoming.TryInt(o, out IntKey number)) status = SetText(handle, number, item);
        else return SetAny(handle, o, item);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status SetText<TKey>(Handle* handle, in TKey key, PyObject* item) where TKey : struct, IMapKey
    {
        Participant* me = handle->State->Me;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Status status = Status.Deleted;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(heap))
        {
            Value value = PlainValues.CopyOf(me, heap, item);
            status = value.IsEmpty ? Status.NoMemory : Map.Give(me, MapOf(handle), key, value);
        }
        Epoch.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SetAny(Handle* handle, PyObject* o, PyObject* item)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!LiveDict.TryKey(handle, o, out Incoming key)) return false;
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            return LiveDict.Contains((Handle*)self, o);
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self) => LiveDict.Length(self);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Iterate(PyObject* self) => NewIterator((Handle*)self, DictIteration.Keys, reversed: false);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repr(PyObject* self) => Frame.Call(self, &LiveMethods.Repr);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation) => PlainDicts.Compare(self, other, operation);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Or(PyObject* left, PyObject* right) => PlainDicts.Or(left, right);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceOr(PyObject* self, PyObject* other) => Frame.Change(self, other, &LiveDict.Merge);
}

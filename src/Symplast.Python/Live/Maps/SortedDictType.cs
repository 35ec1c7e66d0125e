using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using LiveSorted = Symplast.Python.Live.LiveMap<Symplast.Python.Live.SortedDictMap>;
using Tree = Symplast.Objects.SortedMap<Symplast.Memory.Uninterrupted, Symplast.Objects.SortedMapRules>;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.SortedDict</c>: a map in the order of its keys that all interpreters share. This file: creation
/// and the operators.
/// </summary>
internal static unsafe partial class SortedDictType
{
    /// <summary>What others are to know of the kind; once a process.</summary>
    internal static Kind Kind()
    {
        return new Kind
        {
            Number = LiveKind.SortedDict,
            Name = Text.Utf8("SortedDict"u8),
            Header = HeaderKind.SortedMap,
            Type = Specification(),
            ToPlain = &LiveMap<SortedDictMap>.ToPlain,
        };
    }

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.SortedDict"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Mapping,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                SortedDict(mapping_or_iterable=(), /, **items)
                --

                A dict in the order of its keys that all interpreters share: each operation atomic, no lock in sight.

                Created in the current pool. Keys are numbers, or str, or bytes, or tuples of these: all of one kind, for as long
                as it is not empty. Values are those of Dict. Finding, adding and removing take time in proportion to the
                logarithm of the size. Iterating sees the items of one moment, irange() those of a range.
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
    static PyObject* New(PyObject* type, PyObject* positional, PyObject* named) => Creation.New(type, &SortedDictMap.Make);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Init(PyObject* self, PyObject* positional, PyObject* named) => Frame.Set(self, positional, named, &Update);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Subscript(PyObject* self, PyObject* key)
    {
        try
        {
            PyObject* value = LiveSorted.Get((Handle*)self, key);
            return value != null || Api.Table.PyErr_Occurred() != null ? value : LiveMethods.RaiseKey(key);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Whether an object is a SortedDict of any interpreter.</summary>
    internal static bool IsOurs(PyObject* o) =>
        Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.MapSubscript)
        == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Assign(PyObject* self, PyObject* key, PyObject* value)
    {
        try
        {
            Handle* handle = (Handle*)self;
            return (value != null ? Set(handle, key, value) : LiveSorted.Remove(handle, key)) ? 0 : -1;
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
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!LiveSorted.TryKey(handle, o, out Incoming key)) return false;
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            return LiveSorted.Contains((Handle*)self, o);
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self) => LiveSorted.Length(self);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Iterate(PyObject* self) => NewIterator((Handle*)self, DictIteration.Keys, reversed: false);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repr(PyObject* self) => Frame.Call(self, &LiveMethods.Repr);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation) => PlainDicts.Compare(self, other, operation);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Or(PyObject* left, PyObject* right) => PlainDicts.Or(left, right);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceOr(PyObject* self, PyObject* other) => Frame.Change(self, other, &LiveSorted.Merge);

    /// <summary>
    /// Says why an object cannot be a key here: it has no order at all, or that of another kind. The probe is empty for what is
    /// no value of a pool.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseUnsortable(Handle* handle, PyObject* o, in Probe probe)
    {
        LiveState* state = handle->State;
        Epoch.Enter(state->Me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)handle->Shared);
        OrderingClass kind = isDeleted ? OrderingClass.None : probe.Class;
        OrderingClass others = OrderingClass.None;
        if (!isDeleted && Tree.First(state->Me, MapOf(handle), out Value first, out _) == Status.Done)
            others = Ordering.ClassOf(first);
        Epoch.Exit(state->Me);
        if (isDeleted) return LiveErrors.RaiseDeleted(handle);
        string type = Text.TypeName(o);
        string place = Place.Item((PyObject*)handle, o).Describe();
        if (kind == OrderingClass.Tuple && others == OrderingClass.Tuple) return RaiseMixed(handle, place, probe);
        if (kind != OrderingClass.None)
            return Errors.Type($"{place}: the keys of this SortedDict are {Name(others)}, {type} cannot be sorted among them");
        if (IsNaN(o)) return Errors.Value($"{place}: NaN cannot be a key of a SortedDict, it has no place in an order");
        bool isTuple = (Layout.TypeFlags(o->Type) & PyTypeSpec.TupleSubclass) != 0;
        if (isTuple && HoldsNaN(o, 1))
            return Errors.Value($"{place}: a tuple with NaN in it cannot be a key of a SortedDict, it has no place in an order");
        return Errors.Type(isTuple
            ? $"{place}: a tuple with an item that has no order cannot be a key of a SortedDict"
            : $"{place}: the keys of a SortedDict are numbers, str, bytes or tuples of these, not {type}");
    }

    // Says with which key a tuple cannot be compared, if that is still there.
    static PyObject* RaiseMixed(Handle* handle, string place, in Probe probe)
    {
        LiveState* state = handle->State;
        Epoch.Enter(state->Me);
        bool isMixed = IsMixed(handle, probe, out OrderingClass first, out OrderingClass second);
        Epoch.Exit(state->Me);
        return Errors.Type(isMixed
            ? $"{place}: the keys of this SortedDict are tuples with {Name(first)} where this one has {Name(second)}, they "
                + "cannot be sorted"
            : $"{place}: this tuple cannot be sorted among the keys of this SortedDict");
    }

    // Whether a tuple and a neighbour of its place have no order. Inside a section.
    static bool IsMixed(Handle* handle, in Probe probe, out OrderingClass first, out OrderingClass second)
    {
        first = second = OrderingClass.None;
        Participant* me = handle->State->Me;
        return Tree.Floor(me, MapOf(handle), probe, out Value below, out _) == Status.Done
            && !Ordering.HaveOrder(below, probe.AsValue, out first, out second)
            || Tree.Ceiling(me, MapOf(handle), probe, out Value above, out _) == Status.Done
                && !Ordering.HaveOrder(above, probe.AsValue, out first, out second);
    }

    /// <summary>Whether a bound of a range is a tuple that cannot be compared with all keys; an exception is set then.</summary>
    static bool RefusesBound(Handle* handle, PyObject* bound, in Probe probe)
    {
        if (probe.Kind != ValueKind.Tuple) return false;
        LiveState* state = handle->State;
        Epoch.Enter(state->Me);
        bool isMixed = IsMixed(handle, probe, out _, out _);
        Epoch.Exit(state->Me);
        return isMixed && RaiseUnsortable(handle, bound, probe) == null;
    }

    static bool IsNaN(PyObject* o) =>
        Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyFloat_Type) != 0 && double.IsNaN(((PyFloatObject*)o)->Value);

    static bool HoldsNaN(PyObject* o, int depth)
    {
        if ((Layout.TypeFlags(o->Type) & PyTypeSpec.TupleSubclass) == 0) return IsNaN(o);
        for (nint i = 0; i < ((PyVarObject*)o)->Size && depth < TupleBlob.MaximumDepth; i++)
        {
            if (HoldsNaN(Tuples.Items(o)[i], depth + 1)) return true;
        }
        return false;
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

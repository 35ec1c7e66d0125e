using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.SortedDict</c>: a map in the order of its keys that all interpreters share. This class adds to
/// <see cref="MapType"/> the members that only SortedDict has, and entry points for the most frequent operations.
/// </summary>
internal static unsafe partial class SortedDictType
{
    /// <summary>The entry for the table of kinds; made once a process.</summary>
    internal static Kind Kind()
    {
        return new Kind
        {
            Number = LiveKind.SortedDict,
            Name = Text.Utf8("SortedDict"u8),
            Header = HeaderKind.SortedMap,
            Type = Specification(),
            Await = &MapWaits<SortedDictMap>.Await,
            ToPlain = &MapCopies<SortedDictMap>.ToPlain,
        };
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => MapType.Specification(
        Text.Utf8("symplast.SortedDict"u8),
        """
        SortedDict(mapping_or_iterable=(), /, **items)
        --

        A dict in the order of its keys that all interpreters share, created in the current pool. Each operation is atomic.

        Keys are numbers, str, bytes, or tuples of these; all keys are of one kind as long as the dict is not empty. Values are
        those of Dict. Finding, adding and removing an item take logarithmic time. Iteration sees the items of one moment;
        irange() iterates over a range of keys.
        """u8,
        [
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.MapLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.MapSubscript, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript),
            Slot(PyTypeSlot.MapAssign, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Assign),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&Contains),
        ],
        [
            FastCall("get"u8, &GetOr,
                "get($self, key, default=None, /)\n--\n\nReturn the value for key if key is in the dictionary, else default."u8),
            NoArgs("copy"u8, &MapType.Copy,
                "copy($self, /)\n--\n\nReturn a plain dict of the items at one moment, in the order of the keys."u8),
            NoArgs("__copy__"u8, &MapType.CopyShared,
                "__copy__($self, /)\n--\n\n"u8
                + "Return a new SortedDict in the same pool with the items of one moment, for copy.copy()."u8),
            OneArg("__deepcopy__"u8, &MapType.CopyDeep, "__deepcopy__($self, memo, /)\n--\n\n"u8
                + "Return a new SortedDict in the same pool with copies of the items of one moment, for copy.deepcopy()."u8),
            Method("fromkeys"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&MapType.FromKeys,
                PyMethodDef.FastCall | PyMethodDef.Class,
                "fromkeys($type, iterable, value=None, /)\n--\n\n"u8
                + "Create a SortedDict with keys from iterable and all values set to value."u8),
            .. SortedDictOrder.Methods(),
        ]);

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        Creation.New(type, &SortedDictMap.Make);

    [Callback]
    private static partial PyObject* Subscript(Handle* self, PyObject* key)
    {
        PyObject* value = MapLookup<SortedDictMap>.Get(self, key);
        return value != null || Api.Table.PyErr_Occurred() != null ? value : LiveMethods.RaiseKey(key);
    }

    [Callback]
    private static partial int Assign(Handle* handle, PyObject* key, PyObject* value)
    {
        bool done = value != null
            ? MapChanges<SortedDictMap>.Set(handle, key, value) : MapChanges<SortedDictMap>.Remove(handle, key);
        return done ? 0 : -1;
    }

    [Callback]
    private static partial int Contains(Handle* self, PyObject* o) => MapLookup<SortedDictMap>.Contains(self, o);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self) => MapLookup<SortedDictMap>.Length(self);

    [Callback]
    private static partial PyObject* GetOr(Handle* handle, PyObject** arguments, nint count) =>
        MapLookup<SortedDictMap>.GetOr(handle, arguments, count);
}

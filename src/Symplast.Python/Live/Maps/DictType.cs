using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.Dict</c>: an insertion-ordered map that all interpreters share. This class adds to
/// <see cref="MapType"/> the members that only Dict has, and entry points for the most frequent operations.
/// </summary>
internal static unsafe partial class DictType
{
    /// <summary>The entry for the table of kinds; made once a process.</summary>
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
            Await = &MapWaits<DictMap>.Await,
            ToPlain = &MapCopies<DictMap>.ToPlain,
            End = &DictIterator.FinishAll,
        };
    }

    static bool MakeIteratorType(PyObject* module, InterpreterState interpreter)
    {
        PyObject* type = Kinds.MakeType(module, interpreter, DictIterator.Definition, null, null);
        interpreter.Live->DictIteratorType = type;
        return type != null;
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => MapType.Specification(
        Text.Utf8("symplast.Dict"u8),
        """
        Dict(mapping_or_iterable=(), /, **items)
        --

        An insertion-ordered dict that all interpreters share, created in the current pool. Each operation is atomic.

        Keys are str, bytes, int, float, bool, None, complex, tuples of these, and live objects, which are compared by identity.
        Values are objects of these types, frozen objects and live objects. Plain containers are copied into the pool with all
        that they hold: a dict becomes a Dict, a list a List, a set a Set. Any other object raises NotShareableError. Iteration
        sees the items of one moment.
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
            FastCallKeywords("popitem"u8, &PopItem,
                "popitem($self, /, last=True)\n--\n\n"u8
                + "Remove and return the (key, value) pair that was added last, or first if last is false."u8),
            NoArgs("copy"u8, &MapType.Copy, "copy($self, /)\n--\n\nReturn a plain dict of the items at one moment."u8),
            NoArgs("__copy__"u8, &MapType.CopyShared,
                "__copy__($self, /)\n--\n\nReturn a new Dict in the same pool with the items of one moment, for copy.copy()."u8),
            OneArg("__deepcopy__"u8, &MapType.CopyDeep, "__deepcopy__($self, memo, /)\n--\n\n"u8
                + "Return a new Dict in the same pool with copies of the items of one moment, for copy.deepcopy()."u8),
            Method("fromkeys"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&MapType.FromKeys,
                PyMethodDef.FastCall | PyMethodDef.Class,
                "fromkeys($cls, iterable, value=None, /)\n--\n\n"u8
                + "Create a Dict with keys from iterable and all values set to value."u8),
        ]);

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        Creation.New(type, &DictMap.Make);

    [Callback]
    private static partial PyObject* Subscript(Handle* self, PyObject* key)
    {
        PyObject* value = MapLookup<DictMap>.Get(self, key);
        return value != null || Api.Table.PyErr_Occurred() != null ? value : LiveMethods.RaiseKey(key);
    }

    [Callback]
    private static partial int Assign(Handle* handle, PyObject* key, PyObject* value)
    {
        bool done = value != null ? MapChanges<DictMap>.Set(handle, key, value) : MapChanges<DictMap>.Remove(handle, key);
        return done ? 0 : -1;
    }

    [Callback]
    private static partial int Contains(Handle* self, PyObject* o) => MapLookup<DictMap>.Contains(self, o);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self) => MapLookup<DictMap>.Length(self);

    [Callback]
    private static partial PyObject* GetOr(Handle* handle, PyObject** arguments, nint count) =>
        MapLookup<DictMap>.GetOr(handle, arguments, count);

    [Callback]
    private static partial PyObject* PopItem(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> values = stackalloc nint[1];
        if (!Arguments.Bind("popitem", ["last"], required: 0, positional: 1, arguments, count, keywords, values)) return null;
        int isLast = values[0] == 0 ? 1 : Api.Table.PyObject_IsTrue((PyObject*)values[0]);
        if (isLast < 0 || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        OrderedMap* map = (OrderedMap*)handle->Shared;
        Value key, value;
        Status status;
        PoolHeap* heldKey, heldValue;
        bool done;
        do
        {
            ValueGuard guard = UnknownClasses.Guard(state);
            Section section = Section.Enter(state->Me);
            status = isLast != 0
                ? Map.TakeLast(state->Me, map, guard, out key, out value)
                : Map.TakeFirst(state->Me, map, guard, out key, out value);
            done = status == Status.Done;
            heldKey = done ? Outgoing.Hold(key) : null;
            heldValue = done ? Outgoing.Hold(value) : null;
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            if (status == Status.Refused && !LiveState.Again(state)) return null;
        } while (status == Status.Refused);
        if (status == Status.Missing) return Errors.Set(*Api.Table.PyExc_KeyError, "popitem(): dictionary is empty");
        if (!done) return LiveErrors.Raise(handle, status);
        PyObject* first = Outgoing.Give(state, key, heldKey);
        PyObject* second = Outgoing.Give(state, value, heldValue);
        return LiveMethods.Pair(first, second);
    }
}

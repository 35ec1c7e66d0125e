using Symplast.CPython;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// The slots and methods that the Python types Dict and SortedDict share. The most frequent operations have separate entry points
/// for each type. The others test the type, because a method that C calls cannot be generic.
/// </summary>
internal static unsafe partial class MapType
{
    /// <summary>The specification from which every interpreter makes one of the types; built once a process.</summary>
    internal static PyTypeSpec* Specification(
        byte* name, ReadOnlySpan<byte> doc, ReadOnlySpan<PyTypeSlot> slots, ReadOnlySpan<PyMethodDef> methods) =>
        Table(new PyTypeSpec
        {
            Name = name,
            BasicSize = sizeof(Handle),
            Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Mapping,
            Slots = Table<PyTypeSlot>([.. slots, .. Slots(Text.Utf8(doc), Table<PyMethodDef>([.. methods, .. Methods()]))]),
        });

    static ReadOnlySpan<PyTypeSlot> Slots(byte* doc, PyMethodDef* methods) => new PyTypeSlot[]
    {
        Slot(PyTypeSlot.Doc, doc),
        Slot(PyTypeSlot.Init, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Init),
        Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
        Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
        Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&Compare),
        Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
        Slot(PyTypeSlot.Or, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Or),
        Slot(PyTypeSlot.InPlaceOr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceOr),
        Slot(PyTypeSlot.Methods, methods),
    };

    static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        FastCall("setdefault"u8, &SetDefault,
            "setdefault($self, key, default=None, /)\n--\n\nInsert key with a value of default if key is not in the "u8
            + "dictionary. Return the value for key. Atomic: all concurrent callers get the value of one of them."u8),
        FastCall("pop"u8, &Pop, "pop($self, key, default=..., /)\n--\n\n"u8
            + "Remove key and return its value. If key is not found, return default if given, else raise KeyError. "u8
            + "Atomic: only one of several callers gets the value."u8),
        Method("update"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&UpdateCall,
            PyMethodDef.VarArgs | PyMethodDef.Keywords,
            "update($self, mapping_or_iterable=(), /, **items)\n--\n\nSet the items one after the other, each atomically."u8),
        NoArgs("clear"u8, &Clear, "clear($self, /)\n--\n\nAtomically remove all items."u8),
        NoArgs("keys"u8, &Keys, "keys($self, /)\n--\n\nReturn a set-like view of the keys."u8),
        NoArgs("values"u8, &Values, "values($self, /)\n--\n\nReturn a view of the values."u8),
        NoArgs("items"u8, &Items, "items($self, /)\n--\n\nReturn a set-like view of the (key, value) pairs."u8),
        FastCall("_iterate"u8, &IterateAs, "Iterate over keys (0), values (1) or items (2) at one moment, reversed or not."u8),
        NoArgs("__reversed__"u8, &Reversed, "__reversed__($self, /)\n--\n\nReturn a reverse iterator over the keys."u8),
        FastCall("compare_exchange"u8, &CompareExchange, "compare_exchange($self, key, expected, new, /)\n--\n\n"u8
            + "Atomically set the value for key to new if it equals expected. Return whether it was set."u8),
        FastCall("add"u8, &Add, "add($self, key, n, /)\n--\n\n"u8
            + "Atomically add n to the number for key, which is 0 if key is not in the dictionary, and return the sum."u8),
        FastCallKeywords("wait"u8, &Wait, "wait($self, key, /, old=..., timeout=None)\n--\n\n"u8
            + "Wait until key is in the dictionary, or, if old is given, until its value does not equal old. Return the value; "u8
            + "KeyError if old is given and key is not, or no longer, in the dictionary, TimeoutError if nothing came in time."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8),
    };

    /// <summary>Whether a Dict or SortedDict is a Dict.</summary>
    internal static bool IsDict(Handle* handle) => handle->Head.Type == handle->State->TypeOf(LiveKind.Dict);

    /// <summary>Whether an object is a Dict or SortedDict of any interpreter.</summary>
    internal static bool IsOurs(PyObject* o) =>
        Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.Or) == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Or;

    [Callback]
    private static partial int Init(Handle* handle, PyObject* positional, PyObject* named) =>
        (IsDict(handle) ? MapUpdates<DictMap>.Update(handle, positional, named)
            : MapUpdates<SortedDictMap>.Update(handle, positional, named)) ? 0 : -1;

    [Callback]
    private static partial PyObject* Iterate(Handle* handle) =>
        IsDict(handle) ? MapCopies<DictMap>.Keys(handle) : MapCopies<SortedDictMap>.Keys(handle);

    [Callback]
    private static partial PyObject* Repr(Handle* handle) => LiveMethods.Repr(handle);

    [Callback]
    private static partial PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        PlainDicts.Compare(self, other, operation);

    [Callback]
    private static partial PyObject* Or(PyObject* left, PyObject* right) => PlainDicts.Or(left, right);

    [Callback]
    private static partial PyObject* InPlaceOr(Handle* handle, PyObject* other) =>
        (IsDict(handle) ? MapUpdates<DictMap>.Merge(handle, other)
            : MapUpdates<SortedDictMap>.Merge(handle, other)) ? References.New((PyObject*)handle) : null;

    [Callback]
    private static partial PyObject* SetDefault(Handle* handle, PyObject** arguments, nint count) =>
        IsDict(handle) ? MapChanges<DictMap>.SetDefault(handle, arguments, count)
            : MapChanges<SortedDictMap>.SetDefault(handle, arguments, count);

    [Callback]
    private static partial PyObject* Pop(Handle* handle, PyObject** arguments, nint count) =>
        IsDict(handle) ? MapChanges<DictMap>.Pop(handle, arguments, count)
            : MapChanges<SortedDictMap>.Pop(handle, arguments, count);

    [Callback]
    private static partial PyObject* CompareExchange(Handle* handle, PyObject** arguments, nint count) =>
        IsDict(handle) ? MapExchange<DictMap>.CompareExchange(handle, arguments, count)
            : MapExchange<SortedDictMap>.CompareExchange(handle, arguments, count);

    [Callback]
    private static partial PyObject* Add(Handle* handle, PyObject** arguments, nint count) =>
        IsDict(handle) ? MapExchange<DictMap>.Add(handle, arguments, count)
            : MapExchange<SortedDictMap>.Add(handle, arguments, count);

    [Callback]
    private static partial PyObject* Wait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (count == 0) return Errors.Type("wait() missing required argument 'key'");
        Span<nint> given = stackalloc nint[2];
        if (!Arguments.Bind("wait", ["old", "timeout"], 0, 2, arguments + 1, count - 1, keywords, given)
            || !LockArguments.TryTimeout((PyObject*)given[1], out long deadline)) return null;
        return IsDict(handle) ? MapWaits<DictMap>.Wait(handle, arguments[0], (PyObject*)given[0], deadline)
            : MapWaits<SortedDictMap>.Wait(handle, arguments[0], (PyObject*)given[0], deadline);
    }

    [Callback]
    private static partial PyObject* IterateAs(Handle* handle, PyObject** arguments, nint count) =>
        IsDict(handle) ? MapCopies<DictMap>.IterateAs(handle, arguments, count)
            : MapCopies<SortedDictMap>.IterateAs(handle, arguments, count);

    [Callback]
    private static partial bool UpdateCall(Handle* handle, PyObject* positional, PyObject* named) =>
        IsDict(handle) ? MapUpdates<DictMap>.Update(handle, positional, named)
            : MapUpdates<SortedDictMap>.Update(handle, positional, named);

    [Callback]
    private static partial bool Clear(Handle* handle, PyObject* none) =>
        IsDict(handle) ? MapChanges<DictMap>.Clear(handle) : MapChanges<SortedDictMap>.Clear(handle);

    [Callback]
    private static partial PyObject* Reversed(Handle* handle, PyObject* none) =>
        IsDict(handle) ? MapCopies<DictMap>.Reversed(handle) : MapCopies<SortedDictMap>.Reversed(handle);

    [Callback]
    private static partial PyObject* Keys(Handle* self, PyObject* none) => LiveMethods.CallPython(self, "KeysView"u8);

    [Callback]
    private static partial PyObject* Values(Handle* self, PyObject* none) => LiveMethods.CallPython(self, "ValuesView"u8);

    [Callback]
    private static partial PyObject* Items(Handle* self, PyObject* none) => LiveMethods.CallPython(self, "ItemsView"u8);

    [Callback]
    internal static partial PyObject* Copy(Handle* handle, PyObject* none) =>
        IsDict(handle) ? MapCopies<DictMap>.ToPlain(handle) : MapCopies<SortedDictMap>.ToPlain(handle);

    [Callback]
    internal static partial PyObject* CopyShared(Handle* handle, PyObject* none) =>
        IsDict(handle) ? MapCopies<DictMap>.CopyShared(handle) : MapCopies<SortedDictMap>.CopyShared(handle);

    [Callback]
    internal static partial PyObject* CopyDeep(Handle* handle, PyObject* memo) =>
        IsDict(handle) ? MapCopies<DictMap>.CopyDeep(handle, memo) : MapCopies<SortedDictMap>.CopyDeep(handle, memo);

    [Callback]
    internal static partial PyObject* FromKeys(PyObject* type, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("fromkeys", count, 1, 2) || !ThisProcess.Check()) return null;
        Handle* made = (Handle*)Api.Table.PyObject_CallNoArgs(type);
        if (made == null) return null;
        PyObject* value = count == 2 ? arguments[1] : Api.Table._Py_NoneStruct;
        if (IsDict(made) ? MapUpdates<DictMap>.SetAll(made, arguments[0], value)
            : MapUpdates<SortedDictMap>.SetAll(made, arguments[0], value)) return (PyObject*)made;
        References.Drop((PyObject*)made);
        return null;
    }
}

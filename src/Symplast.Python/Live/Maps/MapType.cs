using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// The body of the Python types Dict and SortedDict: slots and methods that both have. What is called most has entry points of
/// each type's own; the others ask which of the two it is, since a method that C calls cannot be generic.
/// </summary>
internal static unsafe class MapType
{
    /// <summary>What every interpreter makes one of the types from; built once a process.</summary>
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
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8),
    };

    /// <summary>Whether a Dict or SortedDict is a Dict.</summary>
    internal static bool IsDict(PyObject* self) => self->Type == ((Handle*)self)->State->TypeOf(LiveKind.Dict);

    /// <summary>Whether an object is a Dict or SortedDict of any interpreter.</summary>
    internal static bool IsOurs(PyObject* o) =>
        Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.Or) == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Or;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Init(PyObject* self, PyObject* positional, PyObject* named) =>
        Frame.Set(self, positional, named, IsDict(self) ? &MapUpdates<DictMap>.Update : &MapUpdates<SortedDictMap>.Update);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Iterate(PyObject* self) =>
        Frame.Call(self, IsDict(self) ? &MapCopies<DictMap>.Keys : &MapCopies<SortedDictMap>.Keys);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repr(PyObject* self) => Frame.Call(self, &LiveMethods.Repr);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation) => PlainDicts.Compare(self, other, operation);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Or(PyObject* left, PyObject* right) => PlainDicts.Or(left, right);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceOr(PyObject* self, PyObject* other) =>
        Frame.Change(self, other, IsDict(self) ? &MapUpdates<DictMap>.Merge : &MapUpdates<SortedDictMap>.Merge);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SetDefault(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count,
            IsDict(self) ? &MapChanges<DictMap>.SetDefault : &MapChanges<SortedDictMap>.SetDefault);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Pop(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, IsDict(self) ? &MapChanges<DictMap>.Pop : &MapChanges<SortedDictMap>.Pop);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CompareExchange(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count,
            IsDict(self) ? &MapExchange<DictMap>.CompareExchange : &MapExchange<SortedDictMap>.CompareExchange);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Add(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, IsDict(self) ? &MapExchange<DictMap>.Add : &MapExchange<SortedDictMap>.Add);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IterateAs(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, IsDict(self) ? &MapCopies<DictMap>.IterateAs : &MapCopies<SortedDictMap>.IterateAs);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* UpdateCall(PyObject* self, PyObject* positional, PyObject* named) =>
        Frame.Do(self, positional, named, IsDict(self) ? &MapUpdates<DictMap>.Update : &MapUpdates<SortedDictMap>.Update);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Clear(PyObject* self, PyObject* none) =>
        Frame.Do(self, IsDict(self) ? &MapChanges<DictMap>.Clear : &MapChanges<SortedDictMap>.Clear);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Reversed(PyObject* self, PyObject* none) =>
        Frame.Call(self, IsDict(self) ? &MapCopies<DictMap>.Reversed : &MapCopies<SortedDictMap>.Reversed);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Keys(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "KeysView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Values(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ValuesView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Items(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ItemsView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* Copy(PyObject* self, PyObject* none) =>
        Frame.Call(self, IsDict(self) ? &MapCopies<DictMap>.ToPlain : &MapCopies<SortedDictMap>.ToPlain);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* CopyShared(PyObject* self, PyObject* none) =>
        Frame.Call(self, IsDict(self) ? &MapCopies<DictMap>.CopyShared : &MapCopies<SortedDictMap>.CopyShared);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* CopyDeep(PyObject* self, PyObject* memo) =>
        Frame.Call(self, memo, IsDict(self) ? &MapCopies<DictMap>.CopyDeep : &MapCopies<SortedDictMap>.CopyDeep);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* FromKeys(PyObject* type, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("fromkeys", count, 1, 2) || !ThisProcess.Check()) return null;
            PyObject* made = Api.Table.PyObject_CallNoArgs(type);
            if (made == null) return null;
            PyObject* value = count == 2 ? arguments[1] : Api.Table._Py_NoneStruct;
            if (IsDict(made) ? MapUpdates<DictMap>.SetAll((Handle*)made, arguments[0], value)
                : MapUpdates<SortedDictMap>.SetAll((Handle*)made, arguments[0], value)) return made;
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}

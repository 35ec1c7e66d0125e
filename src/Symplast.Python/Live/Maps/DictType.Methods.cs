using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using LiveDict = Symplast.Python.Live.LiveMap<Symplast.Python.Live.DictMap>;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Python.Live;

// The methods.
internal static unsafe partial class DictType
{
    static PyMethodDef* Methods() => Table(
        Method("get"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&GetOr, PyMethodDef.FastCall,
            "get($self, key, default=None, /)\n--\n\nReturn the value for key if key is in the dictionary, else default."u8),
        Method("setdefault"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&SetDefault,
            PyMethodDef.FastCall,
            "setdefault($self, key, default=None, /)\n--\n\nReturn the value of key; if it has none, give it default first. "u8
            + "Atomic: of many callers one wins, and all get its value."u8),
        Method("pop"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&Pop, PyMethodDef.FastCall,
            "pop($self, key, default=..., /)\n--\n\n"u8
            + "Remove key and return its value; default if there is none, or KeyError. Of many callers one gets the value."u8),
        Method("popitem"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*, PyObject*>)&PopItem,
            PyMethodDef.FastCall | PyMethodDef.Keywords,
            "popitem($self, /, last=True)\n--\n\nRemove and return the (key, value) pair that was added last, or first."u8),
        Method("update"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&UpdateCall,
            PyMethodDef.VarArgs | PyMethodDef.Keywords,
            "update($self, mapping_or_iterable=(), /, **items)\n--\n\nSet all the items, one after the other."u8),
        Method("clear"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Clear, PyMethodDef.NoArgs,
            "clear($self, /)\n--\n\nRemove all items, at one moment."u8),
        Method("copy"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Copy, PyMethodDef.NoArgs,
            "copy($self, /)\n--\n\nReturn a plain dict of the items at one moment."u8),
        Method("__copy__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&CopyShared, PyMethodDef.NoArgs,
            "__copy__($self, /)\n--\n\nFor copy.copy: a new Dict in the same pool, with the items of one moment."u8),
        Method("__deepcopy__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&CopyDeep, PyMethodDef.OneArg,
            "__deepcopy__($self, memo, /)\n--\n\n"u8
            + "For copy.deepcopy: a new Dict in the same pool, with copies of the items of one moment."u8),
        Method("keys"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Keys, PyMethodDef.NoArgs,
            "keys($self, /)\n--\n\nReturn a set-like view of the keys."u8),
        Method("values"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Values, PyMethodDef.NoArgs,
            "values($self, /)\n--\n\nReturn a view of the values."u8),
        Method("items"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Items, PyMethodDef.NoArgs,
            "items($self, /)\n--\n\nReturn a set-like view of the (key, value) pairs."u8),
        Method("_iterate"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&IterateAs, PyMethodDef.FastCall,
            "Iterate over keys (0), values (1) or items (2) at one moment, reversed or not."u8),
        Method("__reversed__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Reversed, PyMethodDef.NoArgs,
            "__reversed__($self, /)\n--\n\nReturn a reverse iterator over the keys."u8),
        Method("compare_exchange"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&CompareExchange,
            PyMethodDef.FastCall,
            "compare_exchange($self, key, expected, new, /)\n--\n\n"u8
            + "Give key the value new if it has the value expected, at one moment. Return whether it had."u8),
        Method("add"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&Add, PyMethodDef.FastCall,
            "add($self, key, n, /)\n--\n\n"u8
            + "Add n to the number that key has (0 if it has none), at one moment, and return the sum."u8),
        Method("fromkeys"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&FromKeys,
            PyMethodDef.FastCall | PyMethodDef.Class,
            "fromkeys($cls, iterable, value=None, /)\n--\n\nCreate a Dict with keys from iterable and one value for all."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* GetOr(PyObject* self, PyObject** arguments, nint count) => LiveDict.GetOr(self, arguments, count);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SetDefault(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, &LiveDict.SetDefault);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Pop(PyObject* self, PyObject** arguments, nint count) => Frame.Call(self, arguments, count, &LiveDict.Pop);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* PopItem(PyObject* self, PyObject** arguments, nint count, PyObject* keywords) =>
        Frame.Call(self, arguments, count, keywords, &PopItem);

    static PyObject* PopItem(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> values = stackalloc nint[1];
        if (!Arguments.Bind("popitem", ["last"], required: 0, positional: 1, arguments, count, keywords, values)) return null;
        int isLast = values[0] == 0 ? 1 : Api.Table.PyObject_IsTrue((PyObject*)values[0]);
        if (isLast < 0 || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        Value key, value;
        Status status;
        PoolHeap* heldKey, heldValue;
        bool done;
        do
        {
            ValueGuard guard = UnknownClasses.Guard(state);
            Epoch.Enter(state->Me);
            status = isLast != 0
                ? Map.TakeLast(state->Me, MapOf(handle), guard, out key, out value)
                : Map.TakeFirst(state->Me, MapOf(handle), guard, out key, out value);
            done = status == Status.Done;
            heldKey = done ? Outgoing.Hold(key) : null;
            heldValue = done ? Outgoing.Hold(value) : null;
            UnknownClasses.Note(state, status);
            Epoch.Exit(state->Me);
            if (status == Status.Refused && !LiveState.Again(state)) return null;
        } while (status == Status.Refused);
        if (status == Status.Missing) return Errors.Set(*Api.Table.PyExc_KeyError, "popitem(): dictionary is empty");
        if (!done) return LiveErrors.Raise(handle, status);
        PyObject* first = Outgoing.Give(state, key, heldKey);
        PyObject* second = Outgoing.Give(state, value, heldValue);
        return LiveMethods.Pair(first, second);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* UpdateCall(PyObject* self, PyObject* positional, PyObject* named) =>
        Frame.Do(self, positional, named, &Update);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Clear(PyObject* self, PyObject* none) => Frame.Do(self, &LiveDict.Clear);

    /// <summary>An iterator over what is there now; null with an exception set.</summary>
    internal static PyObject* NewIterator(Handle* handle, DictIteration what, bool reversed)
    {
        try
        {
            if (!LiveMethods.IsUsable(handle)) return null;
            LiveState* state = handle->State;
            Status status =
                Snapshots.Begin(state->Me, MapOf(handle), what == DictIteration.Keys, reversed, out SnapshotEntries entries);
            return status == Status.Done ? DictIterator.Create(handle, entries, what) : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IterateAs(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, &LiveDict.IterateAs);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Reversed(PyObject* self, PyObject* none) => NewIterator((Handle*)self, DictIteration.Keys, reversed: true);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Keys(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "KeysView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Values(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ValuesView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Items(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ItemsView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CompareExchange(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, &LiveDict.CompareExchange);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Add(PyObject* self, PyObject** arguments, nint count) => Frame.Call(self, arguments, count, &LiveDict.Add);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Copy(PyObject* self, PyObject* none) => Frame.Call(self, &LiveDict.ToPlain);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyShared(PyObject* self, PyObject* none) => Frame.Call(self, &LiveDict.CopyShared);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyDeep(PyObject* self, PyObject* memo) => Frame.Call(self, memo, &LiveDict.CopyDeep);
}

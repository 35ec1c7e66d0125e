using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using LiveSorted = Symplast.Python.Live.LiveMap<Symplast.Python.Live.SortedDictMap>;
using Tree = Symplast.Objects.SortedMap<Symplast.Memory.Uninterrupted, Symplast.Objects.SortedMapRules>;

namespace Symplast.Python.Live;

// The methods that every mapping has.
internal static unsafe partial class SortedDictType
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
            "popitem($self, /, index=-1)\n--\n\nRemove and return the (key, value) pair at index, by default the last; "u8
            + "KeyError if there is none at all. Atomic for the first and the last; any other was at index at some moment "u8
            + "of the call."u8),
        Method("update"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&UpdateCall,
            PyMethodDef.VarArgs | PyMethodDef.Keywords,
            "update($self, mapping_or_iterable=(), /, **items)\n--\n\nSet all the items, one after the other."u8),
        Method("clear"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Clear, PyMethodDef.NoArgs,
            "clear($self, /)\n--\n\nRemove all items, at one moment."u8),
        Method("copy"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Copy, PyMethodDef.NoArgs,
            "copy($self, /)\n--\n\nReturn a plain dict of the items at one moment, in their order."u8),
        Method("__copy__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&CopyShared, PyMethodDef.NoArgs,
            "__copy__($self, /)\n--\n\nFor copy.copy: a new SortedDict in the same pool, with the items of one moment."u8),
        Method("__deepcopy__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&CopyDeep, PyMethodDef.OneArg,
            "__deepcopy__($self, memo, /)\n--\n\n"u8
            + "For copy.deepcopy: a new SortedDict in the same pool, with copies of the items of one moment."u8),
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
            "fromkeys($type, iterable, value=None, /)\n--\n\n"u8
            + "Create a SortedDict with keys from iterable and one value for all."u8),
        Method("irange"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*, PyObject*>)&IRange,
            PyMethodDef.FastCall | PyMethodDef.Keywords,
            "irange($self, /, minimum=None, maximum=None, inclusive=(True, True), reverse=False)\n--\n\nIterate over the "u8
            + "keys from minimum to maximum, as they are at one moment; without these, from the first or to the last."u8),
        Method("peekitem"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*, PyObject*>)&PeekItem,
            PyMethodDef.FastCall | PyMethodDef.Keywords,
            "peekitem($self, /, index=-1)\n--\n\nReturn the (key, value) pair at index; IndexError if there is none. Others "u8
            + "than the first and the last take time in proportion to the size."u8),
        Method("first"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&First, PyMethodDef.NoArgs,
            "first($self, /)\n--\n\nReturn the (key, value) pair with the least key, or None."u8),
        Method("last"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Last, PyMethodDef.NoArgs,
            "last($self, /)\n--\n\nReturn the (key, value) pair with the greatest key, or None."u8),
        Method("floor"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Floor, PyMethodDef.OneArg,
            "floor($self, key, /)\n--\n\nReturn the (key, value) pair with the greatest key that is at most key, or None."u8),
        Method("ceiling"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Ceiling, PyMethodDef.OneArg,
            "ceiling($self, key, /)\n--\n\nReturn the (key, value) pair with the least key that is at least key, or None."u8),
        Method("lower"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Lower, PyMethodDef.OneArg,
            "lower($self, key, /)\n--\n\nReturn the (key, value) pair with the greatest key that is less than key, or None."u8),
        Method("higher"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Higher, PyMethodDef.OneArg,
            "higher($self, key, /)\n--\n\nReturn the (key, value) pair with the least key that is greater than key, or None."u8),
        Method("pop_first"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&PopFirst, PyMethodDef.NoArgs,
            "pop_first($self, /)\n--\n\nRemove and return the (key, value) pair with the least key; KeyError if there is "u8
            + "none. No two callers get the same."u8),
        Method("pop_last"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&PopLast, PyMethodDef.NoArgs,
            "pop_last($self, /)\n--\n\nRemove and return the (key, value) pair with the greatest key; KeyError if there is "u8
            + "none. No two callers get the same."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* GetOr(PyObject* self, PyObject** arguments, nint count) => LiveSorted.GetOr(self, arguments, count);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SetDefault(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, &LiveSorted.SetDefault);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Pop(PyObject* self, PyObject** arguments, nint count) => Frame.Call(self, arguments, count, &LiveSorted.Pop);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* UpdateCall(PyObject* self, PyObject* positional, PyObject* named) =>
        Frame.Do(self, positional, named, &Update);

    /// <summary>
    /// The method <c>update</c>: the arguments are those of dict(), which knows all that they may be. False with an exception
    /// set.
    /// </summary>
    internal static bool Update(Handle* handle, PyObject* positional, PyObject* named)
    {
        if (!LiveMethods.CheckAlive(handle)) return false;
        bool hasNamed = named != null && ((PyDictObject*)named)->Used != 0;
        if (((PyVarObject*)positional)->Size == 0 && !hasNamed) return true;
        PyObject* plain = ToDict(handle, positional, named);
        if (LiveMethods.Hidden(plain) == null) return false;
        nint position = 0;
        bool done = SortedFilling.Dict(handle, plain, ref position);
        PyObject* key;
        PyObject* value;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i))
            && Api.Table.PyDict_Next(plain, &position, &key, &value) != 0; i++) done = Set(handle, key, value);
        References.Drop(plain);
        return done;
    }

    // dict() asks for keys, then for each value, which others may have removed by then: a live dict is copied at one moment
    // instead.
    static PyObject* ToDict(Handle* handle, PyObject* positional, PyObject* named)
    {
        LiveState* state = handle->State;
        ref Api api = ref Api.Table;
        PyObject* source = ((PyVarObject*)positional)->Size == 1
            ? Tuples.Items(positional)[0] : null;
        if (source == null || !PlainDicts.IsLive(state, source)) return PlainDicts.Make(handle, positional, named);
        PyObject* plain = PlainForms.Of(state, source);
        if (plain == null || named == null || api.PyDict_Update(plain, named) == 0) return plain;
        References.Drop(plain);
        return null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Clear(PyObject* self, PyObject* none) => Frame.Do(self, &LiveSorted.Clear);

    /// <summary>An iterator over what is there now; null with an exception set.</summary>
    internal static PyObject* NewIterator(Handle* handle, DictIteration what, bool reversed)
    {
        try
        {
            if (!LiveMethods.IsUsable(handle)) return null;
            Status status = what == DictIteration.Keys
                ? Tree.SnapshotKeys(
                    handle->State->Me, MapOf(handle), SortedBound.None, SortedBound.None, out MapSnapshot* snapshot)
                : Tree.SnapshotEntries(handle->State->Me, MapOf(handle), out snapshot);
            return status == Status.Done
                ? DictIterator.Create(handle, new SnapshotEntries(snapshot, reversed), what) : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IterateAs(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, &LiveSorted.IterateAs);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Reversed(PyObject* self, PyObject* none) => NewIterator((Handle*)self, DictIteration.Keys, reversed: true);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Keys(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "KeysView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Values(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ValuesView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Items(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ItemsView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* FromKeys(PyObject* type, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("fromkeys", count, 1, 2) || !ThisProcess.Check()) return null;
            PyObject* made = Api.Table.PyObject_CallNoArgs(type);
            PyObject* keys = made == null ? null : LiveMethods.Hidden(Api.Table.PySequence_List(arguments[0]));
            bool done = keys != null;
            PyObject* value = count == 2 ? arguments[1] : Api.Table._Py_NoneStruct;
            for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && i < ((PyListObject*)keys)->Size; i++)
                done = Set((Handle*)made, ((PyListObject*)keys)->Items[i], value);
            References.Drop(keys);
            if (done) return made;
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CompareExchange(PyObject* self, PyObject** arguments, nint count) =>
        Frame.Call(self, arguments, count, &LiveSorted.CompareExchange);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Add(PyObject* self, PyObject** arguments, nint count) => Frame.Call(self, arguments, count, &LiveSorted.Add);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Copy(PyObject* self, PyObject* none) => Frame.Call(self, &LiveSorted.ToPlain);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyShared(PyObject* self, PyObject* none) => Frame.Call(self, &LiveSorted.CopyShared);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyDeep(PyObject* self, PyObject* memo) => Frame.Call(self, memo, &LiveSorted.CopyDeep);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Map = Symplast.Objects.OrderedMap<Symplast.Memory.Uninterrupted>;

namespace Symplast.Python.Live;

// The methods.
internal static unsafe partial class DictType
{
    // Bit of tp_flags; set for dict itself too.
    const nuint DictSubclass = 1 << 29;

    static PyMethodDef* Methods() => Table(
        Method("get"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&GetOr, PyMethodDef.FastCall, "get($self, key, default=None, /)\n--\n\nReturn the value for key if key is in the dictionary, else default."u8),
        Method("setdefault"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&SetDefault, PyMethodDef.FastCall, "setdefault($self, key, default=None, /)\n--\n\nReturn the value of key; if it has none, give it default first. Atomic: of many callers one wins, and all get its value."u8),
        Method("pop"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&Pop, PyMethodDef.FastCall, "pop($self, key, default=<unrepresentable>, /)\n--\n\nRemove key and return its value; default if there is none, or KeyError. Of many callers one gets the value."u8),
        Method("popitem"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*, PyObject*>)&PopItem, PyMethodDef.FastCall | PyMethodDef.Keywords, "popitem($self, /, last=True)\n--\n\nRemove and return the (key, value) pair that was added last, or first."u8),
        Method("update"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&UpdateCall, PyMethodDef.VarArgs | PyMethodDef.Keywords, "update($self, mapping_or_iterable=(), /, **items)\n--\n\nSet all the items, one after the other."u8),
        Method("clear"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Clear, PyMethodDef.NoArgs, "clear($self, /)\n--\n\nRemove all items, at one moment."u8),
        Method("copy"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Copy, PyMethodDef.NoArgs, "copy($self, /)\n--\n\nReturn a plain dict of the items at one moment."u8),
        Method("keys"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Keys, PyMethodDef.NoArgs, "keys($self, /)\n--\n\nReturn a set-like view of the keys."u8),
        Method("values"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Values, PyMethodDef.NoArgs, "values($self, /)\n--\n\nReturn a view of the values."u8),
        Method("items"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Items, PyMethodDef.NoArgs, "items($self, /)\n--\n\nReturn a set-like view of the (key, value) pairs."u8),
        Method("_iterate"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&IterateAs, PyMethodDef.FastCall, "Iterate over keys (0), values (1) or items (2) at one moment, reversed or not."u8),
        Method("__reversed__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Reversed, PyMethodDef.NoArgs, "__reversed__($self, /)\n--\n\nReturn a reverse iterator over the keys."u8),
        Method("compare_exchange"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&CompareExchange, PyMethodDef.FastCall, "compare_exchange($self, key, expected, new, /)\n--\n\nGive key the value new if it has the value expected, at one moment. Return whether it had."u8),
        Method("add"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&Add, PyMethodDef.FastCall, "add($self, key, n, /)\n--\n\nAdd n to the number that key has (0 if it has none), at one moment, and return the sum."u8),
        Method("fromkeys"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*>)&FromKeys, PyMethodDef.FastCall | PyMethodDef.Class, "fromkeys($type, iterable, value=None, /)\n--\n\nCreate a Dict with keys from iterable and one value for all."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* GetOr(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("get", count, 1, 2)) return null;
            PyObject* value = Get((Handle*)self, arguments[0]);
            if (value != null || Api.Table.PyErr_Occurred() != null) return value;
            return count == 2 ? References.New(arguments[1]) : Api.Table._Py_NoneStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SetDefault(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("setdefault", count, 1, 2)) return null;
            Handle* handle = (Handle*)self;
            PyObject* present = Get(handle, arguments[0]);
            if (present != null || Api.Table.PyErr_Occurred() != null) return present;
            LiveState* state = handle->State;
            PoolHeap* heap = Heap.Of(handle->Shared);
            KeyState known = Incoming.Key(state, heap, arguments[0], out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign && RefuseKey(handle, arguments[0]) ? null : null;
            PyObject* item = count == 2 ? arguments[1] : Api.Table._Py_NoneStruct;
            PyObject* result = null;
            Status status = Status.Done;
            bool made = Incoming.Item(state, heap, item, Place.Item(self, arguments[0]), out Incoming incoming);
            if (made)
            {
                do
                {
                    Epoch.Enter(state->Me);
                    Value value = PoolHeap.IsDeleted(heap) ? default : incoming.ToValue(state, heap);
                    if (value.IsEmpty) status = PoolHeap.IsDeleted(heap) ? Status.Deleted : Status.NoMemory;
                    else
                    {
                        status = Map.GetOrAdd(state->Me, MapOf(handle), key.Probe, value, out Value actual);
                        result = status is Status.Done or Status.Exists ? Outgoing.Object(state, actual) : null;
                        Reference.Drop(state->Me, value);
                    }
                    Epoch.Exit(state->Me);
                } while (result == null && status is Status.Done or Status.Exists && LiveState.Again(state));
            }
            incoming.Dispose(state);
            key.Dispose(state);
            return !made || status is Status.Done or Status.Exists ? result : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Pop(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("pop", count, 1, 2)) return null;
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return null;
            LiveState* state = handle->State;
            KeyState known = Incoming.Key(state, Heap.Of(handle->Shared), arguments[0], out Incoming key);
            if (known == KeyState.Failed) return null;
            Status status = Status.Missing;
            Value value = default;
            if (known == KeyState.Ready) status = Map.Take(state->Me, MapOf(handle), key.Probe, out value);
            key.Dispose(state);
            if (status == Status.Done) return LiveMethods.Give(state, value);
            if (status != Status.Missing) return LiveErrors.Raise(handle, status);
            return count == 2 ? References.New(arguments[1]) : LiveMethods.RaiseKey(arguments[0]);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* PopItem(PyObject* self, PyObject** arguments, nint count, PyObject* keywords)
    {
        try
        {
            Span<nint> values = stackalloc nint[1];
            if (!Arguments.Bind("popitem", ["last"], required: 0, positional: 1, arguments, count, keywords, values)) return null;
            int isLast = values[0] == 0 ? 1 : Api.Table.PyObject_IsTrue((PyObject*)values[0]);
            Handle* handle = (Handle*)self;
            if (isLast < 0 || !LiveMethods.IsUsable(handle)) return null;
            LiveState* state = handle->State;
            Value key, value;
            Status status = isLast != 0 ? Map.TakeLast(state->Me, MapOf(handle), out key, out value) : Map.TakeFirst(state->Me, MapOf(handle), out key, out value);
            if (status == Status.Missing) return Errors.Set(*Api.Table.PyExc_KeyError, "popitem(): dictionary is empty");
            if (status != Status.Done) return LiveErrors.Raise(handle, status);
            PyObject* first = LiveMethods.Give(state, key);
            PyObject* second = LiveMethods.Give(state, value);
            return LiveMethods.Pair(first, second);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* UpdateCall(PyObject* self, PyObject* positional, PyObject* named)
    {
        try
        {
            return Update((Handle*)self, positional, named) ? Api.Table._Py_NoneStruct : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // The arguments are those of dict(), which knows all that they may be.
    static bool Update(Handle* handle, PyObject* positional, PyObject* named)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        bool hasNamed = named != null && ((PyDictObject*)named)->Used != 0;
        if (((PyVarObject*)positional)->Size == 0 && !hasNamed) return true;
        PyObject* plain = Api.Table.PyObject_Call(Api.Table.PyDict_Type, positional, named);
        if (plain == null) return false;
        PyObject* items = Api.Table.PyDict_Items(plain);
        References.Drop(plain);
        bool done = items != null;
        for (nint i = 0; done && i < ((PyListObject*)items)->Size; i++)
        {
            PyObject** pair = (PyObject**)((byte*)((PyListObject*)items)->Items[i] + Layout.Current.TupleItems);
            done = Set(handle, pair[0], pair[1]);
        }
        References.Drop(items);
        return done;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Clear(PyObject* self, PyObject* none)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return null;
            Status status = Map.Clear(handle->State->Me, MapOf(handle));
            return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Copy(PyObject* self, PyObject* none)
    {
        try
        {
            return ToPlain((Handle*)self);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>A plain dict of the items at one moment; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        PyObject* iterator = NewIterator(handle, DictIteration.Items, reversed: false);
        if (iterator == null) return null;
        PyObject* plain = Api.Table.PyDict_New();
        PyObject* key = null;
        PyObject* value = null;
        while (plain != null && DictIterator.Next((DictIterator*)iterator, &key, &value))
        {
            int failed = Api.Table.PyDict_SetItem(plain, key, value);
            References.Drop(key);
            References.Drop(value);
            if (failed != 0) break;
        }
        References.Drop(iterator);
        if (Api.Table.PyErr_Occurred() == null) return plain;
        References.Drop(plain);
        return null;
    }

    static PyObject* NewIterator(Handle* handle, DictIteration what, bool reversed)
    {
        try
        {
            if (!LiveMethods.IsUsable(handle)) return null;
            LiveState* state = handle->State;
            Status status = Map.Snapshot(state->Me, MapOf(handle), out MapSnapshot* snapshot);
            return status == Status.Done ? DictIterator.Create(handle, snapshot, what, reversed) : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IterateAs(PyObject* self, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("_iterate", count, 2, 2)) return null;
        long what = Api.Table.PyLong_AsLongLong(arguments[0]);
        if (Api.Table.PyErr_Occurred() != null) return null;
        int reversed = Api.Table.PyObject_IsTrue(arguments[1]);
        if (reversed < 0) return null;
        return what is < 0 or > 2 ? Errors.Value("0, 1 or 2") : NewIterator((Handle*)self, (DictIteration)what, reversed != 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Reversed(PyObject* self, PyObject* none) => NewIterator((Handle*)self, DictIteration.Keys, reversed: true);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Keys(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "KeysView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Values(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ValuesView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Items(PyObject* self, PyObject* none) => LiveMethods.CallPython((Handle*)self, "ItemsView"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CompareExchange(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("compare_exchange", count, 3, 3)) return null;
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return null;
            LiveState* state = handle->State;
            PoolHeap* heap = Heap.Of(handle->Shared);
            KeyState known = Incoming.Key(state, heap, arguments[0], out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? Api.Table._Py_FalseStruct : null;
            Place place = Place.Item(self, arguments[0]);
            Status status = Status.WrongKind;
            if (Incoming.Item(state, heap, arguments[1], place, out Incoming expected))
            {
                if (Incoming.Item(state, heap, arguments[2], place, out Incoming desired))
                {
                    Epoch.Enter(state->Me);
                    Value value = PoolHeap.IsDeleted(heap) ? default : desired.ToValue(state, heap);
                    if (value.IsEmpty) status = PoolHeap.IsDeleted(heap) ? Status.Deleted : Status.NoMemory;
                    else
                    {
                        status = Map.CompareExchange(state->Me, MapOf(handle), key.Probe, expected.Probe, value, out _);
                        Reference.Drop(state->Me, value);
                    }
                    Epoch.Exit(state->Me);
                }
                desired.Dispose(state);
            }
            expected.Dispose(state);
            key.Dispose(state);
            if (Api.Table.PyErr_Occurred() != null) return null;
            if (status is Status.Done or Status.Missing) return status == Status.Done ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
            return LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Add(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("add", count, 2, 2)) return null;
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle) || !LiveMethods.TryNumber("add", arguments[1], out bool isReal, out long integer, out double real)) return null;
            LiveState* state = handle->State;
            KeyState known = Incoming.Key(state, Heap.Of(handle->Shared), arguments[0], out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign && RefuseKey(handle, arguments[0]) ? null : null;
            Epoch.Enter(state->Me);
            Value sum;
            Status status = isReal ? Map.Add(state->Me, MapOf(handle), key.Probe, real, out sum) : Map.Add(state->Me, MapOf(handle), key.Probe, integer, out sum);
            PyObject* result = status == Status.Done ? Outgoing.Object(state, sum) : null;
            Epoch.Exit(state->Me);
            key.Dispose(state);
            if (status == Status.WrongKind) return Errors.Type($"{Place.Item(self, arguments[0]).Describe()} is not a number");
            return status == Status.Done ? result : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* FromKeys(PyObject* type, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("fromkeys", count, 1, 2) || !Module.CheckProcess()) return null;
            PyObject* made = Api.Table.PyObject_CallNoArgs(type);
            PyObject* keys = made == null ? null : Api.Table.PySequence_List(arguments[0]);
            bool done = keys != null;
            PyObject* value = count == 2 ? arguments[1] : Api.Table._Py_NoneStruct;
            for (nint i = 0; done && i < ((PyListObject*)keys)->Size; i++) done = Set((Handle*)made, ((PyListObject*)keys)->Items[i], value);
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
}

using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Functions that the methods of all live types share.</summary>
internal static unsafe class LiveMethods
{
    /// <summary>
    /// Whether a handle can be used: its interpreter has not ended, and this is not a forked child. Returns false with an
    /// exception set.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsUsable(Handle* handle) => handle->Shared != null && !ForkGuard.IsForkedChild || RaiseUnusable(handle);

    /// <summary>Returns false with DeletedError set if an object, its pool or its interpreter has ended.</summary>
    internal static bool CheckAlive(Handle* handle)
    {
        if (!IsUsable(handle)) return false;
        if (!IsDeleted(handle)) return true;
        LiveErrors.RaiseDeleted(handle);
        return false;
    }

    /// <summary>Raises KeyError with a key as its argument.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseKey(PyObject* key)
    {
        // Wrapped in a tuple, since a key that is a tuple would be taken for the exception's arguments.
        PyObject* arguments = Api.Table.PyTuple_New(1);
        if (arguments == null) return null;
        Api.Table.PyTuple_SetItem(arguments, 0, References.New(key));
        Api.Table.PyErr_SetObject(*Api.Table.PyExc_KeyError, arguments);
        References.Drop(arguments);
        return null;
    }

    /// <summary>Returns false with TypeError set unless the number of arguments is right.</summary>
    internal static bool CheckCount(string method, nint count, int least, int most)
    {
        if (count >= least && count <= most) return true;
        string expected = least == most
            ? $"{least} argument{(least == 1 ? "" : "s")}"
            : count < least
            ? $"at least {least} argument{(least == 1 ? "" : "s")}" : $"at most {most} argument{(most == 1 ? "" : "s")}";
        Errors.Type($"{method}() takes {expected} ({count} given)");
        return false;
    }

    /// <summary><c>Name(plain)</c> with the repr of the plain form; never raises for what is deleted.</summary>
    internal static PyObject* Repr(Handle* handle) => Repr(handle, &ToPlain);

    static PyObject* ToPlain(Handle* handle) => LiveObjects.ToPlain(handle->State, (PyObject*)handle);

    /// <summary><c>Name(plain)</c> with the repr of the copy that a function makes; never raises for a deleted object.</summary>
    internal static PyObject* Repr(Handle* handle, delegate*<Handle*, PyObject*> toPlain)
    {
        ref Api api = ref Api.Table;
        string name = Text.TypeName((PyObject*)handle);
        if (IsDeleted(handle)) return Text.ToPython($"<symplast.{name}, deleted>");
        int entered = api.Py_ReprEnter((PyObject*)handle);
        if (entered != 0) return entered < 0 ? null : Text.ToPython($"{name}(...)");
        PyObject* plain = toPlain(handle);
        PyObject* inner = plain == null ? null : api.PyObject_Repr(plain);
        PyObject* repr = inner == null ? null : Text.ToPython($"{name}({Text.FromPython(inner)})");
        if (plain == null && IsDeleted(handle))
        {
            // Another thread has deleted the object meanwhile.
            api.PyErr_Clear();
            repr = Text.ToPython($"<symplast.{name}, deleted>");
        }
        References.Drop(plain);
        References.Drop(inner);
        api.Py_ReprLeave((PyObject*)handle);
        return repr;
    }

    /// <summary>Whether an object, its pool or its interpreter has ended.</summary>
    internal static bool IsDeleted(Handle* handle)
    {
        if (handle->Shared == null || ForkGuard.IsForkedChild) return true;
        Section section = Section.Enter(handle->State->Me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)handle->Shared);
        section.Exit(handle->State->Me);
        return isDeleted;
    }

    /// <summary>
    /// A tuple of two references, which it steals; null, with the exception that is set, if one of them is null.
    /// </summary>
    internal static PyObject* Pair(PyObject* first, PyObject* second)
    {
        PyObject* pair = first == null || second == null ? null : Api.Table.PyTuple_New(2);
        if (pair == null)
        {
            References.Drop(first);
            References.Drop(second);
            return null;
        }
        PyObject** items = Tuples.Items(pair);
        items[0] = first;
        items[1] = second;
        return pair;
    }

    /// <summary>
    /// Calls a function of the module <c>symplast.views</c> with the handle. Returns null with an exception set.
    /// </summary>
    internal static PyObject* CallPython(Handle* handle, ReadOnlySpan<byte> name)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.views"u8));
        PyObject* callable = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        PyObject* result = callable == null ? null : api.PyObject_CallOneArg(callable, (PyObject*)handle);
        References.Drop(callable);
        References.Drop(module);
        return result;
    }

    /// <summary>
    /// For <c>__deepcopy__</c>: enters the copy of a live object into the memo before its contents are copied. Returns false with
    /// an exception set.
    /// </summary>
    internal static bool Remember(PyObject* memo, PyObject* original, PyObject* copy)
    {
        if (memo->Type != Api.Table.PyDict_Type)
            return Errors.Type($"__deepcopy__() takes the memo of copy.deepcopy(), not {Text.TypeName(memo)}") != null;
        PyObject* id = Api.Table.PyLong_FromUnsignedLongLong((ulong)original);
        bool done = id != null && Api.Table.PyDict_SetItem(memo, id, copy) == 0;
        References.Drop(id);
        return done;
    }

    /// <summary><c>copy.deepcopy(o, memo)</c>; a frozen object is its own copy. Returns null with an exception set.</summary>
    internal static PyObject* CopyDeep(PyObject* o, PyObject* memo)
    {
        ref Api api = ref Api.Table;
        if (AddressRange.Contains(o)) return o;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("copy"u8));
        PyObject* deepcopy = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("deepcopy"u8));
        PyObject** arguments = stackalloc PyObject*[2] { o, memo };
        PyObject* copy = deepcopy == null ? null : api.PyObject_Vectorcall(deepcopy, arguments, 2, null);
        References.Drop(deepcopy);
        References.Drop(module);
        return copy;
    }

    /// <summary>
    /// Checks for signals every 1,024 steps of a long operation. Returns false with a signal handler's exception set, as for
    /// Ctrl-C. May run Python code.
    /// </summary>
    internal static bool GoesOn(nint step) => (step & 1023) != 1023 || Api.Table.PyErr_CheckSignals() == 0;

    /// <summary>
    /// Hides a list from the collector, through which other code could find it and change it while it is iterated over. Returns
    /// the list, or null with an exception set.
    /// </summary>
    internal static PyObject* Hidden(PyObject* list)
    {
        if (list != null) Api.Table.PyObject_GC_UnTrack(list);
        return list;
    }

    /// <summary>Converts an int of at most 64 bits. Returns false with an exception set.</summary>
    internal static bool TryInteger(PyObject* o, out long integer)
    {
        ref Api api = ref Api.Table;
        integer = 0;
        if (o->Type == api.PyLong_Type && ((PyLongObject*)o)->IsCompact)
        {
            integer = ((PyLongObject*)o)->CompactValue;
            return true;
        }
        PyObject* index = api.PyNumber_Index(o);
        if (index == null) return false;
        integer = api.PyLong_AsLongLong(index);
        References.Drop(index);
        return integer != -1 || api.PyErr_Occurred() == null;
    }

    /// <summary>Returns false with TypeError set if there are keyword arguments.</summary>
    internal static bool RefuseNamed(string type, PyObject* named) =>
        named == null || ((PyDictObject*)named)->Used == 0 || Errors.Type($"{type}() takes no keyword arguments") != null;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool RaiseUnusable(Handle* handle)
    {
        if (handle->Shared == null) LiveErrors.RaiseDeleted(handle);
        else ThisProcess.Check();
        return false;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

// From other mappings.
internal static unsafe partial class DictType
{
    /// <summary>
    /// The method <c>update</c>: the arguments are those of dict(), which knows all that they may be. False with an exception
    /// set.
    /// </summary>
    internal static bool Update(Handle* handle, PyObject* positional, PyObject* named)
    {
        if (!LiveMethods.CheckAlive(handle)) return false;
        bool hasNamed = named != null && ((PyDictObject*)named)->Used != 0;
        if (((PyVarObject*)positional)->Size == 0 && !hasNamed) return true;
        PyObject* plain = hasNamed ? null : OnlyDict(positional);
        if (plain == null && Api.Table.PyErr_Occurred() == null)
        {
            PyObject* whole = ((PyVarObject*)positional)->Size == 1
                ? AtOneMoment(handle->State, positional) : References.New(positional);
            if (whole != null) plain = PlainDicts.Make(handle, whole, named);
            References.Drop(whole);
        }
        if (LiveMethods.Hidden(plain) == null) return false;
        nint position = 0;
        bool done = MapFilling.Dict(handle, plain, ref position);
        PyObject* key;
        PyObject* value;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i))
            && Api.Table.PyDict_Next(plain, &position, &key, &value) != 0; i++) done = Set(handle, key, value);
        References.Drop(plain);
        return done;
    }

    // A copy of the one argument if that is a dict, which calls no Python code; else null, perhaps with an exception set.
    static PyObject* OnlyDict(PyObject* positional)
    {
        if (((PyVarObject*)positional)->Size != 1) return null;
        PyObject* source = Tuples.Items(positional)[0];
        return source->Type == Api.Table.PyDict_Type ? Api.Table.PyDict_Copy(source) : null;
    }

    // The one argument, which as a live mapping is copied first: dict() would look up key by key what others may be removing. A
    // new reference.
    static PyObject* AtOneMoment(LiveState* state, PyObject* positional)
    {
        ref Api api = ref Api.Table;
        PyObject* source = Tuples.Items(positional)[0];
        if (!PlainDicts.IsLive(state, source)) return References.New(positional);
        PyObject* copy = api.PyObject_GetAttrString(source, Text.Utf8("copy"u8));
        PyObject* plain = copy == null ? null : api.PyObject_CallNoArgs(copy);
        References.Drop(copy);
        PyObject* arguments = plain == null ? null : api.PyTuple_New(1);
        if (arguments != null) api.PyTuple_SetItem(arguments, 0, plain);
        else References.Drop(plain);
        return arguments;
    }

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
}

using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>Operations of Dict and SortedDict that plain dicts do. The order of items does not matter to them.</summary>
internal static unsafe class PlainDicts
{
    const int Equal = Comparison.Equal;
    const int NotEqual = Comparison.NotEqual;

    /// <summary>The slot <c>tp_richcompare</c>.</summary>
    internal static PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        operation is Equal or NotEqual ? PlainForms.Compare(self, other, operation, &Is) : Api.Table._Py_NotImplementedStruct;

    /// <summary>
    /// The slot <c>nb_or</c>. Either side may be a live dict. The result is a plain dict, like that of <c>copy()</c>.
    /// </summary>
    internal static PyObject* Or(PyObject* left, PyObject* right) =>
        PlainForms.Combine(left, right, MapType.IsOurs(left) ? left : right, &Is, Api.Table.PyNumber_Or);

    /// <summary>
    /// Calls dict() with the arguments of a live dict's constructor or of update(). Returns null with an exception set.
    /// </summary>
    internal static PyObject* Make(Handle* handle, PyObject* positional, PyObject* named)
    {
        ref Api api = ref Api.Table;
        nint count = ((PyVarObject*)positional)->Size;
        if (count > 1)
        {
            string name = Text.TypeName((PyObject*)handle);
            string hint = MapType.IsDict(handle) ? "" : ", and no function of the keys: they are in their own order";
            return Errors.Type($"{name} takes one mapping or iterable of pairs{hint} ({count} arguments given)");
        }
        if (count == 0) return api.PyObject_Call(api.PyDict_Type, positional, named);
        PyObject* source = Tuples.Items(positional)[0];
        if (api.PyObject_HasAttrString(source, Text.Utf8("keys"u8)) != 0)
        {
            bool isHashed = (api.PyType_GetFlags(source->Type) & PyTypeSpec.DictSubclass) != 0;
            return isHashed ? api.PyObject_Call(api.PyDict_Type, positional, named) : OfMapping(handle->State, source, named);
        }
        if (api.PyType_GetSlot(source->Type, PyTypeSlot.Iter) == null
            && api.PyType_GetSlot(source->Type, PyTypeSlot.SequenceItem) == null)
        {
            bool isFunction = !MapType.IsDict(handle) && api.PyCallable_Check(source) != 0;
            return Errors.Type(
                $"{Text.TypeName((PyObject*)handle)} takes a mapping or an iterable of pairs, not {Text.TypeName(source)}"
                + (isFunction ? ": its keys are in their own order, no function makes another one" : ""));
        }
        PyObject* pairs = Nesting.Allowed(handle->State, source, isPairs: true);
        PyObject* arguments = pairs == null ? null : api.PyTuple_New(1);
        if (arguments == null)
        {
            References.Drop(pairs);
            return null;
        }
        api.PyTuple_SetItem(arguments, 0, pairs);
        PyObject* plain = api.PyObject_Call(api.PyDict_Type, arguments, named);
        References.Drop(arguments);
        return plain;
    }

    // Copies an object that has keys(), as dict() does, but checks the keys: they may be nested too deep to be hashed.
    static PyObject* OfMapping(LiveState* state, PyObject* source, PyObject* named)
    {
        ref Api api = ref Api.Table;
        PyObject* method = api.PyObject_GetAttrString(source, Text.Utf8("keys"u8));
        PyObject* given = method == null ? null : api.PyObject_CallNoArgs(method);
        PyObject* keys = given == null ? null : LiveMethods.Hidden(api.PySequence_List(given));
        PyObject* plain = keys == null ? null : LiveMethods.Hidden(api.PyDict_New());
        bool done = plain != null;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && i < ((PyListObject*)keys)->Size; i++)
        {
            PyObject* key = ((PyListObject*)keys)->Items[i];
            PyObject* value = Nesting.Allows(key) ? api.PyObject_GetItem(source, key) : null;
            done = value != null && api.PyDict_SetItem(plain, key, value) == 0;
            References.Drop(value);
        }
        done = done && (named == null || api.PyDict_Update(plain, named) == 0);
        References.Drop(keys);
        References.Drop(given);
        References.Drop(method);
        if (done) return plain;
        References.Drop(plain);
        return null;
    }

    /// <summary>Whether an object is a plain or a live dict.</summary>
    internal static bool Is(LiveState* state, PyObject* o) =>
        IsLive(state, o) || (Api.Table.PyType_GetFlags(o->Type) & PyTypeSpec.DictSubclass) != 0;

    /// <summary>Whether an object is a Dict or a SortedDict.</summary>
    internal static bool IsLive(LiveState* state, PyObject* o) =>
        o->Type == state->TypeOf(LiveKind.Dict) || o->Type == state->TypeOf(LiveKind.SortedDict);
}

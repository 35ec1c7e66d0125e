using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// The declared fields of a class of live objects: a dict <c>__symplast_fields__</c> of the class, from names to the types that a value may have (a type, a tuple of
/// types, or None for any). A class without it takes any attribute.
/// </summary>
internal static unsafe class Fields
{
    /// <summary>Whether an attribute may be set on instances of a class, and what its values must be instances of (borrowed; null: of anything).</summary>
    internal static bool TryFind(PyObject* type, PyObject* name, out PyObject* required, out bool isClosed)
    {
        ref Api api = ref Api.Table;
        required = null;
        isClosed = false;
        PyObject* key = api.PyUnicode_DecodeUTF8(Text.Utf8("__symplast_fields__"u8), 19, null);
        PyObject* fields = key == null ? null : api._PyType_Lookup(type, key);
        References.Drop(key);
        if (fields == null || fields->Type != api.PyDict_Type) return true;
        isClosed = true;
        PyObject* found = api.PyDict_GetItemWithError(fields, name);
        if (found == null) return false;
        required = found == api._Py_NoneStruct ? null : found;
        return true;
    }

    /// <summary>Whether a value is what a field takes; false with TypeError set.</summary>
    internal static bool Check(PyObject* required, PyObject* name, PyObject* o)
    {
        if (o->Type == required) return true;
        int isInstance = Api.Table.PyObject_IsInstance(o, required);
        if (isInstance > 0) return true;
        if (isInstance == 0) Errors.Type($"{Text.FromPython(name)} must be {Describe(required)}, not {Text.TypeName(o)}");
        return false;
    }

    static string Describe(PyObject* required)
    {
        ref Api api = ref Api.Table;
        if (required->Type != api.PyTuple_Type) return NameOf(required);
        nint count = ((PyVarObject*)required)->Size;
        string[] names = new string[count];
        for (nint i = 0; i < count; i++) names[i] = NameOf(((PyObject**)((byte*)required + Layout.Current.TupleItems))[i]);
        return string.Join(" or ", names);
    }

    static string NameOf(PyObject* type)
    {
        ref Api api = ref Api.Table;
        if (api.PyType_IsSubtype(type->Type, api.PyType_Type) == 0) return Text.Repr(type);
        PyObject* name = api.PyType_GetName(type);
        string text = name == null ? "object" : Text.FromPython(name);
        References.Drop(name);
        return text == "NoneType" ? "None" : text;
    }
}

namespace Symplast.CPython;

/// <summary>The innermost frame of the calling Python code. Used for messages, never on a hot path.</summary>
public static unsafe class CallingCode
{
    /// <summary>
    /// The name of the local or global variable that refers to an object, or null. No exception may be set; none is set
    /// afterwards.
    /// </summary>
    public static string? NameOf(PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* locals = api.PyEval_GetLocals();
        string? name = NameIn(locals, o) ?? NameIn(api.PyEval_GetGlobals(), o);
        if (locals != null && References.IsUnique(locals) && IsInFunction()) api.PyDict_Clear(locals);
        api.PyErr_Clear();
        return name;
    }

    // In a function PyEval_GetLocals gives a copy of the variables. The frame keeps that copy until it ends, and so keeps alive
    // whatever the variables referred to. A copy that only the frame has can be emptied, because the next caller of
    // PyEval_GetLocals gets it filled anew. In a module or a class body the dictionary is not a copy: it holds the variables
    // themselves.
    static bool IsInFunction()
    {
        ref Api api = ref Api.Table;
        PyObject* frame = api.PyEval_GetFrame();
        PyObject* code = frame == null ? null : api.PyFrame_GetCode(frame);
        PyObject* flags = code == null ? null : api.PyObject_GetAttrString(code, Text.Utf8("co_flags"u8));
        bool isInFunction = flags != null && (api.PyLong_AsLongLong(flags) & Api.CO_OPTIMIZED) != 0;
        References.Drop(flags);
        References.Drop(code);
        return isInFunction;
    }

    static string? NameIn(PyObject* scope, PyObject* o)
    {
        if (scope == null || scope->Type != Api.Table.PyDict_Type) return null;
        nint position = 0;
        PyObject* key;
        PyObject* value;
        while (Api.Table.PyDict_Next(scope, &position, &key, &value) != 0)
        {
            if (value == o && key->Type == Api.Table.PyUnicode_Type) return Text.FromPython(key);
        }
        return null;
    }
}

using Symplast.CPython;

namespace Symplast.Python;

/// <summary>
/// What to use in place of objects and operations that are refused, for error messages. The texts are in
/// <c>python/symplast/alternatives.py</c>. Runs Python code; no exception may be set.
/// </summary>
internal static unsafe class Alternatives
{
    /// <summary>The end of the message that an object cannot be shared, with "; " before it; empty if nothing is known.</summary>
    internal static string Of(PyObject* o) => Ask("of"u8, o);

    /// <summary>The same for an object that was to be frozen.</summary>
    internal static string OfFrozen(PyObject* o) => Ask("of_frozen"u8, o);

    /// <summary>Raises TypeError with the message for an operation.</summary>
    internal static PyObject* Raise(string operation, PyObject* argument = null)
    {
        PyObject* name = Text.ToPython(operation);
        if (name == null) return null;
        string message = Ask("of_operation"u8, name);
        References.Drop(name);
        if (argument != null) message = message.Replace("{0}", Text.Repr(argument));
        return Errors.Type(message.Length > 0 ? message : operation + " is not supported");
    }

    static string Ask(ReadOnlySpan<byte> function, PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.alternatives"u8));
        PyObject* callable = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(function));
        PyObject* answer = callable == null ? null : api.PyObject_CallOneArg(callable, o);
        string text = answer != null && answer->Type == api.PyUnicode_Type ? Text.FromPython(answer) : "";
        // A message without advice is better than another error.
        api.PyErr_Clear();
        References.Drop(answer);
        References.Drop(callable);
        References.Drop(module);
        return text;
    }
}

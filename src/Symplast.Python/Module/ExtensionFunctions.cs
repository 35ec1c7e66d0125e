using Symplast.CPython;
using Symplast.Python.Extensions;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The module's functions for private copies of extension modules.</summary>
internal static unsafe partial class ExtensionFunctions
{
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        FastCall("_load_private"u8, &LoadPrivate,
            "Load an extension module by name, path, spec and treatment from a private copy of its library. Return None if "u8
            + "it needs no copy, NotImplemented if it is refused."u8),
        FastCall("_set_library_policy"u8, &SetLibraryPolicy,
            "Set the policy for libraries: patterns, each followed by whether matching libraries are private."u8),
        NoArgs("_loaded_extensions"u8, &LoadedExtensions,
            "Return the tuples from which symplast.extensions.loaded() makes its result."u8),
    };

    [Callback]
    private static partial PyObject* LoadPrivate(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (!ThisProcess.Check()) return null;
        if (count != 4 || !IsText(arguments[0]) || !IsText(arguments[1]))
            return Errors.Type("_load_private() takes a name, a path, a spec and a number");
        long treatment = Api.Table.PyLong_AsLongLong(arguments[3]);
        if (treatment == -1 && Api.Table.PyErr_Occurred() != null) return null;
        return ExtensionLoader.Load(
            interpreter, arguments[0], arguments[1], arguments[2], (Treatment)treatment);
    }

    // The arguments are pairs of a pattern and whether its libraries are private.
    [Callback]
    private static partial PyObject* SetLibraryPolicy(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        (string, bool)[] rules = new (string, bool)[count / 2];
        for (int i = 0; i < rules.Length; i++)
        {
            if (!IsText(arguments[2 * i])) return Errors.Type("_set_library_policy() takes patterns, each with a bool");
            rules[i] = (Text.FromPython(arguments[2 * i]), arguments[2 * i + 1] == Api.Table._Py_TrueStruct);
        }
        ExtensionTable.Of(interpreter).Copies.Policy.Rules = rules;
        return References.New(Api.Table._Py_NoneStruct);
    }

    [Callback]
    private static partial PyObject* LoadedExtensions(InterpreterState interpreter, PyObject* unused) =>
        ExtensionTable.Of(interpreter).List();

    static bool IsText(PyObject* o) => Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyUnicode_Type) != 0;
}

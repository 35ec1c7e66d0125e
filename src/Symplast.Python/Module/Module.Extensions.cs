using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Python.Extensions;

namespace Symplast.Python;

/// <content>The module's functions for extension modules.</content>
public static unsafe partial class Module
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LoadPrivate(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            if (count != 4 || !IsText(arguments[0]) || !IsText(arguments[1]))
                return Errors.Type("_load_private() takes a name, a path, a spec and a number");
            long treatment = Api.Table.PyLong_AsLongLong(arguments[3]);
            if (treatment == -1 && Api.Table.PyErr_Occurred() != null) return null;
            return ExtensionLoader.Load(
                InterpreterState.Of(module), arguments[0], arguments[1], arguments[2], (Treatment)treatment);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // Takes pattern, whether private, pattern, …
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SetLibraryPolicy(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            (string, bool)[] rules = new (string, bool)[count / 2];
            for (int i = 0; i < rules.Length; i++)
            {
                if (!IsText(arguments[2 * i])) return Errors.Type("_set_library_policy() takes patterns, each with a bool");
                rules[i] = (Text.FromPython(arguments[2 * i]), arguments[2 * i + 1] == Api.Table._Py_TrueStruct);
            }
            ExtensionTable.Of(InterpreterState.Of(module)).Copies.Policy.Rules = rules;
            return References.New(Api.Table._Py_NoneStruct);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static bool IsText(PyObject* o) => Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyUnicode_Type) != 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IsMain(PyObject* module, PyObject* unused) =>
        References.New(Interpreters.IsMain() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LoadedExtensions(PyObject* module, PyObject* unused)
    {
        try
        {
            return ExtensionTable.Of(InterpreterState.Of(module)).List();
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}

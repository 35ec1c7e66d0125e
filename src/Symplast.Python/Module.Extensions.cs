using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Python.Extensions;
using Symplast.Python.Interpreting;

namespace Symplast.Python;

/// <content>The module's functions for extension modules.</content>
public static unsafe partial class Module
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LoadPrivate(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            if (!CheckProcess()) return null;
            if (count != 3 || !IsText(arguments[0]) || !IsText(arguments[1])) return Errors.Type("_load_private() takes a name, a path and a spec");
            return ExtensionLoader.Load(InterpreterState.Of(module), arguments[0], arguments[1], arguments[2]);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static bool IsText(PyObject* o) => Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyUnicode_Type) != 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IsMain(PyObject* module, PyObject* unused) => References.New(Interpreters.IsMain() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LoadedExtensions(PyObject* module, PyObject* unused)
    {
        try
        {
            return InterpreterState.Of(module).Extensions.List();
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}

using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// Modules that are compiled into CPython, do not declare support for several interpreters, and of which no interpreter can have
/// a copy.
/// </summary>
internal static unsafe class BuiltInModules
{
    /// <summary>
    /// Lets workers import <c>faulthandler</c>, which libraries do without using it. What it keeps is the process's, and its
    /// functions that would put objects of a worker there are refused in workers (<see cref="Interpreting.GuardedFunctions"/>).
    /// </summary>
    /// <returns>False with an exception set. Called in the main interpreter, once.</returns>
    internal static bool Allow()
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("faulthandler"u8));
        if (module == null)
        {
            if (api.PyErr_ExceptionMatches(*api.PyExc_ImportError) == 0) return false;
            api.PyErr_Clear();
            return true;
        }
        PyModuleDef* definition = api.PyModule_GetDef(module);
        References.Drop(module);
        if (definition == null)
        {
            // Something else has its name.
            api.PyErr_Clear();
            return true;
        }
        ModuleDefinitions.DeclareSupport(definition);
        // It shows a collector the main interpreter's file, which that of a worker must not look at.
        definition->Traverse = null;
        return true;
    }
}

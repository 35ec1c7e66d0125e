using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// Modules that are compiled into CPython and do not declare support for several interpreters. They have no library of their own,
/// so there can be no private copy of them.
/// </summary>
internal static unsafe class BuiltInModules
{
    /// <summary>
    /// Lets workers import <c>faulthandler</c>, because many libraries import it without using it. Its state is one for the
    /// process. Its functions that would store objects of a worker there are refused in workers
    /// (<see cref="Interpreting.GuardedFunctions"/>).
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
            // Another module has this name.
            api.PyErr_Clear();
            return true;
        }
        ModuleDefinitions.DeclareSupport(definition);
        // The module's traverse function visits the main interpreter's file, which a worker's collector must not touch.
        definition->Traverse = null;
        return true;
    }
}

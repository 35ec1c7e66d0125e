using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>The module <c>symplast.waits</c>, which waits in coroutines.</summary>
internal static unsafe class PythonWaits
{
    /// <summary>Calls a function of the module. Returns null with an exception set. Runs Python code.</summary>
    internal static PyObject* Call(ReadOnlySpan<byte> name, PyObject** arguments, nint count)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.waits"u8));
        PyObject* function = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        PyObject* result = function == null ? null : api.PyObject_Vectorcall(function, arguments, (nuint)count, null);
        References.Drop(function);
        References.Drop(module);
        return result;
    }
}

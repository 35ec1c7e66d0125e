using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>The module <c>symplast.queues</c>, in which the parts of queues are that need Python.</summary>
internal static unsafe class PythonQueues
{
    /// <summary>A new reference to an object of the module; null with an exception set. Runs Python code.</summary>
    internal static PyObject* Find(ReadOnlySpan<byte> name)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.queues"u8));
        PyObject* found = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        References.Drop(module);
        return found;
    }

    /// <summary>Calls a function of the module. Returns null with an exception set.</summary>
    internal static PyObject* Call(ReadOnlySpan<byte> name, PyObject* argument)
    {
        PyObject* function = Find(name);
        PyObject* result = function == null ? null : Api.Table.PyObject_CallOneArg(function, argument);
        References.Drop(function);
        return result;
    }
}

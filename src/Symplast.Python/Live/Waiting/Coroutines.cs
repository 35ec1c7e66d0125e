using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// Methods that return awaitables, which the module <c>symplast.coroutines</c> makes. Kinds that have such methods have
/// <see cref="Kind.Await"/>.
/// </summary>
internal static unsafe class Coroutines
{
    const int MostArguments = 4;

    /// <summary>
    /// Calls a function of the module with the object and the arguments of its method. Returns null with an exception set. Runs
    /// Python code.
    /// </summary>
    internal static PyObject* Call(
        ReadOnlySpan<byte> name, Handle* self, PyObject** arguments = null, nint count = 0, PyObject* keywords = null)
    {
        ref Api api = ref Api.Table;
        nint all = count + (keywords == null ? 0 : ((PyVarObject*)keywords)->Size);
        if (all > MostArguments) return Errors.Type($"at most {MostArguments} arguments are expected, not {all}");
        PyObject** passed = stackalloc PyObject*[1 + MostArguments];
        passed[0] = (PyObject*)self;
        for (nint i = 0; i < all; i++) passed[1 + i] = arguments[i];
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.coroutines"u8));
        PyObject* function = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        PyObject* result = function == null ? null : api.PyObject_Vectorcall(function, passed, (nuint)(1 + count), keywords);
        References.Drop(function);
        References.Drop(module);
        return result;
    }
}

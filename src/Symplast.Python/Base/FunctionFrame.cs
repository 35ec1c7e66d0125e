using Symplast.CPython;

namespace Symplast.Python;

/// <summary>
/// The outermost frame of a function of the module: runs its body and turns a C# exception into a Python one. It costs an
/// indirect call, so the most frequently called functions have try and catch of their own.
/// </summary>
internal static unsafe class FunctionFrame
{
    /// <summary>Returns the result of a body with one argument: a new reference, or null with an exception set.</summary>
    internal static PyObject* Call(PyObject* module, PyObject* o, delegate*<InterpreterState, PyObject*, PyObject*> body)
    {
        try
        {
            return body(InterpreterState.Of(module), o);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Returns the result of a body with any number of arguments, as above.</summary>
    internal static PyObject* Call(
        PyObject* module, PyObject** arguments, nint count, delegate*<InterpreterState, PyObject**, nint, PyObject*> body)
    {
        try
        {
            return body(InterpreterState.Of(module), arguments, count);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}

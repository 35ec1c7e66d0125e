using Symplast.CPython;

namespace Symplast.Python;

/// <summary>
/// A point at which a native loop lets the interpreter do what it does between two bytecodes: run signal handlers and pending
/// calls, and raise an exception that another thread has set for this one.
/// </summary>
internal static unsafe class Checkpoint
{
    const int EvalInput = 258;

    /// <summary>
    /// Runs what is due. Returns false with the exception set that it raised. Runs any Python code. The GIL is held.
    /// </summary>
    // PyErr_CheckSignals and Py_MakePendingCalls do not raise asynchronous exceptions. A function that begins does all three.
    internal static bool Pass(InterpreterState interpreter)
    {
        if (interpreter.Checkpoint == null && !Prepare(interpreter)) return false;
        // Twice: a pending call may set an exception for this thread, such as an interrupt, and a check that has begun does not
        // see it.
        return Call(interpreter.Checkpoint) && Call(interpreter.Checkpoint);
    }

    static bool Call(PyObject* function)
    {
        PyObject* result = Api.Table.PyObject_CallNoArgs(function);
        References.Drop(result);
        return result != null;
    }

    static bool Prepare(InterpreterState interpreter)
    {
        ref Api api = ref Api.Table;
        PyObject* code = api.Py_CompileString(Text.Utf8("lambda: None"u8), Text.Utf8("<symplast wait>"u8), EvalInput);
        PyObject* scope = code == null ? null : api.PyDict_New();
        PyObject* function = scope == null ? null : api.PyEval_EvalCode(code, scope, scope);
        References.Drop(scope);
        References.Drop(code);
        if (function == null) return false;
        interpreter.Keep(function);
        interpreter.Checkpoint = function;
        return true;
    }
}

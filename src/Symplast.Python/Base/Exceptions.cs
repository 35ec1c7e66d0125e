using Symplast.CPython;

namespace Symplast.Python;

/// <summary>The exception types of the package. Each interpreter has its own.</summary>
internal static unsafe class Exceptions
{
    /// <summary>Creates the types and adds them to the module. Returns false with an exception set.</summary>
    internal static bool Create(PyObject* module, InterpreterState state)
    {
        ref Api api = ref Api.Table;
        state.SymplastError = New(
            module, "SymplastError"u8, "symplast.SymplastError"u8, "Base of all errors of symplast."u8, *api.PyExc_Exception,
            null);
        if (state.SymplastError == null) return false;
        state.NotShareableError = New(module, "NotShareableError"u8, "symplast.NotShareableError"u8,
            "An object cannot be shared between interpreters. The message names its place."u8, state.SymplastError,
                *api.PyExc_TypeError);
        state.DeletedError = New(module, "DeletedError"u8, "symplast.DeletedError"u8,
            "A shared object or pool was used after it had been deleted."u8, state.SymplastError, *api.PyExc_ReferenceError);
        state.PoolInUseError = New(module, "PoolInUseError"u8, "symplast.PoolInUseError"u8,
            "A pool is in use in a way that does not allow the operation."u8, state.SymplastError, *api.PyExc_RuntimeError);
        state.PoolFullError = New(module, "PoolFullError"u8, "symplast.PoolFullError"u8,
            "An allocation would exceed the pool's max_bytes."u8, state.SymplastError, *api.PyExc_MemoryError);
        state.AbandonedError = New(module, "AbandonedError"u8, "symplast.AbandonedError"u8,
            "The owner of a lock ended without releasing it. The lock is free, and what it protects may be half changed."u8,
            state.SymplastError, *api.PyExc_RuntimeError);
        state.PendingMemoryWarning = New(module, "PendingMemoryWarning"u8, "symplast.PendingMemoryWarning"u8,
            "The memory of deleted pools cannot be freed until interpreters that may hold pointers into them have ended."u8,
                *api.PyExc_RuntimeWarning, null);
        state.TaskInterrupted = New(module, "TaskInterrupted"u8, "symplast.TaskInterrupted"u8,
            "Raised in a task when its future's interrupt() is called, its time limit is over, or its worker is terminated. "u8
                + "Not an Exception, so that code which handles errors lets it through."u8, *api.PyExc_BaseException, null);
        return state.TaskInterrupted != null && state.PendingMemoryWarning != null && state.NotShareableError != null
            && state.DeletedError != null && state.PoolInUseError != null && state.PoolFullError != null
            && state.AbandonedError != null;
    }

    static PyObject* New(
        PyObject* module, ReadOnlySpan<byte> name, ReadOnlySpan<byte> fullName, ReadOnlySpan<byte> doc, PyObject* first,
        PyObject* second)
    {
        ref Api api = ref Api.Table;
        PyObject* bases = api.PyTuple_New(second == null ? 1 : 2);
        if (bases == null) return null;
        api.PyTuple_SetItem(bases, 0, References.New(first));
        if (second != null) api.PyTuple_SetItem(bases, 1, References.New(second));
        PyObject* type = api.PyErr_NewExceptionWithDoc(Text.Utf8(fullName), Text.Utf8(doc), bases, null);
        References.Drop(bases);
        if (type == null || api.PyModule_AddObjectRef(module, Text.Utf8(name), type) == 0) return type;
        References.Drop(type);
        return null;
    }
}

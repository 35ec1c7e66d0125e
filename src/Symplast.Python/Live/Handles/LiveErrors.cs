using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Raises the exceptions of operations on live objects. All functions return null, and none is called on a path that succeeds.
/// Slots without a catch of their own call those for an object's state, so no C# exception leaves them.
/// </summary>
internal static unsafe class LiveErrors
{
    /// <summary>DeletedError for an object whose pool was deleted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseDeletedPool(LiveState* state, PoolHeap* heap)
    {
        try
        {
            return RaiseDeleted(state, $"pool '{PoolOf(heap)?.Name}' was deleted");
        }
        catch (Exception e)
        {
            return Errors.Translate(e);
        }
    }

    /// <summary>Raises the exception for an operation's status that does not concern a key.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* Raise(Handle* handle, Status status)
    {
        try
        {
            return ByStatus(handle, status);
        }
        catch (Exception e)
        {
            return Errors.Translate(e);
        }
    }

    static PyObject* ByStatus(Handle* handle, Status status)
    {
        LiveState* state = handle->State;
        string name = Text.TypeName((PyObject*)handle);
        switch (status)
        {
            case Status.Deleted:
                return RaiseDeleted(handle);
            case Status.NoMemory:
                return RaiseNoMemory(state, Heap.Of(handle->Shared));
            case Status.Overflow:
                return Errors.Set(*Api.Table.PyExc_OverflowError, ((PyObject*)handle)->Type == state->TypeOf(LiveKind.AtomicInt)
                    ? "an AtomicInt has 64 bits, the sum needs more: add() of a Dict, a List or an Object has no such limit"
                    : "int too large to be added to a float");
            case Status.WrongKind:
                return Errors.Type($"this {name} does not take such a value here");
            default:
                return Errors.Runtime($"{name}: {status}");
        }
    }

    /// <summary>DeletedError for a handle whose object, pool or interpreter has ended.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseDeleted(Handle* handle)
    {
        try
        {
            return ByWhatEnded(handle);
        }
        catch (Exception e)
        {
            return Errors.Translate(e);
        }
    }

    static PyObject* ByWhatEnded(Handle* handle)
    {
        string name = Text.TypeName((PyObject*)handle);
        if (handle->Shared == null) return RaiseDeleted(handle->State, $"the interpreter of this {name} has ended");
        PoolHeap* heap = Heap.Of(handle->Shared);
        return PoolHeap.IsDeleted(heap)
            ? RaiseDeletedPool(handle->State, heap) : RaiseDeleted(handle->State, $"this {name} was deleted");
    }

    /// <summary>Raises PoolFullError or MemoryError after an allocation has failed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseNoMemory(LiveState* state, PoolHeap* heap)
    {
        // The allocation also fails if another interpreter has deleted the pool meanwhile.
        if (PoolHeap.IsDeleted(heap)) return RaiseDeletedPool(state, heap);
        InterpreterState? interpreter = state->Interpreter;
        Pool? pool = PoolOf(heap);
        return state->Me->Failure == AllocationFailure.PoolFull && interpreter is not null && pool is not null
            ? Errors.Set(interpreter.PoolFullError, $"pool '{pool.Name}' is full: max_bytes is {pool.MaxBytes}")
            : Api.Table.PyErr_NoMemory();
    }

    /// <summary>IndexError.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseIndex(string message) => Errors.Set(*Api.Table.PyExc_IndexError, message);

    /// <summary>NotShareableError.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseNotShareable(LiveState* state, string message)
    {
        InterpreterState? interpreter = state->Interpreter;
        return Errors.Set(interpreter is null ? *Api.Table.PyExc_TypeError : interpreter.NotShareableError, message);
    }

    /// <summary>
    /// Completes the exception of a failed hash: since 3.14 the plain types' message says what the hash was for.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void ExplainUnhashable(PyObject* o, string role)
    {
        ref Api api = ref Api.Table;
        if (!Layout.Current.ErrorsNameRole) return;
        PyObject* exception = api.PyErr_GetRaisedException();
        PyObject* text = exception != null && exception->Type == *api.PyExc_TypeError ? api.PyObject_Str(exception) : null;
        if (text == null)
        {
            api.PyErr_SetRaisedException(exception);
            return;
        }
        Errors.Type($"cannot use '{FullName(o)}' as a {role} ({Text.FromPython(text)})");
        References.Drop(text);
        References.Drop(exception);
    }

    // As %T of PyErr_Format writes it, which older versions lack.
    static string FullName(PyObject* o)
    {
        string name = Part(o, "__qualname__"u8) ?? Text.TypeName(o);
        string? module = Part(o, "__module__"u8);
        return module is null or "builtins" or "__main__" ? name : $"{module}.{name}";
    }

    static string? Part(PyObject* o, ReadOnlySpan<byte> attribute)
    {
        PyObject* part = Api.Table.PyObject_GetAttrString(o->Type, Text.Utf8(attribute));
        string? text = part != null && part->Type == Api.Table.PyUnicode_Type ? Text.FromPython(part) : null;
        Api.Table.PyErr_Clear();
        References.Drop(part);
        return text;
    }

    /// <summary>The pool of a heap, or null if the pool no longer exists.</summary>
    internal static Pool? PoolOf(PoolHeap* heap) => heap == null ? null : PoolTable.At(heap->Slot);

    static PyObject* RaiseDeleted(LiveState* state, string message)
    {
        InterpreterState? interpreter = state->Interpreter;
        return Errors.Set(interpreter is null ? *Api.Table.PyExc_ReferenceError : interpreter.DeletedError, message);
    }
}

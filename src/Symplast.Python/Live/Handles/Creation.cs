using System.Diagnostics.CodeAnalysis;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Creates empty live objects, each in a pool and with its first handle. The function that makes the object returns null if there
/// is no memory.
/// </summary>
internal static unsafe class Creation
{
    /// <summary>For the slot <c>tp_new</c>: creates an object in the current pool. Returns null with an exception set.</summary>
    internal static PyObject* New(PyObject* type, delegate*<Participant*, PoolHeap*, void*> make)
    {
        if (!ThisProcess.Check()) return null;
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        return In(interpreter, CurrentPool.Get(interpreter), type, make);
    }

    /// <summary>Creates an object of another one's type, in the same pool. Returns null with an exception set.</summary>
    internal static PyObject* Beside(Handle* handle, delegate*<Participant*, PoolHeap*, void*> make)
    {
        if (!LiveMethods.CheckAlive(handle)) return null;
        return TryPlaceOf(handle, out InterpreterState? interpreter, out Pool? pool)
            ? In(interpreter, pool, handle->Head.Type, make) : null;
    }

    /// <summary>The pool of an object, in which another one is to be created. Returns false with DeletedError set.</summary>
    internal static bool TryPlaceOf(
        Handle* handle, [NotNullWhen(true)] out InterpreterState? interpreter, [NotNullWhen(true)] out Pool? pool)
    {
        interpreter = handle->State->Interpreter;
        pool = handle->Shared == null ? null : LiveErrors.PoolOf(Heap.Of(handle->Shared));
        if (interpreter is not null && pool is not null) return true;
        LiveErrors.RaiseDeleted(handle);
        return false;
    }

    static PyObject* In(InterpreterState interpreter, Pool pool, PyObject* type, delegate*<Participant*, PoolHeap*, void*> make)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        Header* made = isDeleted ? null : (Header*)make(state->Me, heap);
        PyObject* handle = made == null ? null : Handle.Adopt(state, made, type);
        section.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return made == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }
}

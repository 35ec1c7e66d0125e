using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Who owns the locks that code of an interpreter takes: of a <c>Lock</c> the interpreter, of an <c>RLock</c> the calling thread.
/// </summary>
/// <remarks>
/// A thread becomes an owner with the first RLock that it takes. A capsule in the dictionary of its thread state ends the owner,
/// because CPython clears the dictionary when the thread has ended, however it did.
/// </remarks>
internal static unsafe partial class LockOwnership
{
    /// <summary>Makes the interpreter an owner.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static void Begin(LiveState* state)
    {
        state->Owner = LockOwners.Begin(state->Id, 0);
        if (state->Owner == null) throw new InsufficientMemoryException();
    }

    /// <summary>Ends the interpreter's ownership: its locks are abandoned.</summary>
    internal static void End(LiveState* state)
    {
        // In a forked child shared memory is not touched.
        if (!ForkGuard.IsForkedChild) LockOwners.End(state->Owner);
        state->Owner = null;
    }

    /// <summary>The calling thread as an owner. Returns null with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static LockOwner* OfThread(LiveState* state) =>
        state->OwningThread.Owner != null && state->OwningThread.Thread == Api.Table.PyThreadState_GetUnchecked()
        && LockOwners.Lives(state->OwningThread.Owner, state->OwningThread.Number) ? state->OwningThread.Owner : Find(state);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static LockOwner* Find(LiveState* state)
    {
        ref Api api = ref Api.Table;
        PyObject* scope = api.PyThreadState_GetDict();
        if (scope == null) return (LockOwner*)api.PyErr_NoMemory();
        PyObject* key = api.PyUnicode_InternFromString(Name());
        PyObject* capsule = key == null ? null : api.PyDict_GetItemWithError(scope, key);
        LockOwner* owner = capsule != null ? (LockOwner*)api.PyCapsule_GetPointer(capsule, Name())
            : key == null || api.PyErr_Occurred() != null ? null : Make(state, scope, key);
        References.Drop(key);
        if (owner == null) return null;
        state->OwningThread = new LockingThread
        {
            Thread = api.PyThreadState_GetUnchecked(),
            Owner = owner,
            Number = LockOwners.NumberOf(owner),
        };
        return owner;
    }

    static LockOwner* Make(LiveState* state, PyObject* scope, PyObject* key)
    {
        ref Api api = ref Api.Table;
        LockOwner* owner = LockOwners.Begin(state->Id, api.PyThread_get_thread_ident());
        if (owner == null) return (LockOwner*)api.PyErr_NoMemory();
        PyObject* capsule = api.PyCapsule_New(owner, Name(), &Ended);
        if (capsule == null) LockOwners.End(owner);
        bool done = capsule != null && api.PyDict_SetItem(scope, key, capsule) == 0;
        References.Drop(capsule);
        return done ? owner : null;
    }

    // The capsule's name, which is also its key.
    static byte* Name() => Text.Utf8("symplast.lock_owner"u8);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Ended(PyObject* capsule)
    {
        if (!ForkGuard.IsForkedChild) LockOwners.End((LockOwner*)Api.Table.PyCapsule_GetPointer(capsule, Name()));
    }
}

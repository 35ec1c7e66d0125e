using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>What <c>Lock</c> and <c>RLock</c> have in common.</summary>
internal static unsafe partial class LockMethods
{
    // Takes the lock for an owner; also when it has just been woken, or is about to sleep.
    struct Attempt(LockOwner* owner) : Waiting.IAttempt
    {
        readonly LockOwner* _owner = owner;
        bool _waits;

        public Status Try(Handle* handle)
        {
            if (handle->Shared == null) return Status.Deleted;
            Status status = SharedLock.Enter(handle->State->Me, LockOf(handle), _owner, _waits);
            _waits = true;
            return status;
        }
    }

    /// <summary>The methods of both types.</summary>
    internal static PyMethodDef[] Common() =>
    [
        FastCallKeywords("acquire"u8, &Acquire, "acquire($self, /, blocking=True, timeout=-1)\n--\n\n"u8
            + "Take the lock and return True; False if it cannot be taken at once or in time. Raise AbandonedError, without "u8
            + "taking the lock, if its owner has ended without releasing it."u8),
        NoArgs("release"u8, &Release, "release($self, /)\n--\n\nRelease the lock."u8),
        NoArgs("locked"u8, &Locked, "locked($self, /)\n--\n\nReturn whether the lock is held."u8),
        NoArgs("__enter__"u8, &Enter, "__enter__($self, /)\n--\n\nTake the lock."u8),
        FastCall("__exit__"u8, &Exit, "__exit__($self, /, *exc_info)\n--\n\nRelease the lock."u8),
        NoArgs("_at_fork_reinit"u8, &Reset, "_at_fork_reinit($self, /)\n--\n\nMake the lock free, whoever holds it."u8),
    ];

    /// <summary>The methods that only a Lock has: all coroutines of an event loop are one thread.</summary>
    internal static PyMethodDef[] OfLock() =>
    [
        .. Common(), .. LockCoroutines.Methods(),
        NoArgs("_acquire_waiting"u8, &EnterWaiting,
            "_acquire_waiting($self, /)\n--\n\nacquire(False) of one who waits in an event loop."u8),
    ];

    /// <summary>What an event loop waits for: see <see cref="Kind.Await"/>.</summary>
    internal static nuint Await(Handle* handle, int happening, int change) =>
        happening == 0 ? SharedLock.Event(LockOf(handle)) : 0;

    /// <summary>The structure of a handle that can be used.</summary>
    internal static SharedLock* LockOf(Handle* handle) => (SharedLock*)handle->Shared;

    /// <summary>Who takes the lock if it is taken now. Returns null with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static LockOwner* OwnerOf(Handle* handle) =>
        handle->Head.Type == handle->State->TypeOf(LiveKind.RLock) ? LockOwnership.OfThread(handle->State) : handle->State->Owner;

    /// <summary>Takes a lock. Returns True, False, or null with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Take(Handle* handle, long deadline)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LockOwner* owner = OwnerOf(handle);
        if (owner == null) return null;
        return SharedLock.TryEnter(handle->State->Me, LockOf(handle), owner) == Status.Done
            ? Api.Table._Py_TrueStruct : TakeContended(handle, owner, deadline);
    }

    /// <summary>Releases a lock. Returns None, or null with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Give(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LockOwner* owner = OwnerOf(handle);
        if (owner == null) return null;
        Status status = SharedLock.Exit(handle->State->Me, LockOf(handle), owner);
        return status == Status.Done ? Api.Table._Py_NoneStruct : Refuse(handle, status);
    }

    /// <summary>
    /// Releases a lock at the end of a block. If the interpreter has lost it since the block began, an exception that ends the
    /// block goes on, and otherwise RuntimeError is set: what another interpreter holds is not released.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Leave(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LockOwner* owner = OwnerOf(handle);
        if (owner == null) return null;
        Status status = SharedLock.ExitOwn(handle->State->Me, LockOf(handle), owner);
        if (status == Status.Done) return Api.Table._Py_NoneStruct;
        bool isRaised = count != 0 && arguments[0] != Api.Table._Py_NoneStruct;
        return isRaised && status is Status.Missing or Status.Closed ? Api.Table._Py_NoneStruct : Refuse(handle, status);
    }

    /// <summary>Waits for a lock. Returns False if <paramref name="status"/> is TimedOut.</summary>
    internal static bool Await(Handle* handle, LockOwner* owner, long deadline, out Status status)
    {
        Attempt attempt = new(owner);
        return Waiting.For(handle, SharedLock.Event(LockOf(handle)), ref attempt, deadline, out status);
    }

    /// <summary>
    /// Whether an owner may use a condition of a lock. Returns false with RuntimeError set if the lock is not held.
    /// </summary>
    internal static bool CheckHeld(Handle* handle, LockOwner* owner, string message)
    {
        Status status = SharedLock.IsHeldBy(handle->State->Me, LockOf(handle), owner, out bool isHeld);
        if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
        return isHeld || Errors.Runtime(message) != null;
    }

    /// <summary>AbandonedError. Returns null.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* RaiseAbandoned(Handle* handle, string then)
    {
        InterpreterState? interpreter = handle->State->Interpreter;
        string message = $"the owner of this {Text.TypeName((PyObject*)handle)} ended without releasing it; {then}";
        return Errors.Set(interpreter is null ? *Api.Table.PyExc_RuntimeError : interpreter.AbandonedError, message);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* TakeContended(Handle* handle, LockOwner* owner, long deadline) =>
        Await(handle, owner, deadline, out Status status) ? Answer(handle, status) : null;

    static PyObject* Answer(Handle* handle, Status status)
    {
        return status switch
        {
            Status.Done => Api.Table._Py_TrueStruct,
            Status.Missing or Status.TimedOut => Api.Table._Py_FalseStruct,
            Status.Abandoned => RaiseAbandoned(handle, "it is free now, and what it protects may be half changed"),
            Status.Closed => RaiseGivenUp(),
            _ => LiveErrors.Raise(handle, status),
        };
    }

    static PyObject* RaiseGivenUp() =>
        Errors.Runtime("this interpreter was given up, and can neither take nor release locks any more");

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* Refuse(Handle* handle, Status status)
    {
        if (status == Status.Closed) return RaiseGivenUp();
        if (status != Status.Missing) return LiveErrors.Raise(handle, status);
        bool isReentrant = handle->Head.Type == handle->State->TypeOf(LiveKind.RLock);
        return Errors.Runtime(isReentrant ? "cannot release un-acquired lock" : "release unlocked lock");
    }

    [Callback]
    private static partial PyObject* Acquire(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        LockArguments.ForLock(arguments, count, keywords, out long deadline) ? Take(handle, deadline) : null;

    [Callback]
    private static partial PyObject* Enter(Handle* handle, PyObject* none) => Take(handle, Deadline.None);

    [Callback]
    private static partial PyObject* EnterWaiting(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        return Answer(handle, SharedLock.Enter(handle->State->Me, LockOf(handle), handle->State->Owner, waits: true));
    }

    [Callback]
    private static partial PyObject* Release(Handle* handle, PyObject* none) => Give(handle);

    [Callback]
    private static partial PyObject* Exit(Handle* handle, PyObject** arguments, nint count) =>
        Leave(handle, arguments, count);

    [Callback]
    private static partial PyObject* Locked(Handle* handle, PyObject* none) => IsLocked(handle);

    /// <summary>Whether a lock is held: True, False, or null with an exception set.</summary>
    internal static PyObject* IsLocked(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedLock.Look(handle->State->Me, LockOf(handle), out LockOwner* owner, out _);
        return status != Status.Done ? LiveErrors.Raise(handle, status)
            : owner != null ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* Reset(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedLock.Reset(handle->State->Me, LockOf(handle));
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }
}

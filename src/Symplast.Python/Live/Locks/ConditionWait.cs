using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The wait of a thread for a <c>Condition</c>, whose lock it holds before and afterwards.</summary>
internal static unsafe class ConditionWait
{
    /// <summary>
    /// Waits until notified or until the deadline. Returns false with an exception set. The lock is held again whatever happens,
    /// unless an exception has interrupted the wait for it, or it, or the condition's pool, was deleted. The caller holds
    /// references to both handles.
    /// </summary>
    internal static bool TryWait(Handle* handle, Handle* held, long deadline, out bool wasNotified)
    {
        wasNotified = false;
        LockOwner* owner = LockMethods.OwnerOf(held);
        if (owner == null || !LockMethods.CheckHeld(held, owner, "cannot wait on un-acquired lock")) return false;
        LiveState* state = handle->State;
        // In memory of its own: it is in the lot while the GIL is awaited, where CPython may end the thread and its stack.
        Waiter* waiter = (Waiter*)NativeMemory.Alloc((nuint)sizeof(Waiter));
        *waiter = Waiter.Of(state->Id);
        nuint happening = SharedCondition.Event((SharedCondition*)handle->Shared);
        // Before the lock is released: whoever notifies holds the lock, so it finds the waiter.
        ParkingLot.Add(waiter, happening, Heap.Of(handle->Shared));
        Status status = SharedLock.Leave(state->Me, LockMethods.LockOf(held), owner, out long depth);
        if (status != Status.Done)
        {
            ParkingLot.Remove(waiter);
            NativeMemory.Free(waiter);
            return LiveErrors.Raise(held, status) != null;
        }
        bool goesOn = Sleep(handle, waiter, deadline);
        wasNotified = !ParkingLot.Remove(waiter);
        NativeMemory.Free(waiter);
        // A notification that this thread does not use is another one's.
        if (!goesOn && wasNotified) ParkingLot.Unpark(happening);
        bool isDeleted = goesOn && LiveMethods.IsDeleted(handle);
        // Then nobody could release the lock by means of the condition.
        if (isDeleted && (handle->Shared == null || PoolHeap.IsDeleted(Heap.Of(handle->Shared))))
            return LiveErrors.RaiseDeleted(handle) != null;
        bool isHeld = Retake(held, owner, depth, goesOn);
        return isHeld && goesOn && (!isDeleted || LiveErrors.RaiseDeleted(handle) != null);
    }

    // Returns when the waiter was unparked or the deadline has come; false with an exception set.
    static bool Sleep(Handle* handle, Waiter* waiter, long deadline)
    {
        InterpreterState? interpreter = handle->State->Interpreter;
        ParkOutcome outcome = ParkOutcome.Alerted;
        SignalWatch watch = default;
        while (!Waiter.WasUnparked(waiter) && outcome != ParkOutcome.TimedOut && !LiveMethods.IsDeleted(handle))
        {
            // An interrupt that comes after this alerts the waiter, which is in the lot already.
            if (interpreter is null || !Checkpoint.Pass(interpreter)) return false;
            void* thread = Api.Table.PyEval_SaveThread();
            outcome = Waiting.Sleep(waiter, deadline, ref watch);
            Api.Table.PyEval_RestoreThread(thread);
        }
        return true;
    }

    // Takes the lock again, as deep as it was, because the code around the wait will release it. An interrupt that comes
    // meanwhile is raised afterwards; the second one ends this, too. Keeps the exception that is set unless the wait went on.
    // Returns false with an exception set.
    static bool Retake(Handle* held, LockOwner* owner, long depth, bool goesOn)
    {
        ref Api api = ref Api.Table;
        PyObject* raised = goesOn ? null : api.PyErr_GetRaisedException();
        bool wasAbandoned = false, wasInterrupted = false;
        Status status;
        bool done;
        while (true)
        {
            done = LockMethods.Await(held, owner, Deadline.None, out status);
            if (done && status != Status.Abandoned) break;
            // After an owner has ended, the lock is free. This thread takes it nevertheless, since its caller will release it.
            if (done) wasAbandoned = true;
            else
            {
                PyObject* late = api.PyErr_GetRaisedException();
                if (raised == null) raised = late;
                else References.Drop(late);
                if (wasInterrupted) break;
                wasInterrupted = true;
            }
        }
        if (done && status == Status.Done) SharedLock.Restore(held->State->Me, LockMethods.LockOf(held), depth);
        else if (done) LiveErrors.Raise(held, status);
        if (done && status == Status.Done && wasAbandoned)
            LockMethods.RaiseAbandoned(held, "this thread holds it now, and what it protects may be half changed");
        if (raised == null) return api.PyErr_Occurred() == null;
        // What interrupted the wait comes first.
        api.PyErr_SetRaisedException(raised);
        return false;
    }
}

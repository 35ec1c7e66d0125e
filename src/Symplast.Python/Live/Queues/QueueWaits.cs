using System.Runtime.CompilerServices;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What threads wait for at a queue. An element is taken with the GIL held, and nothing between the taking and the return to the
/// caller can raise, so no element is lost by a signal, a timeout or the end of the interpreter.
/// </summary>
internal static unsafe class QueueWaits
{
    /// <summary>Takes the first element, with the reference that the queue held, and pins its pool.</summary>
    internal struct Getting : Waiting.IAttempt
    {
        internal Value Value;
        internal PoolHeap* Held;

        /// <summary>Also <see cref="Status.Refused"/>, if the element's class is not known yet.</summary>
        public Status Try(Handle* handle)
        {
            if (!IsOpen(handle)) return Status.Deleted;
            LiveState* state = handle->State;
            SharedQueue* queue = QueueType.QueueOf(handle);
            Section section = Section.Enter(state->Me);
            Status status = SharedQueue.Take(state->Me, queue, UnknownClasses.Guard(state), out Value, out bool wakes);
            Held = status == Status.Done ? Outgoing.Hold(Value) : null;
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            QueueWaiting.Signal(queue, QueueSide.Room, wakes);
            return status;
        }
    }

    /// <summary>Puts a value, whose reference passes to the queue.</summary>
    internal readonly struct Putting(Value value) : Waiting.IAttempt
    {
        public Status Try(Handle* handle)
        {
            if (!IsOpen(handle)) return Status.Deleted;
            LiveState* state = handle->State;
            SharedQueue* queue = QueueType.QueueOf(handle);
            Section section = Section.Enter(state->Me);
            Status status = SharedQueue.Give(state->Me, queue, value, out bool wakes);
            section.Exit(state->Me);
            QueueWaiting.Signal(queue, QueueSide.Items, wakes);
            return status;
        }
    }

    /// <summary>Whether all elements are finished.</summary>
    internal struct Joining : Waiting.IAttempt
    {
        public readonly Status Try(Handle* handle)
        {
            if (!IsOpen(handle)) return Status.Deleted;
            Status status = SharedQueue.Unfinished(handle->State->Me, QueueType.QueueOf(handle), out long count);
            return status == Status.Done && count != 0 ? Status.Missing : status;
        }
    }

    /// <summary>
    /// Tries until the attempt does not return Missing any more, or the deadline has come (TimedOut). Returns false with an
    /// exception set if a signal handler, a pending call or an interrupt raises.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool For<TAttempt>(Handle* handle, QueueSide side, ref TAttempt attempt, long deadline, out Status status)
        where TAttempt : struct, Waiting.IAttempt
    {
        status = attempt.Try(handle);
        if (status != Status.Missing) return true;
        if (deadline != Deadline.Now) return Park(handle, side, ref attempt, deadline, out status);
        status = Status.TimedOut;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Park<TAttempt>(Handle* handle, QueueSide side, ref TAttempt attempt, long deadline, out Status status)
        where TAttempt : struct, Waiting.IAttempt
    {
        SharedQueue* queue = QueueType.QueueOf(handle);
        nuint happening = QueueWaiting.Happening(queue, side);
        // Those that put or take meanwhile find nobody to wake.
        if (SpinHabits.Retry(handle, happening, ref attempt, out status)) return true;
        QueueWaiting.BeginWait(handle->State->Me, queue, side);
        bool passed = Waiting.Park(handle, happening, ref attempt, deadline, out status);
        // A thread that CPython ends while it waits stays counted. Those who signal then look into the parking lot in vain.
        if (IsOpen(handle)) QueueWaiting.EndWait(handle->State->Me, queue, side);
        return passed;
    }

    // Whether the interpreter goes on, and this is not a forked child.
    static bool IsOpen(Handle* handle) => handle->Shared != null && !ForkGuard.IsForkedChild;
}

using System.Diagnostics;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Waits for events of live objects, in the <see cref="ParkingLot"/>: without the GIL, without polling, and so that signals,
/// interrupts, timeouts and deletion end it.
/// </summary>
internal static unsafe class Waiting
{
    /// <summary>What is waited for.</summary>
    internal interface IAttempt
    {
        /// <summary>
        /// Tries once, with the GIL held. Returns <see cref="Status.Missing"/> to go on waiting. Runs no Python code and sets no
        /// exception, so nothing stands between a success and the caller's return.
        /// </summary>
        Status Try(Handle* handle);
    }

    /// <summary>
    /// Tries until the attempt does not return Missing any more, or <paramref name="deadline"/> has come (<see cref="Deadline"/>;
    /// TimedOut). Sleeps between two attempts until <paramref name="happening"/> is signalled, which is an address in the
    /// handle's object or another number that belongs to it. Returns false with an exception set, if a signal handler, a pending
    /// call or an interrupt of this thread raises. The caller holds a reference to the handle.
    /// </summary>
    internal static bool For<TAttempt>(Handle* handle, nuint happening, ref TAttempt attempt, long deadline, out Status status)
        where TAttempt : struct, IAttempt
    {
        status = attempt.Try(handle);
        if (status != Status.Missing) return true;
        if (deadline == Deadline.Now)
        {
            status = Status.TimedOut;
            return true;
        }
        if (SpinHabits.Retry(handle, happening, ref attempt, out status)) return true;
        return Park(handle, happening, ref attempt, deadline, out status);
    }

    /// <summary>
    /// <see cref="For"/>, after an attempt that returned Missing, with a deadline that is not <see cref="Deadline.Now"/>.
    /// </summary>
    internal static bool Park<TAttempt>(Handle* handle, nuint happening, ref TAttempt attempt, long deadline, out Status status)
        where TAttempt : struct, IAttempt
    {
        Waiter waiter = Waiter.Of(handle->State->Id);
        InterpreterState? interpreter = handle->State->Interpreter;
        ParkOutcome outcome = ParkOutcome.Alerted;
        SignalWatch watch = default;
        for (bool spins = true; ; spins = false)
        {
            ParkingLot.Add(&waiter, happening, Heap.Of(handle->Shared));
            status = attempt.Try(handle);
            if (status != Status.Missing) break;
            if (outcome == ParkOutcome.TimedOut)
            {
                status = Status.TimedOut;
                break;
            }
            // An interrupt that comes after this alerts the waiter, which is in the lot already.
            if (interpreter == null || !Checkpoint.Pass(interpreter))
            {
                Leave(&waiter, happening);
                return false;
            }
            void* thread = Api.Table.PyEval_SaveThread();
            // A signal would not end a sleep that begins after it, so signals that came during the spinning are looked for.
            if (!spins || !SpinHabits.SpinInVain(&waiter, happening)) outcome = Sleep(&waiter, deadline, ref watch);
            // Before the GIL is awaited: CPython may end the thread there, and with it the stack on which the waiter lies.
            if (!ParkingLot.Remove(&waiter)) outcome = ParkOutcome.Unparked;
            Api.Table.PyEval_RestoreThread(thread);
            // What is to be raised comes before the attempt, so that its success is not lost.
            if (!Checkpoint.Pass(interpreter))
            {
                if (outcome == ParkOutcome.Unparked) ParkingLot.Unpark(happening);
                return false;
            }
            status = attempt.Try(handle);
            if (status != Status.Missing) return true;
        }
        Leave(&waiter, happening);
        return true;
    }

    /// <summary>
    /// <see cref="ParkingLot.Sleep"/> for a thread that handles signals between its sleeps. Without the GIL. The outcome is
    /// Alerted, too, when it is time to look for signals.
    /// </summary>
    internal static ParkOutcome Sleep(Waiter* waiter, long deadline, ref SignalWatch watch)
    {
        long end = watch.Until(deadline, Stopwatch.GetTimestamp());
        ParkOutcome outcome = ParkingLot.Sleep(waiter, end);
        return outcome == ParkOutcome.TimedOut && end < deadline ? ParkOutcome.Alerted : outcome;
    }

    // A waiter that was unparked in the meantime passes the wake on.
    static void Leave(Waiter* waiter, nuint happening)
    {
        if (!ParkingLot.Remove(waiter)) ParkingLot.Unpark(happening);
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>An event of a queue. Its address names it in the <see cref="ParkingLot"/>.</summary>
internal struct QueueEvent
{
    /// <summary>The number of threads that wait, or are about to.</summary>
    internal int Waiters;
}

/// <summary>The event of a queue for which a thread waits.</summary>
public enum QueueSide
{
    /// <summary>There is an element to take.</summary>
    Items,

    /// <summary>There is room to put an element.</summary>
    Room,

    /// <summary>All elements that were put have been finished.</summary>
    Finished,
}

/// <summary>Waits for an element of a queue, for room, or until all elements are finished. All methods are thread-safe.</summary>
/// <remarks>
/// <para>A waiter counts itself, enters the <see cref="ParkingLot"/>, tries again, and sleeps. The other side does its part and
/// then reads the number of waiters; if there are any, it unparks one. The number costs a putter one read and no fence. A put
/// and a take linearize by an interlocked exchange of the ring's Tail or Head. The waiter's next try reads this word when it
/// finds nothing. If the exchange comes before this read, the waiter waits in the ring for the cell. Otherwise it comes after
/// the waiter has counted itself, and the other side reads a number that includes the waiter. (D. Vyukov's eventcount and
/// folly's need a fence here, because their queues may look empty after a put.)</para>
/// <para>An element wakes one waiter. A waiter that was unparked but leaves without its element, or has taken another one,
/// unparks the next.</para>
/// </remarks>
public static unsafe class QueueWaiting
{
    /// <summary>The number of an event in the <see cref="ParkingLot"/>.</summary>
    // Not by the field: the address of one is taken only after a load from the queue, whose memory may have gone with its pool.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Happening(SharedQueue* queue, QueueSide side) => (nuint)queue + (nuint)(side switch
    {
        QueueSide.Items => SharedQueue.ItemsOffset,
        QueueSide.Room => SharedQueue.RoomOffset,
        _ => SharedQueue.FinishedOffset,
    });

    /// <summary>
    /// Counts the caller as a waiter, before it enters the <see cref="ParkingLot"/> and tries again. Afterwards it calls
    /// <see cref="EndWait"/>. It holds a reference to the queue all the time. Thread-safe, not inside a section.
    /// </summary>
    public static void BeginWait(Participant* me, SharedQueue* queue, QueueSide side) => Count(me, queue, side, 1);

    /// <summary>Counts one waiter less. Not inside a section.</summary>
    public static void EndWait(Participant* me, SharedQueue* queue, QueueSide side) => Count(me, queue, side, -1);

    static void Count(Participant* me, SharedQueue* queue, QueueSide side, int change)
    {
        Epoch.Enter(me);
        Interleaving.Point();
        // Full fence: pairs with the read in HasWaiters, through the exchanges of Tail, Head and Finished.
        if (!PoolHeap.IsDeleted(Heap.Of(queue)))
            Interlocked.Add(ref ((QueueEvent*)Happening(queue, side))->Waiters, change);
        Epoch.Exit(me);
    }

    /// <summary>
    /// Wakes waiters, if <paramref name="isAwaited"/>: so many of those that have waited longest. Not inside a section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Signal(SharedQueue* queue, QueueSide side, bool isAwaited, int most = 1)
    {
        if (isAwaited) ParkingLot.Unpark(Happening(queue, side), most);
    }

    /// <summary>Makes all waiters try again, and return if their cancellation was requested. Not inside a section.</summary>
    public static void Interrupt(SharedQueue* queue)
    {
        Signal(queue, QueueSide.Items, true, int.MaxValue);
        Signal(queue, QueueSide.Room, true, int.MaxValue);
        Signal(queue, QueueSide.Finished, true, int.MaxValue);
    }

    /// <summary>
    /// Takes the first element with the reference that the queue held. Waits for an element at most
    /// <paramref name="nanoseconds"/> (negative: no limit), or until <paramref name="cancelled"/> (may be null) is not 0 at an
    /// <see cref="Interrupt"/>; the status is then TimedOut. Not called inside a section or with a GIL.
    /// </summary>
    public static Status Take(Participant* me, SharedQueue* queue, out Value value, long nanoseconds, int* cancelled)
    {
        Taking taking = default;
        Status status = Repeat(me, queue, ref taking, QueueSide.Items, nanoseconds, cancelled);
        value = taking.Taken;
        return status;
    }

    /// <summary>
    /// Puts an element at the end; waits for room as <see cref="Take(Participant*, SharedQueue*, out Value, long, int*)"/> does
    /// for an element.
    /// </summary>
    public static Status Put(Participant* me, SharedQueue* queue, Value value, long nanoseconds, int* cancelled)
    {
        Putting putting = new(value);
        return Repeat(me, queue, ref putting, QueueSide.Room, nanoseconds, cancelled);
    }

    /// <summary>
    /// Waits until all elements that were put are finished; otherwise like
    /// <see cref="Take(Participant*, SharedQueue*, out Value, long, int*)"/>.
    /// </summary>
    public static Status Join(Participant* me, SharedQueue* queue, long nanoseconds, int* cancelled)
    {
        Joining joining = default;
        return Repeat(me, queue, ref joining, QueueSide.Finished, nanoseconds, cancelled);
    }

    interface IAttempt
    {
        Status Try(Participant* me, SharedQueue* queue);
    }

    struct Taking : IAttempt
    {
        internal Value Taken;

        public Status Try(Participant* me, SharedQueue* queue) => SharedQueue.TryTake(me, queue, out Taken);
    }

    readonly struct Putting(Value value) : IAttempt
    {
        public Status Try(Participant* me, SharedQueue* queue) => SharedQueue.TryPut(me, queue, value);
    }

    struct Joining : IAttempt
    {
        public readonly Status Try(Participant* me, SharedQueue* queue)
        {
            Status status = SharedQueue.Unfinished(me, queue, out long count);
            return status == Status.Done && count != 0 ? Status.Missing : status;
        }
    }

    static Status Repeat<TAttempt>(
        Participant* me, SharedQueue* queue, ref TAttempt attempt, QueueSide side, long nanoseconds, int* cancelled)
        where TAttempt : struct, IAttempt
    {
        Debug.Assert(!Epoch.IsInside(me));
        Status status = attempt.Try(me, queue);
        // Another thread that runs answers within a microsecond or two; to be woken takes more than ten.
        for (int i = 0; i < QueueSizes.Spins && status == Status.Missing && nanoseconds != 0; i++)
        {
            Thread.SpinWait(8);
            status = attempt.Try(me, queue);
        }
        if (status != Status.Missing) return status;
        if (nanoseconds == 0) return Status.TimedOut;
        long deadline = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + nanoseconds;
        BeginWait(me, queue, side);
        status = Park(me, queue, ref attempt, side, deadline, cancelled);
        EndWait(me, queue, side);
        return status;
    }

    static Status Park<TAttempt>(
        Participant* me, SharedQueue* queue, ref TAttempt attempt, QueueSide side, long deadline, int* cancelled)
        where TAttempt : struct, IAttempt
    {
        Waiter waiter = Waiter.Of(me);
        ParkOutcome outcome = ParkOutcome.Alerted;
        Status status;
        while (true)
        {
            ParkingLot.Add(&waiter, Happening(queue, side), Heap.Of(queue));
            status = QueueAtomics.WaiterTriesAgain ? attempt.Try(me, queue) : Status.Missing;
            if (status != Status.Missing) break;
            if (outcome == ParkOutcome.TimedOut || cancelled != null && Volatile.Read(ref *cancelled) != 0)
            {
                status = Status.TimedOut;
                break;
            }
            outcome = ParkingLot.Sleep(&waiter, deadline);
            if (!ParkingLot.Remove(&waiter)) outcome = ParkOutcome.Unparked;
            status = attempt.Try(me, queue);
            if (status != Status.Missing) return status;
        }
        if (!ParkingLot.Remove(&waiter)) QueueAtomics.PassWakeOn(queue, side);
        return status;
    }
}

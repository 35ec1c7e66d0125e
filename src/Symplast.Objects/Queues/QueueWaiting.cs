using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>An event for which threads wait: a futex word that changes at each event, and the number of waiters.</summary>
internal struct QueueEvent
{
    internal int Sequence;
    internal int Waiters;
}

/// <summary>The event of a queue for which a thread waits.</summary>
public enum QueueSide
{
    /// <summary>There is an element to take.</summary>
    Items,

    /// <summary>There is room to put an element.</summary>
    Room,
}

/// <summary>Waits for an element of a queue or for room. All methods are thread-safe.</summary>
/// <remarks>
/// The algorithm is an eventcount (D. Vyukov; folly's EventCount). A waiter counts itself, reads the sequence as its ticket,
/// tries again, and sleeps as long as the sequence equals the ticket. The other side passes an element on and then reads the
/// number of waiters; if there are any, it changes the sequence and wakes one. To order this read after the element became
/// visible would need a fence for every element. Instead, the waiter makes all threads execute a fence (<c>membarrier</c>) after
/// it has counted itself. A thread that read the number before the fence had passed its element on before, so the waiter's next
/// try finds the element. A thread that stops waiting wakes another waiter if an element is left, because the wake may have been
/// meant for that waiter.
/// </remarks>
public static unsafe class QueueWaiting
{
    internal const long Slice = 50_000_000;

    /// <summary>
    /// Begins a wait: counts the caller as a waiter and gives it a ticket. The caller then tries again, sleeps with
    /// <see cref="Wait"/>, tries again, and so on, and calls <see cref="EndWait"/> in any case. It must hold a reference to the
    /// queue all the time.
    /// </summary>
    public static Status BeginWait(Participant* me, SharedQueue* queue, QueueSide side, out int ticket)
    {
        ticket = 0;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        if (status == Status.Done)
        {
            QueueEvent* awaited = EventOf(queue, side);
            Interleaving.Point();
            // Pairs with the read in Signal, through the barrier.
            Interlocked.Increment(ref awaited->Waiters);
            // Pairs with the order of the element and the read in Signal: the element of a thread that does not see the waiter is
            // visible.
            Interlocked.MemoryBarrierProcessWide();
            Interleaving.Point();
            // Acquire: pairs with the increment in Wake. The caller's next try comes after it.
            ticket = Volatile.Read(ref awaited->Sequence);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Sleeps until the event may have happened since the ticket was drawn (Done), the time in nanoseconds is up (TimedOut), or a
    /// signal arrives (either status), and draws another ticket. Not called inside a section. No GIL may be held during this
    /// call. Deletion of the queue wakes sleeping threads, but deletion of its pool does not, so callers must sleep in slices.
    /// </summary>
    public static Status Wait(Participant* me, SharedQueue* queue, QueueSide side, ref int ticket, long nanoseconds)
    {
        QueueEvent* awaited = EventOf(queue, side);
        int old = ticket;
        Interleaving.Point();
        // A cast, as in EventOf. The memory may be gone; the kernel then returns at once.
        Interleaving.Sleep((int*)awaited, old, nanoseconds);
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        // Acquire: pairs with the increment in Wake; the caller's next try comes after it.
        if (status == Status.Done) ticket = Volatile.Read(ref awaited->Sequence);
        Epoch.Exit(me);
        return status == Status.Done && ticket == old ? Status.TimedOut : status;
    }

    /// <summary>Ends a wait that <see cref="BeginWait"/> began.</summary>
    public static void EndWait(Participant* me, SharedQueue* queue, QueueSide side)
    {
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(queue)))
        {
            QueueEvent* awaited = EventOf(queue, side);
            Interleaving.Point();
            // Full fence: a thread that signals from here on sees one waiter less.
            int others = Interlocked.Decrement(ref awaited->Waiters);
            // The wake may have been meant for one of the other waiters.
            if (others > 0 && (side == QueueSide.Items ? LooksTakeable(queue) : LooksPuttable(queue))) Wake(awaited, 1);
        }
        Epoch.Exit(me);
    }

    /// <summary>Makes all waiters try again, and return if their cancellation was requested.</summary>
    public static Status Interrupt(Participant* me, SharedQueue* queue)
    {
        Epoch.Enter(me);
        bool isGone = PoolHeap.IsDeleted(Heap.Of(queue));
        if (!isGone)
        {
            Wake(EventOf(queue, QueueSide.Items), int.MaxValue);
            Wake(EventOf(queue, QueueSide.Room), int.MaxValue);
        }
        Epoch.Exit(me);
        return isGone ? Status.Deleted : Status.Done;
    }

    /// <summary>
    /// Takes the first element with the reference that the queue held. Waits for an element at most
    /// <paramref name="nanoseconds"/> (negative: no limit), or until <paramref name="cancelled"/> (may be null) is not 0; the
    /// status is then TimedOut. <paramref name="cancelled"/> is checked every 50 ms and at every <see cref="Interrupt"/>. Not
    /// called inside a section or with a GIL.
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
        long start = Stopwatch.GetTimestamp();
        status = QueueAtomics.BeginWait(me, queue, side, out int ticket);
        if (status != Status.Done) return status;
        while ((status = attempt.Try(me, queue)) == Status.Missing)
        {
            long left = nanoseconds < 0 ? Slice : nanoseconds - Stopwatch.GetElapsedTime(start).Ticks * 100;
            if (left <= 0 || (cancelled != null && Volatile.Read(ref *cancelled) != 0))
            {
                status = Status.TimedOut;
                break;
            }
            Wait(me, queue, side, ref ticket, Math.Min(left, Slice));
        }
        EndWait(me, queue, side);
        return status;
    }

    // After an element, or room for one, was passed on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Signal(QueueEvent* happened)
    {
        Interleaving.Point();
        if (QueueAtomics.HasWaiters(happened)) Wake(happened, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Wake(QueueEvent* happened, int count)
    {
        Interleaving.Point();
        // Full fence; pairs with the readings in BeginWait and Wait. Who is about to sleep finds another number than its ticket.
        Interlocked.Increment(ref happened->Sequence);
        Futex.Wake(&happened->Sequence, count);
    }

    static bool LooksTakeable(SharedQueue* queue)
    {
        QueueRing* first = (QueueRing*)Volatile.Read(ref *(nint*)&queue->First);
        return first == null || first->Next != null || QueueRing.Count(first) > 0;
    }

    static bool LooksPuttable(SharedQueue* queue)
    {
        QueueRing* last = (QueueRing*)Volatile.Read(ref *(nint*)&queue->Last);
        return last == null || queue->Capacity == 0 || QueueRing.Count(last) < (long)last->Size;
    }

    // Not by the field: the address of one is taken only after a load from the queue, whose memory may have gone with its pool.
    static QueueEvent* EventOf(SharedQueue* queue, QueueSide side) =>
        (QueueEvent*)((byte*)queue + (side == QueueSide.Items ? SharedQueue.ItemsOffset : SharedQueue.RoomOffset));
}

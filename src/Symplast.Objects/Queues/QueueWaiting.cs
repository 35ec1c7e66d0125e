using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>What threads wait for: a futex word that changes when it happens, and how many wait.</summary>
internal struct QueueEvent
{
    internal int Sequence;
    internal int Waiters;
}

/// <summary>Which event of a queue a thread waits for.</summary>
public enum QueueSide
{
    /// <summary>That there is something to take.</summary>
    Items,

    /// <summary>That there is room to put something.</summary>
    Room,
}

/// <summary>Waiting for an element of a queue, or for room. All methods are thread-safe.</summary>
/// <remarks>
/// Waiting is an eventcount (D. Vyukov; folly's EventCount): count oneself as a waiter, read the sequence as a ticket, try
/// again, sleep while the sequence is the ticket. The other side passes an element on, then looks for waiters, and only if there
/// are some changes the sequence and wakes one. That it looks after the element is visible would take a fence for every element;
/// instead the waiter makes all threads execute one (<c>membarrier</c>) after it counted itself: who looked before it had passed
/// its element on before, and the waiter's next try finds it. Who stops waiting wakes another one if there is something left, in
/// case the wake was meant for him.
/// </remarks>
public static unsafe class QueueWaiting
{
    internal const long Slice = 50_000_000;

    /// <summary>
    /// Begins to wait: counts the caller in and gives it a ticket. It then tries again, sleeps with <see cref="Wait"/>, tries
    /// again, and so on, and calls <see cref="EndWait"/> whatever happened. The caller must hold a reference to the queue all the
    /// time.
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
            // Pairs with the reading in Signal, through the barrier.
            Interlocked.Increment(ref awaited->Waiters);
            // Pairs with the order of the element and the reading in Signal: whoever does not see the waiter has passed its
            // element on visibly.
            Interlocked.MemoryBarrierProcessWide();
            Interleaving.Point();
            // Acquire: pairs with the increment in Wake; the caller's next try comes after it.
            ticket = Volatile.Read(ref awaited->Sequence);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Sleeps until what is awaited may have happened since the ticket was drawn (Done), the time is up (nanoseconds; TimedOut),
    /// or a signal arrives (either), and draws another ticket. Not inside a section, and no GIL may be held; it needs to be given
    /// up for this call only. Deleting the queue wakes those who sleep, deleting its pool does not: sleep in slices.
    /// </summary>
    public static Status Wait(Participant* me, SharedQueue* queue, QueueSide side, ref int ticket, long nanoseconds)
    {
        QueueEvent* awaited = EventOf(queue, side);
        int old = ticket;
        Interleaving.Point();
        // A cast, as in EventOf: the kernel may be asked about memory that has gone, and returns at once.
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
            // Full fence: who signals from here on sees one waiter less.
            int others = Interlocked.Decrement(ref awaited->Waiters);
            // The wake may have been for one of these.
            if (others > 0 && (side == QueueSide.Items ? LooksTakeable(queue) : LooksPuttable(queue))) Wake(awaited, 1);
        }
        Epoch.Exit(me);
    }

    /// <summary>Makes all who wait try again, and return if their cancellation was requested.</summary>
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
    /// Takes the first element out, with the reference that the queue held; waits for one at most <paramref name="nanoseconds"/>
    /// (negative: for ever), or until <paramref name="cancelled"/> (may be null) is not 0, which is looked at every 50 ms and at
    /// every <see cref="Interrupt"/>: TimedOut. Not inside a section, and no GIL may be held.
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

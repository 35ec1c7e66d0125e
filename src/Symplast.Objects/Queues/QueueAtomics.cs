using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The steps without which a queue's protocol would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class QueueAtomics
{
    /// <summary>Fills a cell whose position was reserved, and only then passes its turn on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Fill(QueueCell* cell, Value value, ulong turn)
    {
        Interleaving.Point();
        cell->Value = value;
        Interleaving.Point();
        // Release: pairs with the acquire in Take.
        Volatile.Write(ref cell->Turn, turn);
    }

    /// <summary>
    /// Whether the ring is full, whose cell at the tail is not free; otherwise a taker has yet to empty that cell.
    /// </summary>
    // Acquire, after that of Tail, which only grows: the ring is full now if it looks so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsFull(QueueRing* ring, ulong tail) =>
        (long)(tail - (Volatile.Read(ref ring->Head) & ~QueueRing.ClosedBit)) >= (long)ring->Size;

    /// <summary>
    /// Whether the ring is empty, whose cell at the head is not filled; otherwise a putter has yet to fill that cell.
    /// </summary>
    // Acquire, after that of Head, which only grows: the ring is empty now if it looks so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsEmpty(QueueRing* ring, ulong head, out bool isClosed)
    {
        ulong tail = Volatile.Read(ref ring->Tail);
        isClosed = (tail & QueueRing.ClosedBit) != 0;
        return (long)((tail & ~QueueRing.ClosedBit) - head) <= 0;
    }

    /// <summary>Closes a full ring before it gets a successor.</summary>
    internal static void CloseFull(QueueRing* ring) => QueueRing.Close(ring);

    /// <summary>
    /// The successor of a closed and empty ring, or null; and whether the queue was closed before that was read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static QueueRing* Successor(SharedQueue* queue, QueueRing* ring, out bool isClosed)
    {
        // Acquire, before that of the successor: once the queue is closed, there will be none. Deleting sets its own flag before
        // this one.
        isClosed = Volatile.Read(ref queue->IsClosed) != 0;
        Interleaving.Point();
        // Acquire: pairs with the release in Grow.
        return (QueueRing*)Volatile.Read(ref *(nint*)&ring->Next);
    }

    /// <summary>Whether a ring that is to be unlinked is still the first. Under the lock.</summary>
    internal static bool IsFirst(SharedQueue* queue, QueueRing* ring) => queue->First == ring;

    /// <summary>Ends the first ring of a queue that is deleted. Under the lock.</summary>
    internal static ulong EndFirst(SharedQueue* queue) => QueueRing.End(queue->First);

    /// <summary>Whether anybody waits for what happened.</summary>
    // Comes after the release in Fill or Take in this thread's program; that it does for others too is up to the barrier in
    // BeginWait.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasWaiters(QueueEvent* happened) => Volatile.Read(ref happened->Waiters) != 0;

    /// <summary>Counts the caller in and draws its ticket. Its next attempt comes before it sleeps.</summary>
    internal static Status BeginWait(Participant* me, SharedQueue* queue, QueueSide side, out int ticket) =>
        QueueWaiting.BeginWait(me, queue, side, out ticket);
}

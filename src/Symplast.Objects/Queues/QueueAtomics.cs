using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The atomic operations that a queue's protocol needs. Tests compile another file in place of this one, in which each operation
/// can be weakened, moved or left out.
/// </summary>
internal static unsafe class QueueAtomics
{
    /// <summary>Fills a cell whose position was reserved, and then passes the turn on.</summary>
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
    /// Whether a ring whose cell at the tail is not free is full. If it is not full, a taker has yet to empty that cell.
    /// </summary>
    // Acquire, after that of Tail, which only grows: if the ring looks full, it is full now.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsFull(QueueRing* ring, ulong tail) =>
        (long)(tail - (Volatile.Read(ref ring->Head) & ~QueueRing.ClosedBit)) >= (long)ring->Size;

    /// <summary>
    /// Whether a ring whose cell at the head is not filled is empty. If it is not empty, a putter has yet to fill that cell.
    /// </summary>
    // Acquire, after that of Head, which only grows: if the ring looks empty, it is empty now.
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
    /// Returns the successor of a closed and empty ring, or null. Also tells whether the queue was closed before the successor
    /// was read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static QueueRing* Successor(SharedQueue* queue, QueueRing* ring, out bool isClosed)
    {
        // Acquire, before that of the successor: once the queue is closed, no successor is added. Deletion sets its own flag
        // before this one.
        isClosed = Volatile.Read(ref queue->IsClosed) != 0;
        Interleaving.Point();
        // Acquire: pairs with the release in Grow.
        return (QueueRing*)Volatile.Read(ref *(nint*)&ring->Next);
    }

    /// <summary>Whether a ring that is to be unlinked is still the first. Called under the lock.</summary>
    internal static bool IsFirst(SharedQueue* queue, QueueRing* ring) => queue->First == ring;

    /// <summary>Ends the first ring of a queue that is being deleted. Called under the lock.</summary>
    internal static ulong EndFirst(SharedQueue* queue) => QueueRing.End(queue->First);

    /// <summary>
    /// Whether any thread waits for the event. Called after the exchange by which an element or room is passed on.
    /// </summary>
    // Acquire, after that exchange, which is a full fence; pairs with the addition in QueueWaiting.Count.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasWaiters(QueueEvent* happened) => Volatile.Read(ref happened->Waiters) != 0;

    /// <summary>Whether a waiter tries again after it has entered the parking lot.</summary>
    internal static bool WaiterTriesAgain => true;

    /// <summary>Unparks another waiter in place of one that leaves although it was unparked.</summary>
    internal static void PassWakeOn(SharedQueue* queue, QueueSide side) => QueueWaiting.Signal(queue, side, true);
}

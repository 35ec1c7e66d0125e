using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>A cell of a ring: a value, and the turn, which tells the operation that may use the cell next.</summary>
internal struct QueueCell
{
    /// <summary>2p: free for the put at position p. 2p + 1: filled by that put, for the take at position p.</summary>
    internal ulong Turn;

    internal Value Value;
}

/// <summary>A ring of cells for any number of putting and taking threads. The cells follow the struct.</summary>
/// <remarks>
/// <para>The algorithm is D. Vyukov's bounded MPMC queue. A put reserves the position Tail by advancing it, fills the cell and
/// passes the turn on. A take does likewise at Head. Turns count in steps of two, so that free and filled cells differ even in a
/// ring of one cell; any size is possible.</para>
/// <para>Unlike in the original, a thread that finds a reserved cell not yet filled, or not yet emptied, waits for the thread
/// that reserved it. Otherwise a queue could look empty after a put has ended (.NET's ConcurrentQueueSegment waits, too). The
/// linearization point of a put or a take is the advance of Tail or Head.</para>
/// <para>Closing sets the top bit of Tail, so that no put can advance it any more. A closed ring with Head = Tail stays empty.
/// Ending sets the top bit of Head as well. The elements that are left then belong to the thread that ended the ring. Deletion
/// cannot simply take the remaining elements: a concurrent take could then get an element that comes after a deleted one.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal unsafe struct QueueRing
{
    const int SpinsPerYield = 32;

    /// <summary>Set in Tail: no put succeeds any more. Set in Head: no take succeeds any more.</summary>
    internal const ulong ClosedBit = 1UL << 63;

    [FieldOffset(0)]
    internal ulong Size;

    /// <summary>Size - 1 for powers of two, otherwise 0.</summary>
    [FieldOffset(8)]
    internal ulong Mask;

    /// <summary>The successor, which is filled when this ring is closed.</summary>
    [FieldOffset(16)]
    internal QueueRing* Next;

    /// <summary>The number of elements that were put into the rings before this one.</summary>
    [FieldOffset(24)]
    internal ulong Base;

    // Head and Tail are 128 bytes apart, because the processor fetches pairs of cache lines.
    [FieldOffset(128)]
    internal ulong Tail;

    [FieldOffset(256)]
    internal ulong Head;

    /// <summary>Returns an empty ring, or null if there is no memory.</summary>
    internal static QueueRing* Create(Participant* me, PoolHeap* heap, ulong size)
    {
        QueueRing* ring = (QueueRing*)Heap.Allocate(me, heap, (nuint)sizeof(QueueRing) + (nuint)size * (nuint)sizeof(QueueCell));
        if (ring == null) return null;
        *ring = default;
        ring->Size = size;
        ring->Mask = BitOperations.IsPow2(size) ? size - 1 : 0;
        for (ulong i = 0; i < size; i++) ((QueueCell*)(ring + 1))[i] = new QueueCell { Turn = 2 * i };
        return ring;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static QueueCell* CellAt(QueueRing* ring, ulong position) =>
        (QueueCell*)(ring + 1) + (ring->Mask != 0 ? position & ring->Mask : position % ring->Size);

    /// <summary>Puts an element. Returns Done, Missing if the ring is full, or Closed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Put(QueueRing* ring, Value value)
    {
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges on Tail. If the value is out of date, the exchange fails.
            ulong tail = Volatile.Read(ref ring->Tail);
            if ((tail & ClosedBit) != 0) return Status.Closed;
            QueueCell* cell = CellAt(ring, tail);
            Interleaving.Point();
            // Acquire: pairs with the release in Take. The cell's previous value has been read.
            ulong turn = Volatile.Read(ref cell->Turn);
            long ahead = (long)(turn - 2 * tail);
            if (ahead == 0)
            {
                Interleaving.Point();
                // Full fence: pairs with that of Close. Either this position is before the end, or the bit makes the exchange
                // fail.
                if (Interlocked.CompareExchange(ref ring->Tail, tail + 1, tail) != tail) continue;
                QueueAtomics.Fill(cell, value, 2 * tail + 1);
                return Status.Done;
            }
            if (ahead > 0) continue;
            Interleaving.Point();
            if (QueueAtomics.IsFull(ring, tail)) return Status.Missing;
            // A take has reserved the position a round earlier, but has not emptied the cell yet.
            AwaitTurn(cell, turn);
        }
    }

    /// <summary>
    /// Takes an element. Returns Done, Missing if the ring is empty, Closed if it stays empty, Deleted if it was ended, or
    /// Refused if the guard refuses the first element.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Take(QueueRing* ring, in ValueGuard guard, out Value value)
    {
        value = default;
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges on Head. If the value is out of date, the exchange fails.
            ulong head = Volatile.Read(ref ring->Head);
            if ((head & ClosedBit) != 0) return Status.Deleted;
            QueueCell* cell = CellAt(ring, head);
            Interleaving.Point();
            // Acquire: pairs with the release in Fill; the value is there.
            ulong turn = Volatile.Read(ref cell->Turn);
            long ahead = (long)(turn - (2 * head + 1));
            if (ahead == 0)
            {
                Interleaving.Point();
                // If another thread takes the element first, the cell may hold a later one, but then the exchange fails. No
                // element that was in the ring in this section is freed before the section ends.
                Value first = cell->Value;
                if (!guard.Accepts(first)) return Status.Refused;
                Interleaving.Point();
                // Full fence: pairs with that of End. From here on the cell belongs to this thread.
                if (Interlocked.CompareExchange(ref ring->Head, head + 1, head) != head) continue;
                value = first;
                Interleaving.Point();
                // Release: pairs with the acquire in Put, a round later.
                Volatile.Write(ref cell->Turn, 2 * (head + ring->Size));
                return Status.Done;
            }
            if (ahead > 0) continue;
            Interleaving.Point();
            if (QueueAtomics.IsEmpty(ring, head, out bool isClosed)) return isClosed ? Status.Closed : Status.Missing;
            // A put has reserved the position, but has not filled the cell yet.
            AwaitTurn(cell, turn);
        }
    }

    // Waits for the thread that reserved a cell's position. The wait lasts a few instructions unless that thread was preempted.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void AwaitTurn(QueueCell* cell, ulong turn)
    {
        int turns = 0;
        do
        {
            Interleaving.Spin();
            if (++turns % SpinsPerYield == 0) Thread.Yield();
            else Thread.SpinWait(4);
        }
        // The caller reads the turn again, with the acquire that it needs.
        while (Volatile.Read(ref cell->Turn) == turn);
    }

    /// <summary>Closes a ring: no put succeeds any more.</summary>
    // Full fence: pairs with the exchange in Put.
    internal static void Close(QueueRing* ring) => Interlocked.Or(ref ring->Tail, ClosedBit);

    /// <summary>Ends a ring: no take succeeds any more. Returns the position of the first element that is left.</summary>
    // Full fence: pairs with the exchange in Take.
    internal static ulong End(QueueRing* ring) => Interlocked.Or(ref ring->Head, ClosedBit);

    /// <summary>The number of elements that were put into this ring and those before it.</summary>
    // Acquire: pairs with the exchanges on Tail.
    internal static ulong Puts(QueueRing* ring) => ring->Base + (Volatile.Read(ref ring->Tail) & ~ClosedBit);

    /// <summary>
    /// The element at a position of a ring that was closed and ended, or an empty value after the last element. Called by the
    /// thread that ended the ring.
    /// </summary>
    internal static Value Left(QueueRing* ring, ulong position)
    {
        if (position == (ring->Tail & ~ClosedBit)) return default;
        QueueCell* cell = CellAt(ring, position);
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in Fill; the value is there.
            ulong turn = Volatile.Read(ref cell->Turn);
            if (turn == 2 * position + 1) return cell->Value;
            AwaitTurn(cell, turn);
        }
    }

    /// <summary>The number of elements at one moment.</summary>
    internal static long Count(QueueRing* ring)
    {
        while (true)
        {
            Interleaving.Point();
            // Acquires, in this order. If the head is the same before and after, it had this value when the tail was read.
            ulong head = Volatile.Read(ref ring->Head);
            Interleaving.Point();
            ulong tail = Volatile.Read(ref ring->Tail);
            Interleaving.Point();
            if (Volatile.Read(ref ring->Head) == head) return (long)((tail & ~ClosedBit) - (head & ~ClosedBit));
        }
    }
}

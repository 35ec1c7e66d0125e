using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>A place of a ring: a value, and whose turn it is.</summary>
internal struct QueueCell
{
    /// <summary>2p: free for the put at position p. 2p + 1: filled by it, for the take at p.</summary>
    internal ulong Turn;

    internal Value Value;
}

/// <summary>A ring of cells that any number of threads put into and take from; the cells follow the struct.</summary>
/// <remarks>
/// <para>D. Vyukov's bounded MPMC queue. A put reserves the position Tail by advancing it, fills the cell and passes the turn on;
/// a take does the same at Head. Turns count in steps of two, so that a ring of one cell knows free from filled, and any size
/// will do.</para>
/// <para>Unlike the original, who finds a cell not yet filled, or not yet emptied, whose position was reserved waits for the
/// thread that reserved it: else a queue could look empty after a put had ended (.NET's ConcurrentQueueSegment does the same).
/// Puts and takes take effect when they advance Tail or Head.</para>
/// <para>Closing sets the top bit of Tail, so that no put can advance it any more; a closed ring with Head = Tail stays empty.
/// Ending sets that of Head too: what is left then belongs to whoever ended it. A thread that deletes could not simply take what
/// is left as others do: a take that began before could get what comes after something deleted.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal unsafe struct QueueRing
{
    const int SpinsPerYield = 32;

    /// <summary>In Tail: no more puts. In Head: no more takes.</summary>
    internal const ulong ClosedBit = 1UL << 63;

    [FieldOffset(0)]
    internal ulong Size;

    /// <summary>Size - 1 for powers of two, otherwise 0.</summary>
    [FieldOffset(8)]
    internal ulong Mask;

    /// <summary>The ring that is filled once this one is closed.</summary>
    [FieldOffset(16)]
    internal QueueRing* Next;

    // Each 128 bytes from the other: pairs of cache lines are fetched together.
    [FieldOffset(128)]
    internal ulong Tail;

    [FieldOffset(256)]
    internal ulong Head;

    /// <summary>An empty ring, or null if there is no memory.</summary>
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

    /// <summary>Done, Missing if the ring is full, or Closed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Put(QueueRing* ring, Value value)
    {
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges on Tail. It may be out of date: then the exchange fails.
            ulong tail = Volatile.Read(ref ring->Tail);
            if ((tail & ClosedBit) != 0) return Status.Closed;
            QueueCell* cell = CellAt(ring, tail);
            Interleaving.Point();
            // Acquire: pairs with the release in Take; the cell's value has been read.
            ulong turn = Volatile.Read(ref cell->Turn);
            long ahead = (long)(turn - 2 * tail);
            if (ahead == 0)
            {
                Interleaving.Point();
                // Full fence; pairs with that of Close: either this position is before the end, or the bit makes the exchange
                // fail.
                if (Interlocked.CompareExchange(ref ring->Tail, tail + 1, tail) != tail) continue;
                QueueAtomics.Fill(cell, value, 2 * tail + 1);
                return Status.Done;
            }
            if (ahead > 0) continue;
            Interleaving.Point();
            if (QueueAtomics.IsFull(ring, tail)) return Status.Missing;
            // Its position was taken, but the taker has not emptied it yet.
            AwaitTurn(cell, turn);
        }
    }

    /// <summary>Done, Missing if the ring is empty, Closed if it will stay so, or Deleted if it was ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Take(QueueRing* ring, out Value value)
    {
        value = default;
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges on Head. It may be out of date: then the exchange fails.
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
                // Full fence; pairs with that of End, and makes the cell ours from here on.
                if (Interlocked.CompareExchange(ref ring->Head, head + 1, head) != head) continue;
                value = cell->Value;
                Interleaving.Point();
                // Release: pairs with the acquire in Put, a round later.
                Volatile.Write(ref cell->Turn, 2 * (head + ring->Size));
                return Status.Done;
            }
            if (ahead > 0) continue;
            Interleaving.Point();
            if (QueueAtomics.IsEmpty(ring, head, out bool isClosed)) return isClosed ? Status.Closed : Status.Missing;
            // Its position was reserved, but the putter has not filled it yet.
            AwaitTurn(cell, turn);
        }
    }

    // Waits for the thread that reserved a cell's position, which is between two instructions unless it was preempted.
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
        // The caller looks again, with the acquire that it needs.
        while (Volatile.Read(ref cell->Turn) == turn);
    }

    /// <summary>No put will succeed any more.</summary>
    // Full fence; pairs with the exchange in Put.
    internal static void Close(QueueRing* ring) => Interlocked.Or(ref ring->Tail, ClosedBit);

    /// <summary>No take will succeed any more. Returns the position of the first element that is left.</summary>
    // Full fence; pairs with the exchange in Take.
    internal static ulong End(QueueRing* ring) => Interlocked.Or(ref ring->Head, ClosedBit);

    /// <summary>
    /// The element at a position of a ring that was closed and ended; empty if there are no more. For the thread that ended it.
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

    /// <summary>Number of elements at one instant.</summary>
    internal static long Count(QueueRing* ring)
    {
        while (true)
        {
            Interleaving.Point();
            // Acquire, in this order: if the head is the same before and after, it was that when the tail was read.
            ulong head = Volatile.Read(ref ring->Head);
            Interleaving.Point();
            ulong tail = Volatile.Read(ref ring->Tail);
            Interleaving.Point();
            if (Volatile.Read(ref ring->Head) == head) return (long)((tail & ~ClosedBit) - (head & ~ClosedBit));
        }
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Waits for changes of a cell. All methods are thread-safe.</summary>
/// <remarks>
/// A waiter counts itself, enters the <see cref="ParkingLot"/>, looks at the word again, and sleeps. An operation that changes
/// the word does so by an interlocked operation, which is a full fence, and then reads the number of waiters. If it finds 0, the
/// waiter has counted itself after that, and the waiter's next look finds the changed word. Whoever does not wait thus pays one
/// read of the cache line that the operation has just changed. All waiters are unparked, since each waits for another value.
/// </remarks>
public static unsafe class CellWaiting
{
    /// <summary>The number of a cell's changes in the <see cref="ParkingLot"/>. Does not touch the cell's memory.</summary>
    // Not by the field: the address of one is taken only after a load from the block, whose memory may have gone with its pool.
    public static nuint Event(AtomicCell* cell) => (nuint)cell + AtomicCell.WaitersOffset;

    /// <summary>
    /// Counts the caller as a waiter, before it enters the <see cref="ParkingLot"/> and looks again. Afterwards it calls
    /// <see cref="End"/>. It holds a reference to the cell all the time. Not inside a section.
    /// </summary>
    public static void Begin(Participant* me, AtomicCell* cell) => Count(me, cell, 1);

    /// <summary>Counts one waiter less. Not inside a section.</summary>
    public static void End(Participant* me, AtomicCell* cell) => Count(me, cell, -1);

    static void Count(Participant* me, AtomicCell* cell, int change)
    {
        Epoch.Enter(me);
        Interleaving.Point();
        if (!PoolHeap.IsDeleted(Heap.Of(cell))) WaiterAtomics.Count(ref cell->Waiters, change);
        Epoch.Exit(me);
    }

    /// <summary>Leaves the section of an operation. If that has changed the cell, wakes those that wait for a change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(Participant* me, AtomicCell* cell, bool isChanged)
    {
        Interleaving.Point();
        bool isAwaited = isChanged && WaiterAtomics.Any(ref cell->Waiters);
        Epoch.Exit(me);
        if (isAwaited) Wake(cell);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Wake(AtomicCell* cell) => ParkingLot.Unpark(Event(cell), int.MaxValue);
}

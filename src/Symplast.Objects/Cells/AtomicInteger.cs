using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Operations on a cell that holds a 64-bit integer. All are thread-safe and enter their own sections. All are lock-free except
/// the one that widens the cell.
/// </summary>
/// <remarks>
/// <para>An operation that found the cell not deleted may finish after another thread has deleted it. This cannot be
/// distinguished from an operation before the deletion.</para>
/// <para><b>Addition</b> is one instruction, which cannot check for overflow. So the word holds only integers that are far from
/// the ends of its range. An addition moves the integer out of this range by less than <see cref="MostAtOnce"/>, and the thread
/// that did so <i>widens</i> the cell before its operation ends. Each thread makes at most one such addition at a time, and the
/// word has room for one of each thread. Integers that are large from the outset are stored only in wide cells.</para>
/// <para><b>Widening</b> is permanent and is done under the lock. The integer is stored in <see cref="AtomicCell.Wide"/>. If the
/// word is still the same, it is exchanged for a mark. In a wide cell all operations compare and exchange the wide integer. An
/// addition to the mark has no effect: the thread that made it subtracts again, and repeats its operation. The mark, too, has
/// room for one addition of each thread.</para>
/// </remarks>
public static unsafe class AtomicInteger
{
    /// <summary>The word holds integers from -Narrow to Narrow, and those that are about to be moved to Wide.</summary>
    internal const long Narrow = 1L << 61;

    /// <summary>The limit for numbers that are added without a check for overflow.</summary>
    internal const long MostAtOnce = 1L << 32;

    // Words from here on are the mark plus additions to it.
    const long LeastMark = 1L << 62;
    internal const long Mark = LeastMark + Narrow;

    /// <summary>
    /// Returns a new cell with one reference, the caller's, or null if there is no memory. Called inside a section in which the
    /// pool was not deleted.
    /// </summary>
    public static AtomicCell* Create(Participant* me, PoolHeap* heap, long value) =>
        AtomicCell.Create(me, heap, 0, (ulong)(IsNarrow(value) ? value : Mark), value);

    /// <summary>Gets the integer.</summary>
    public static Status Get(Participant* me, AtomicCell* cell, out long value)
    {
        value = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        value = Read(cell);
        // Acquire: pairs with the exchanges of the wide integer. The wide integer is valid only once the word is the mark.
        if (value >= LeastMark) value = Volatile.Read(ref cell->Wide);
        Epoch.Exit(me);
        return Status.Done;
    }

    /// <summary>Replaces the integer.</summary>
    public static Status Set(Participant* me, AtomicCell* cell, long value) => Exchange(me, cell, value, out _);

    /// <summary>Replaces the integer. <paramref name="old"/> is the previous integer.</summary>
    public static Status Exchange(Participant* me, AtomicCell* cell, long value, out long old)
    {
        old = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        while ((old = Read(cell)) < LeastMark)
        {
            if (!IsNarrow(value)) Widen(cell);
            else if (Swap(ref Word(cell), value, old) == old) break;
        }
        Interleaving.Point();
        // Full fence; pairs with the acquire in Get.
        if (old >= LeastMark) old = Interlocked.Exchange(ref cell->Wide, value);
        CellWaiting.Exit(me, cell, isChanged: true);
        return Status.Done;
    }

    /// <summary>
    /// Replaces the integer if it is <paramref name="expected"/>; otherwise the status is Missing. <paramref name="seen"/> is the
    /// integer that was there.
    /// </summary>
    public static Status CompareExchange(Participant* me, AtomicCell* cell, long expected, long value, out long seen)
    {
        seen = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        while ((seen = Read(cell)) == expected && seen < LeastMark)
        {
            if (!IsNarrow(value)) Widen(cell);
            else if (Swap(ref Word(cell), value, expected) == expected) break;
        }
        if (seen >= LeastMark) seen = Swap(ref cell->Wide, value, expected);
        CellWaiting.Exit(me, cell, isChanged: seen == expected);
        return seen == expected ? Status.Done : Status.Missing;
    }

    /// <summary>Adds to the integer. Overflow if the sum needs more than 64 bits.</summary>
    public static Status Add(Participant* me, AtomicCell* cell, long delta, out long sum)
    {
        sum = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        Status status = Status.Done;
        bool isSmall = delta is >= -MostAtOnce and <= MostAtOnce;
        Interleaving.Point();
        // Full fence; pairs with the acquire in Get.
        if (isSmall) sum = Interlocked.Add(ref Word(cell), delta);
        if (!isSmall) status = AddLooking(cell, delta, ref sum);
        else if (!IsNarrow(sum)) status = AddOutside(cell, delta, ref sum);
        CellWaiting.Exit(me, cell, isChanged: true);
        return status;
    }

    /// <summary>Deletes the cell by hand. Later operations return Deleted, and so does a second call.</summary>
    public static Status Delete(Participant* me, AtomicCell* cell)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(cell)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        CellAtomics.EnterDeletion(cell);
        bool first = !SharedObject.IsDeleted((SharedObject*)cell);
        Interleaving.Point();
        // Release: pairs with the acquire in SharedObject.IsDeleted.
        if (first) Volatile.Write(ref cell->Object.Head.DeletedFlag, 1);
        // A full fence: a waiter that is counted later finds the flag.
        CellAtomics.ExitDeletion(cell);
        CellWaiting.Exit(me, cell, isChanged: first);
        return first ? Status.Done : Status.Deleted;
    }

    /// <summary>Whether the word is an integer or the mark. For tests, while no other thread changes the cell.</summary>
    internal static bool IsValid(AtomicCell* cell) => cell->Object.Lock == 0 && (IsNarrow(Word(cell)) || Word(cell) == Mark);

    // Enters a section. Leaves it again if the cell was deleted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Begin(Participant* me, AtomicCell* cell)
    {
        Epoch.Enter(me);
        if (!SharedObject.IsDeleted((SharedObject*)cell)) return true;
        Epoch.Exit(me);
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsNarrow(long value) => value is >= -Narrow and <= Narrow;

    // Called when an addition has left the range of the word, or was an addition to the mark.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status AddOutside(AtomicCell* cell, long delta, ref long sum)
    {
        if (sum - delta < LeastMark)
        {
            Widen(cell);
            return Status.Done;
        }
        Interleaving.Point();
        CellAtomics.RestoreMark(cell, delta);
        return AddLooking(cell, delta, ref sum);
    }

    // Adds with a check for overflow.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status AddLooking(AtomicCell* cell, long delta, ref long sum)
    {
        long seen;
        while ((seen = Read(cell)) < LeastMark)
        {
            if (!TryAdd(seen, delta, out sum)) return Status.Overflow;
            if (!IsNarrow(sum)) Widen(cell);
            else if (Swap(ref Word(cell), sum, seen) == seen) return Status.Done;
        }
        Interleaving.Point();
        // Any recent value is sufficient here: the exchange decides.
        seen = Volatile.Read(ref cell->Wide);
        while (true)
        {
            if (!TryAdd(seen, delta, out sum)) return Status.Overflow;
            Interleaving.Point();
            if (CellAtomics.TryStoreSum(cell, sum, ref seen)) return Status.Done;
        }
    }

    static bool TryAdd(long number, long delta, out long sum)
    {
        sum = unchecked(number + delta);
        bool fits = ((number ^ sum) & (delta ^ sum)) >= 0;
        if (!fits) sum = 0;
        return fits;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Widen(AtomicCell* cell)
    {
        ObjectLock.Enter(&cell->Object.Lock);
        long seen;
        while ((seen = Read(cell)) < LeastMark)
        {
            cell->Wide = seen;
            Interleaving.Point();
            if (CellAtomics.TryMarkWide(cell, seen)) break;
        }
        ObjectLock.Exit(&cell->Object.Lock);
    }

    static long Read(AtomicCell* cell)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchanges of the word. Memory that a thread wrote before it changed the integer is visible.
        return Volatile.Read(ref Word(cell));
    }

    internal static long Swap(ref long place, long value, long expected)
    {
        Interleaving.Point();
        // Full fence: pairs with the acquires in Get and Read.
        return Interlocked.CompareExchange(ref place, value, expected);
    }

    internal static ref long Word(AtomicCell* cell) => ref *(long*)&cell->Word;
}

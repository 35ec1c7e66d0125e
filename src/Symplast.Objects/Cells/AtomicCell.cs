using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// One word that threads change atomically: a 64-bit integer (<see cref="AtomicInteger{THook}"/>) or a value (<see cref="AtomicReference{THook}"/>).
/// Blocks are aligned to 16 bytes, and the word has 64 bytes on either side, so its cache line holds nothing that changes but itself.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe struct AtomicCell
{
    // In Header.Extra.
    internal const ushort IsReference = 1;

    [FieldOffset(0)]
    internal SharedObject Object;

    [FieldOffset(64)]
    internal ulong Word;

    /// <summary>Whether the cell holds a value, and not an integer.</summary>
    public static bool HoldsReference(AtomicCell* cell) => cell->Object.Head.Extra == IsReference;

    /// <summary>See <see cref="Parts"/>; inside a section.</summary>
    internal static void VisitParts<TParts>(AtomicCell* cell, ref TParts parts) where TParts : struct, IPartVisitor
    {
        // Acquire: pairs with the exchanges of the word.
        if (HoldsReference(cell)) parts.Value(new Value(Volatile.Read(ref cell->Word)));
    }

    internal static AtomicCell* Create(Participant* me, PoolHeap* heap, ushort extra, ulong word)
    {
        AtomicCell* cell = (AtomicCell*)Heap.AllocateObject(me, heap, (nuint)sizeof(AtomicCell));
        if (cell == null) return null;
        *cell = default;
        cell->Word = word;
        SharedObject.Begin((SharedObject*)cell, HeaderKind.Cell, extra);
        return cell;
    }
}

/// <summary>
/// Operations on a cell that holds a 64-bit integer. All are thread-safe, lock-free, and enter a section of their own.
/// </summary>
/// <remarks>An operation that found the cell not deleted may finish after another thread deleted it; nobody can tell that from its having been
/// first.</remarks>
public static unsafe class AtomicInteger<THook> where THook : struct, IInterleaving
{
    /// <summary>A new cell with one reference, the caller's; null if there is no memory. Inside a section in which the pool was not
    /// deleted.</summary>
    public static AtomicCell* Create(Participant* me, PoolHeap* heap, long value) => AtomicCell.Create(me, heap, 0, (ulong)value);

    /// <summary>The integer.</summary>
    public static Status Get(Participant* me, AtomicCell* cell, out long value)
    {
        value = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        THook.Point();
        // Acquire: pairs with the exchanges below; what a thread wrote before it changed the integer is visible.
        value = Volatile.Read(ref Word(cell));
        Epoch.Exit(me);
        return Status.Done;
    }

    /// <summary>Replaces the integer.</summary>
    public static Status Set(Participant* me, AtomicCell* cell, long value) => Exchange(me, cell, value, out _);

    /// <summary>Replaces the integer; <paramref name="old"/> is what was there.</summary>
    public static Status Exchange(Participant* me, AtomicCell* cell, long value, out long old)
    {
        old = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        THook.Point();
        // Full fence; pairs with the acquire in Get.
        old = Interlocked.Exchange(ref Word(cell), value);
        Epoch.Exit(me);
        return Status.Done;
    }

    /// <summary>Replaces the integer if it is <paramref name="expected"/>, else Missing; <paramref name="seen"/> is what was there.</summary>
    public static Status CompareExchange(Participant* me, AtomicCell* cell, long expected, long value, out long seen)
    {
        seen = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        THook.Point();
        // Full fence; pairs with the acquire in Get.
        seen = Interlocked.CompareExchange(ref Word(cell), value, expected);
        Epoch.Exit(me);
        return seen == expected ? Status.Done : Status.Missing;
    }

    /// <summary>Adds; Overflow if the sum needs more than 64 bits.</summary>
    public static Status Add(Participant* me, AtomicCell* cell, long delta, out long sum)
    {
        sum = 0;
        if (!Begin(me, cell)) return Status.Deleted;
        Status status = Add(cell, delta, ref sum);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Deletes the cell by hand: later operations answer Deleted, and so does a second call.</summary>
    public static Status Delete(Participant* me, AtomicCell* cell)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(cell)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        if (!THook.Omits(CellStep.DeletionLocks)) ObjectLock.Enter<THook>(&cell->Object.Lock);
        bool first = !SharedObject.IsDeleted((SharedObject*)cell);
        THook.Point();
        // Release: pairs with the acquire in SharedObject.IsDeleted.
        if (first) Volatile.Write(ref cell->Object.Head.DeletedFlag, 1);
        if (!THook.Omits(CellStep.DeletionLocks)) ObjectLock.Exit<THook>(&cell->Object.Lock);
        Epoch.Exit(me);
        return first ? Status.Done : Status.Deleted;
    }

    // Enters a section, and leaves it again if the cell was deleted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Begin(Participant* me, AtomicCell* cell)
    {
        Epoch.Enter(me);
        if (!SharedObject.IsDeleted((SharedObject*)cell)) return true;
        Epoch.Exit(me);
        return false;
    }

    // Adding in one instruction would be faster under contention, but whatever was read before, another thread may have brought the integer near its end.
    static Status Add(AtomicCell* cell, long delta, ref long sum)
    {
        THook.Point();
        // Any value will do to begin with: the exchange decides.
        long seen = Volatile.Read(ref Word(cell));
        while (true)
        {
            long next = unchecked(seen + delta);
            if (((seen ^ next) & (delta ^ next)) < 0) return Status.Overflow;
            THook.Point();
            if (THook.Omits(CellStep.AdditionCompares)) seen = Word(cell);
            // Full fence; pairs with the acquire in Get.
            long found = Interlocked.CompareExchange(ref Word(cell), next, seen);
            if (found == seen)
            {
                sum = next;
                return Status.Done;
            }
            seen = found;
        }
    }

    static ref long Word(AtomicCell* cell) => ref *(long*)&cell->Word;
}

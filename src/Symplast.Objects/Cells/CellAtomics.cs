using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The atomic operations that the cells' protocols need. Tests compile another file in place of this one, in which each operation
/// can be weakened, moved or left out.
/// </summary>
internal static unsafe class CellAtomics
{
    /// <summary>Takes the lock of an integer that is to be deleted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void EnterDeletion(AtomicCell* cell) => ObjectLock.Enter(&cell->Object.Lock);

    /// <summary>Releases the lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ExitDeletion(AtomicCell* cell) => ObjectLock.Exit(&cell->Object.Lock);

    /// <summary>Undoes an addition to the mark, so that the mark is off only by additions that are in progress.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void RestoreMark(AtomicCell* cell, long delta) => Interlocked.Add(ref AtomicInteger.Word(cell), -delta);

    /// <summary>Stores the sum of an addition if the wide integer is unchanged; otherwise gets the current one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryStoreSum(AtomicCell* cell, long sum, ref long seen)
    {
        long expected = seen;
        seen = AtomicInteger.Swap(ref cell->Wide, sum, expected);
        return seen == expected;
    }

    /// <summary>
    /// Exchanges the word for the mark, if it is still the integer that was copied to Wide.
    /// </summary>
    // The fence in Swap publishes the wide integer for the thread that finds the mark.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryMarkWide(AtomicCell* cell, long seen) =>
        AtomicInteger.Swap(ref AtomicInteger.Word(cell), AtomicInteger.Mark, seen) == seen;

    /// <summary>Takes a reference to a value that was read, unless the value has died.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryTake(Value value) => Reference.TryTake(value);

    /// <summary>Exchanges the value for the mark Dead in one step.</summary>
    // Full fence: pairs with Replace, which finds Dead from now on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Kill(AtomicCell* cell) => new(Interlocked.Exchange(ref cell->Word, AtomicReference.Dead.Bits));

    /// <summary>Stores a value if the cell has the old one. Returns the value that was there.</summary>
    // Full fence: pairs with the acquire in Read and with Kill.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Replace(AtomicCell* cell, Value value, Value old) =>
        new(Interlocked.CompareExchange(ref cell->Word, value.Bits, old.Bits));
}

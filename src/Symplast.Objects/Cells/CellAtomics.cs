using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The steps without which the cells' protocols would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class CellAtomics
{
    /// <summary>Takes the lock of an integer that is to be deleted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void EnterDeletion(AtomicCell* cell) => ObjectLock.Enter(&cell->Object.Lock);

    /// <summary>Gives it back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ExitDeletion(AtomicCell* cell) => ObjectLock.Exit(&cell->Object.Lock);

    /// <summary>Takes back what was added to the mark, so that it is off by no more than what is being added now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void RestoreMark(AtomicCell* cell, long delta) => Interlocked.Add(ref AtomicInteger.Word(cell), -delta);

    /// <summary>Stores the sum of an addition if the wide integer is what was seen; else sees what it is now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryStoreSum(AtomicCell* cell, long sum, ref long seen)
    {
        long expected = seen;
        seen = AtomicInteger.Swap(ref cell->Wide, sum, expected);
        return seen == expected;
    }

    /// <summary>
    /// Exchanges an integer that was copied to where it has more room for the mark, if it is what was seen.
    /// </summary>
    // The fence in Swap publishes the wide integer for the thread that finds the mark.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryMarkWide(AtomicCell* cell, long seen) =>
        AtomicInteger.Swap(ref AtomicInteger.Word(cell), AtomicInteger.Mark, seen) == seen;

    /// <summary>Takes a reference to a value that was read, unless it has died.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryTake(Value value) => Reference.TryTake(value);

    /// <summary>Takes the value out and leaves the mark Dead in one step.</summary>
    // Full fence: pairs with Replace, which finds Dead from now on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Kill(AtomicCell* cell) => new(Interlocked.Exchange(ref cell->Word, AtomicReference.Dead.Bits));

    /// <summary>Stores a value if the cell has the old one. What it had.</summary>
    // Full fence: pairs with the acquire in Read and with Kill.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Replace(AtomicCell* cell, Value value, Value old) =>
        new(Interlocked.CompareExchange(ref cell->Word, value.Bits, old.Bits));
}

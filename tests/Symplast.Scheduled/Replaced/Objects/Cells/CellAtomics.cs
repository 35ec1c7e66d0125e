namespace Symplast.Objects;

/// <summary>The steps of the cells' protocols, each with its fault.</summary>
internal static unsafe class CellAtomics
{
    internal static void EnterDeletion(AtomicCell* cell)
    {
        if (!Interleaving.Omits(CellStep.DeletionLocks)) ObjectLock.Enter(&cell->Object.Lock);
    }

    internal static void ExitDeletion(AtomicCell* cell)
    {
        if (!Interleaving.Omits(CellStep.DeletionLocks)) ObjectLock.Exit(&cell->Object.Lock);
    }

    internal static void RestoreMark(AtomicCell* cell, long delta)
    {
        if (!Interleaving.Omits(CellStep.MarksAreRestored)) Interlocked.Add(ref AtomicInteger.Word(cell), -delta);
    }

    internal static bool TryStoreSum(AtomicCell* cell, long sum, ref long seen)
    {
        if (Interleaving.Omits(CellStep.AdditionCompares)) seen = cell->Wide;
        long expected = seen;
        seen = AtomicInteger.Swap(ref cell->Wide, sum, expected);
        return seen == expected;
    }

    internal static bool TryMarkWide(AtomicCell* cell, long seen)
    {
        if (Interleaving.Omits(CellStep.WideningCompares)) seen = AtomicInteger.Word(cell);
        return AtomicInteger.Swap(ref AtomicInteger.Word(cell), AtomicInteger.Mark, seen) == seen;
    }

    internal static bool TryTake(Value value) => Reference.TryTake(value) || Interleaving.Omits(CellStep.DeadValuesAreLeft);

    internal static Value Kill(AtomicCell* cell)
    {
        if (!Interleaving.Omits(CellStep.DeletionIsOneStep))
            return new(Interlocked.Exchange(ref cell->Word, AtomicReference.Dead.Bits));
        Value value = new(cell->Word);
        Interleaving.Point();
        cell->Word = AtomicReference.Dead.Bits;
        return value;
    }

    internal static Value Replace(AtomicCell* cell, Value value, Value old)
    {
        if (Interleaving.Omits(CellStep.ReplacementCompares)) cell->Word = old.Bits;
        return new(Interlocked.CompareExchange(ref cell->Word, value.Bits, old.Bits));
    }
}

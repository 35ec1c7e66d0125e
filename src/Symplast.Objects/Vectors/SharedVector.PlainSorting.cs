namespace Symplast.Objects;

// Sorting of what needs no higher floor to be compared.
public unsafe partial struct SharedVector
{
    // By their bytes, those whose digests are the same.
    struct TextOrder : IValueOrder
    {
        internal Participant* Me;
        internal PoolHeap* Heap;
        internal bool IsReversed;

        public bool Failed { get; private set; }

        public bool Precedes(Value left, Value right)
        {
            Epoch.Enter(Me);
            if (PoolHeap.IsDeleted(Heap)) Failed = true;
            bool precedes = !Failed && (IsReversed ? Ordering.Compare(right, left) : Ordering.Compare(left, right)) < 0;
            Epoch.Exit(Me);
            return precedes;
        }
    }

    /// <summary>
    /// Sorts, stably, a vector of numbers that are inline, or of text, or of bytes; the other way round, if so wanted. WrongKind
    /// if it is of others, or has a NaN; Missing if another thread changed it meanwhile. Nothing changed then. Not inside a
    /// section.
    /// </summary>
    public static Status SortPlain(Participant* me, SharedVector* vector, bool isReversed)
    {
        Status status = Snapshot(me, vector, out VectorSnapshot snapshot);
        if (status != Status.Done) return status;
        long count = snapshot.Count;
        SortDigest* digests = SortDigests.Allocate(2 * count + 1);
        if (digests == null) status = Status.NoMemory;
        else
        {
            bool isNumbers = count > 0 && DigestNumbers(snapshot.Items, digests, count);
            if (!isNumbers && count > 0) status = DigestTexts(me, snapshot, digests);
            if (status == Status.Done && isReversed) Invert(digests, count);
            if (status == Status.Done) status = Arrange(me, ref snapshot, digests, isNumbers, isReversed);
            if (status == Status.Done) status = Rearrange(me, vector, snapshot.Items, count, snapshot.Version);
        }
        SortDigests.Free(digests);
        snapshot.Release(me);
        return status;
    }

    static bool DigestNumbers(Value* items, SortDigest* digests, long count)
    {
        for (long i = 0; i < count; i++)
        {
            if (!SortDigests.TryNumber(items[i], out ulong word)) return false;
            digests[i] = new SortDigest { Word = word, Value = items[i] };
        }
        return true;
    }

    static Status DigestTexts(Participant* me, in VectorSnapshot snapshot, SortDigest* digests)
    {
        Value* items = snapshot.Items;
        ValueKind kind = items[0].PointsTo(ValueKind.Text) ? ValueKind.Text : ValueKind.Bytes;
        for (long i = 0; i < snapshot.Count; i++)
        {
            if (!items[i].PointsTo(kind)) return Status.WrongKind;
        }
        // What all begin with is left out.
        nuint common = nuint.MaxValue;
        for (int pass = 0; pass < 2; pass++)
        {
            for (long start = 0; start < snapshot.Count; start += PerSection)
            {
                long end = Math.Min(start + PerSection, snapshot.Count);
                Epoch.Enter(me);
                bool isDeleted = PoolHeap.IsDeleted(snapshot.Owner);
                for (long i = start; !isDeleted && i < end; i++)
                {
                    if (pass == 0) common = SortDigests.Common(items[0], items[i], common);
                    else digests[i] = new SortDigest { Word = SortDigests.OfBytes(items[i], common), Value = items[i] };
                }
                Epoch.Exit(me);
                if (isDeleted) return Status.Deleted;
            }
        }
        return Status.Done;
    }

    static void Invert(SortDigest* digests, long count)
    {
        for (long i = 0; i < count; i++) digests[i].Word = ~digests[i].Word;
    }

    // Puts the items of the snapshot, whose references stay with it, in order.
    static Status Arrange(Participant* me, ref VectorSnapshot snapshot, SortDigest* digests, bool isNumbers, bool isReversed)
    {
        long count = snapshot.Count;
        SortDigest* sorted = SortDigests.Sort(digests, digests + count, count);
        if (isNumbers)
        {
            for (long i = 0; i < count; i++) snapshot.Items[i] = sorted[i].Value;
            return Status.Done;
        }
        TextOrder order = new() { Me = me, Heap = snapshot.Owner, IsReversed = isReversed };
        return SortDigests.Settle(sorted, snapshot.Items, count, ref order)
            ? Status.Done : order.Failed ? Status.Deleted : Status.NoMemory;
    }
}

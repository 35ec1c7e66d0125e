using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>Sorts a snapshot of a vector, then replaces the elements unless the vector changed meanwhile.</summary>
internal static unsafe class VectorSorting
{
    // Compares texts, or bytes, whose digests are equal.
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

    internal static Status Sort<TOrder>(Participant* me, SharedVector* vector, ref TOrder order)
        where TOrder : struct, IValueOrder
    {
        Status status = VectorSnapshot.Take(me, vector, out VectorSnapshot snapshot);
        if (status != Status.Done) return status;
        VectorSnapshot second = default;
        if (!second.Reserve(snapshot.Count)) status = Status.NoMemory;
        else
        {
            Value* sorted = StableSort.Sort(snapshot.Items, second.Items, snapshot.Count, ref order);
            status = sorted == null ? Status.Missing : Rearrange(me, vector, sorted, snapshot.Count, snapshot.Version);
        }
        NativeMemory.Free(second.Items);
        snapshot.Release(me);
        return status;
    }

    internal static Status SortPlain(Participant* me, SharedVector* vector, bool isReversed)
    {
        Status status = VectorSnapshot.Take(me, vector, out VectorSnapshot snapshot);
        if (status != Status.Done) return status;
        long count = snapshot.Count;
        SortDigest* digests = SortDigests.Allocate(2 * count + 1);
        if (digests == null) status = Status.NoMemory;
        else
        {
            bool isNumbers = count > 0 && DigestNumbers(snapshot.Items, digests, count);
            if (!isNumbers && count > 0) status = DigestTexts(me, snapshot, digests);
            for (long i = 0; status == Status.Done && isReversed && i < count; i++) digests[i].Word = ~digests[i].Word;
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
        // The digests leave out the prefix that all have in common.
        nuint common = nuint.MaxValue;
        for (int pass = 0; pass < 2; pass++)
        {
            for (long start = 0; start < snapshot.Count; start += VectorReading.PerSection)
            {
                long end = Math.Min(start + VectorReading.PerSection, snapshot.Count);
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

    // Puts the same elements in another order, if nothing has changed since that version.
    static Status Rearrange(Participant* me, SharedVector* vector, Value* sorted, long length, long version)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(vector)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        ObjectLock.Enter(&vector->Object.Lock);
        Status status = SharedObject.IsDeleted((SharedObject*)vector)
            ? Status.Deleted : vector->Version != version ? Status.Missing : Status.Done;
        if (status == Status.Done && length > 1)
        {
            // A thread that opens a root changes the version first, so this root is guarded.
            VectorRoot* root = vector->Root;
            VectorRoot* next = VectorAllocation.NewLike(me, vector, root, 0, 0, length, isExchange: true);
            if (next == null) status = Status.NoMemory;
            else
            {
                for (long i = 0; i < length; i++) *VectorRoot.PlaceOf(next, i) = sorted[i];
                VectorPublication.Swap(me, vector, root, next, 0);
            }
        }
        ObjectLock.Exit(&vector->Object.Lock);
        Epoch.Exit(me);
        return status;
    }
}

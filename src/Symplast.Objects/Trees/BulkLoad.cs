namespace Symplast.Objects;

/// <summary>Many entries at once for a map that is empty: sorted, built into a tree, and published at one instant.</summary>
internal static unsafe class BulkLoad
{
    struct EntryOrder : IValueOrder
    {
        internal SortedEntry* Entries;

        public readonly bool Failed => false;

        // Of their numbers.
        public readonly bool Precedes(Value left, Value right) =>
            Ordering.Compare(Entries[left.Bits].Key, Entries[right.Bits].Key) < 0;
    }

    internal static Status Fill(Participant* me, SortedMap* map, SortedEntry* entries, long count)
    {
        if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
        if (count == 0 || EntryCount.Of(map) != 0) return Status.Missing;
        SortDigest* digests = SortDigests.Allocate(2 * count);
        if (digests == null) return Status.NoMemory;
        Status status = Status.WrongKind;
        if (TryDigest(entries, digests, count))
        {
            SortDigest* sorted = SortDigests.Sort(digests, digests + count, count);
            // The half that is free has room for the numbers.
            Value* numbers = (Value*)(sorted == digests ? digests + count : digests);
            EntryOrder order = new() { Entries = entries };
            status = SortDigests.Settle(sorted, numbers, count, ref order)
                ? Build(me, map, entries, numbers, count) : Status.NoMemory;
        }
        SortDigests.Free(digests);
        return status;
    }

    // The words of the keys, each with the number of its entry.
    static bool TryDigest(SortedEntry* entries, SortDigest* digests, long count)
    {
        Value first = entries[0].Key;
        ValueKind kind = first.PointsTo(ValueKind.Text) ? ValueKind.Text : ValueKind.Bytes;
        bool isNumbers = !first.IsPointer;
        nuint common = nuint.MaxValue;
        for (long i = 0; !isNumbers && i < count; i++)
        {
            if (!entries[i].Key.PointsTo(kind)) return false;
            common = SortDigests.Common(first, entries[i].Key, common);
        }
        for (long i = 0; i < count; i++)
        {
            ulong word = 0;
            if (!isNumbers) word = SortDigests.OfBytes(entries[i].Key, common);
            else if (!SortDigests.TryNumber(entries[i].Key, out word)) return false;
            digests[i] = new SortDigest { Word = word, Value = new Value((ulong)i) };
        }
        return true;
    }

    // A tree of the entries in the order of the numbers.
    static Status Build(Participant* me, SortedMap* map, SortedEntry* entries, Value* numbers, long count)
    {
        SortedNode* nodes = null;
        OrderingClass kind = Ordering.ClassOf(entries[0].Key);
        NodeEntry* part = stackalloc NodeEntry[SortedLeaf.Places];
        // As full as those of keys that come in order, evenly.
        int most = Math.Max(TreeSizes.LeafCapacity - 1, 1);
        long leaves = (count + most - 1) / most;
        long rest = count;
        bool complete = true;
        for (; rest > 0 && complete; leaves--)
        {
            int length = (int)(rest / leaves);
            for (int i = 0; i < length; i++)
            {
                SortedEntry entry = entries[numbers[rest - length + i].Bits];
                part[i] = new NodeEntry { Tag = SortedKey.TagOf(entry.Key), Key = entry.Key.Bits, Payload = entry.Value.Bits };
            }
            Fences fences = new(
                rest == length ? default : new Value(part[0].Key), nodes == null ? default : TreeBuilder.LeastKey(nodes));
            SortedLeaf* leaf = NewNode.Leaf(
                me, Heap.Of(map), kind, new ReadOnlySpan<NodeEntry>(part, length), NewNode.UnknownSkip, fences);
            complete = leaf != null;
            if (!complete) break;
            leaf->Lock = 0;
            leaf->Next = nodes;
            nodes = &leaf->Node;
            rest -= length;
        }
        for (int level = 1; complete && SortedNode.Next(nodes) != null; level++)
            complete = TreeBuilder.TryBuildLevel(me, Heap.Of(map), level, ref nodes);
        if (complete && nodes->Level != 0) SortedInner.Key((SortedInner*)nodes, 0) = 0;
        Status status = complete ? TryHang(me, map, nodes, count) : Status.NoMemory;
        if (status == Status.Done) return status;
        // With the tree go the references that its leaves have.
        for (long i = rest; i < count; i++)
        {
            Reference.Take(entries[numbers[i].Bits].Key);
            Reference.Take(entries[numbers[i].Bits].Value);
        }
        TreeBuilder.Discard(me, nodes);
        return status;
    }

    // Puts a tree in the place of the empty leaf that is all there is; Missing if there is more.
    static Status TryHang(Participant* me, SortedMap* map, SortedNode* root, long count)
    {
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            Interleaving.Point();
            // Acquire: pairs with the increment in Dismantling.Clear, as in TreeWriter.Write.
            ulong era = Volatile.Read(ref map->Era);
            Interleaving.Point();
            // Acquire: pairs with the exchange in Site.Hang.
            SortedNode* old = (SortedNode*)Volatile.Read(ref map->Root);
            if (old->Level != 0) return Status.Missing;
            if (!SortedNode.TryLock(old)) continue;
            bool isEmpty = LeafOrder.Count(old->Order) == 0;
            bool isCurrent = isEmpty && Site.TryLockAbove(map, null, 0, old);
            if (isCurrent)
            {
                // All keys appear, and count, at once.
                bool isOfEra = EntryCount.TryEnter(map, era);
                if (isOfEra)
                {
                    Site.Hang(map, null, 0, root);
                    SortedNode.Kill(old);
                    EntryCount.Exit(map, count);
                }
                Site.UnlockAbove(map, null);
                isCurrent = isOfEra;
            }
            SortedNode.Unlock(old);
            if (!isEmpty) return Status.Missing;
            if (!isCurrent) continue;
            Heap.Retire(me, old);
            SortedMap.WakeAll(map);
            return Status.Done;
        }
        return Status.Deleted;
    }
}

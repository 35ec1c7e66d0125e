namespace Symplast.Objects;

/// <summary>Copies of a map, or of a range of its keys, as sorted maps in the pool.</summary>
internal static unsafe class TreeCopy
{
    internal static Status Make(
        Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper, out SortedMap* copy)
    {
        Epoch.Enter(me);
        copy = null;
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            copy = SortedMap.Create(me, Heap.Of(map));
            // No object of its own: it does not count among those that are alive.
            if (copy != null) copy->Object.Head.Extra = Header.Hidden;
            status = copy == null ? Status.NoMemory : Copy(me, map, new KeyRange(lower, upper), copy);
            if (status != Status.Done && copy != null)
            {
                Heap.Free(me, (void*)copy->Root);
                Heap.Free(me, copy);
                copy = null;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    static Status Copy(Participant* me, SortedMap* map, in KeyRange range, SortedMap* copy)
    {
        if (range.HasBounds && range.Class == OrderingClass.None) return Status.WrongKind;
        SortedNode* locked;
        while (!RangeLock.TryLock(map, range, out locked))
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
        }
        // Now nothing can change but the inner nodes. This is the moment.
        SortedNode* copies = null;
        long entries = 0;
        bool complete = true;
        bool isComparable = true;
        for (SortedNode* leaf = locked; leaf != null && complete && isComparable; leaf = SortedNode.Next(leaf))
        {
            isComparable = !range.HasBounds || leaf->Class == range.Class || LeafOrder.Count(leaf->Order) == 0;
            if (isComparable) complete = TryCopyLeaf(me, (SortedLeaf*)leaf, range, ref copies, ref entries);
        }
        RangeLock.Unlock(locked);
        if (!isComparable)
        {
            TreeBuilder.Discard(me, copies);
            return Status.WrongKind;
        }
        if (copies != null) OpenBelow((SortedLeaf*)copies);
        for (int level = 1; complete && copies != null && SortedNode.Next(copies) != null; level++)
            complete = TreeBuilder.TryBuildLevel(me, Heap.Of(map), level, ref copies);
        if (!complete)
        {
            TreeBuilder.Discard(me, copies);
            return Status.NoMemory;
        }
        if (copies == null) return Status.Done;
        if (copies->Level != 0) SortedInner.Key((SortedInner*)copies, 0) = 0;
        Heap.Free(me, (void*)copy->Root);
        copy->Root = (nint)copies;
        copy->Entries = entries;
        return Status.Done;
    }

    // Puts a copy of what lies in the range before the ones of the leaves that follow.
    static bool TryCopyLeaf(Participant* me, SortedLeaf* leaf, in KeyRange range, ref SortedNode* copies, ref long entries)
    {
        NodeEntry* copied = stackalloc NodeEntry[SortedLeaf.Places];
        int count = NodeEntry.Collect(&leaf->Node, copied);
        while (count > 0 && range.IsAbove(new Value(copied[count - 1].Key))) count--;
        while (count > 0 && range.IsBelow(new Value(copied->Key)))
        {
            copied++;
            count--;
        }
        if (count == 0) return true;
        // Over the copies the least keys below part the ranges.
        Fences fences = new(new Value(copied[0].Key), copies == null ? default : TreeBuilder.LeastKey(copies));
        SortedLeaf* copy =
            NewNode.Leaf(
                me, Heap.Of(leaf), leaf->Node.Class, new ReadOnlySpan<NodeEntry>(copied, count), leaf->Node.Skip, fences);
        if (copy == null) return false;
        for (int i = 0; i < count; i++)
        {
            Reference.Take(new Value(copied[i].Key));
            Reference.Take(new Value(copied[i].Payload));
        }
        copy->Lock = 0;
        copy->Next = copies;
        copies = &copy->Node;
        entries += count;
        return true;
    }

    // What turned out to be the first leaf has no least key.
    static void OpenBelow(SortedLeaf* leaf)
    {
        leaf->Node.Skip = 0;
        for (int i = 0; i < LeafOrder.Count(leaf->Node.Order); i++)
            leaf->Digests[i] = SortedKey.DigestOf(new Value(SortedLeaf.Key(leaf, i)), 0);
    }
}

namespace Symplast.Objects;

/// <summary>Snapshots in memory of the process's own, which need no room in the pool, and the entry at a number.</summary>
internal static unsafe class TreeSnapshot
{
    internal static Status Take(Participant* me, SortedMap* map, in KeyRange range, bool onlyKeys, out MapSnapshot* snapshot)
    {
        snapshot = null;
        Epoch.Enter(me);
        Status status = range.HasBounds && range.Class == OrderingClass.None ? Status.WrongKind : Status.Deleted;
        while (!SharedObject.IsDeleted((SharedObject*)map) && status == Status.Deleted)
        {
            if (!RangeLock.TryLock(map, range, out SortedNode* locked)) continue;
            // Now nothing can change but the inner nodes. This is the moment.
            if (!AreComparable(locked, range)) status = Status.WrongKind;
            else
            {
                snapshot = TakeLeaves(Heap.Of(map), locked, range, onlyKeys);
                status = snapshot == null ? Status.NoMemory : Status.Done;
            }
            RangeLock.Unlock(locked);
        }
        Epoch.Exit(me);
        return status;
    }

    static bool AreComparable(SortedNode* locked, in KeyRange range)
    {
        for (SortedNode* leaf = locked; range.HasBounds && leaf != null; leaf = SortedNode.Next(leaf))
        {
            if (leaf->Class != range.Class && LeafOrder.Count(leaf->Order) != 0) return false;
        }
        return true;
    }

    // Of leaves that are locked; the list begins with the last one. Null if there is no memory.
    static MapSnapshot* TakeLeaves(PoolHeap* heap, SortedNode* locked, in KeyRange range, bool onlyKeys)
    {
        ulong room = 0;
        for (SortedNode* leaf = locked; leaf != null; leaf = SortedNode.Next(leaf)) room += (ulong)LeafOrder.Count(leaf->Order);
        MapSnapshot* snapshot = MapSnapshot.Create(heap, room);
        if (snapshot == null) return null;
        NodeEntry* entries = stackalloc NodeEntry[SortedLeaf.Places];
        Value* end = MapSnapshot.Items(snapshot) + 2 * room;
        Value* items = end;
        for (SortedNode* leaf = locked; leaf != null; leaf = SortedNode.Next(leaf))
        {
            for (int i = NodeEntry.Collect(leaf, entries) - 1; i >= 0; i--)
            {
                Value key = new(entries[i].Key), value = onlyKeys ? default : new(entries[i].Payload);
                if (range.HasBounds && (range.IsAbove(key) || range.IsBelow(key))) continue;
                // The map's own references keep them alive.
                Reference.Take(key);
                Reference.Take(value);
                *--items = value;
                *--items = key;
            }
        }
        // What lies in the first and the last leaf beside the range has left a gap.
        long bytes = (end - items) * sizeof(Value);
        if (items != MapSnapshot.Items(snapshot)) Buffer.MemoryCopy(items, MapSnapshot.Items(snapshot), bytes, bytes);
        snapshot->Count = (ulong)(end - items) / 2;
        return snapshot;
    }

    internal static Status TakeAt(Participant* me, SortedMap* map, long number, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status status = Status.Deleted;
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            if (!RangeLock.TryLock(map, default, out SortedNode* locked)) continue;
            SortedLeaf* leaf = RangeLock.Locate(locked, number, out int position, out _);
            if (leaf != null)
            {
                int place = LeafOrder.Place(leaf->Node.Order, position);
                key = new Value(SortedLeaf.Key(leaf, place));
                value = new Value(SortedLeaf.Value(leaf, place));
                // The map's own references keep them alive.
                Reference.Take(key);
                Reference.Take(value);
            }
            RangeLock.Unlock(locked);
            status = leaf == null ? Status.Missing : Status.Done;
            break;
        }
        Epoch.Exit(me);
        return status;
    }
}

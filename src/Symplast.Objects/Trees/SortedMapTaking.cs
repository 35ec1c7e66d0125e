namespace Symplast.Objects;

// Snapshots that need no room in the pool.
public static unsafe partial class SortedMap<THook, TRules>
{
    /// <summary>
    /// All entries as they were at one moment during the call, in memory of the process's own. Writers wait while they are copied: some nanoseconds for each. Readers do not
    /// notice.
    /// </summary>
    public static Status SnapshotEntries(Participant* me, SortedMap* map, out MapSnapshot* snapshot)
    {
        snapshot = null;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        Range all = new(SortedBound.None, SortedBound.None);
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            if (!TryLockLeaves(map, all, out SortedNode* locked)) continue;
            // Now nothing can change but the inner nodes. This is the moment.
            snapshot = TakeLeaves(Heap.Of(map), locked);
            UnlockLeaves(locked);
            status = snapshot == null ? Status.NoMemory : Status.Done;
            break;
        }
        Epoch.Exit(me);
        return status;
    }

    // Of leaves that are locked; the list begins with the last one. Null if there is no memory.
    static MapSnapshot* TakeLeaves(PoolHeap* heap, SortedNode* locked)
    {
        ulong count = 0;
        for (SortedNode* leaf = locked; leaf != null; leaf = SortedNode.Next(leaf)) count += (ulong)LeafOrder.Count(leaf->Order);
        MapSnapshot* snapshot = MapSnapshot.Create(heap, count);
        if (snapshot == null) return null;
        snapshot->Count = count;
        Entry* entries = stackalloc Entry[SortedLeaf.Places];
        Value* items = MapSnapshot.Items(snapshot) + 2 * count;
        for (SortedNode* leaf = locked; leaf != null; leaf = SortedNode.Next(leaf))
        {
            for (int i = Collect(leaf, entries) - 1; i >= 0; i--)
            {
                // The map's own references keep them alive.
                Value key = new(entries[i].Key), value = new(entries[i].Payload);
                Reference.Take(key);
                Reference.Take(value);
                *--items = value;
                *--items = key;
            }
        }
        return snapshot;
    }
}

namespace Symplast.Objects;

/// <summary>Replaces the root of a map: when a small table is full, when the map is cleared, and when it is deleted.</summary>
internal static unsafe class MapRoots
{
    // Under the map's lock: replaces a full small table by one with more room, or by a large table if there are too many entries.
    // The new root, or 0 if there is no memory.
    internal static nint Grow(Participant* me, OrderedMap* map, SmallTable* old)
    {
        int live = SmallTable.LiveOf(old);
        PoolHeap* heap = Heap.Of(map);
        nint root;
        if (live < MapSizes.SmallLimit)
        {
            root = (nint)SmallTable.Copy(me, heap, old, live + 2, isExchange: false);
        }
        else
        {
            LargeTable* large = SmallTable.ToLarge(me, heap, old, live, map->NextSequence);
            if (large != null) large->Generation = ++map->Generation;
            root = large == null ? 0 : LargeTable.RootOf(large);
        }
        if (root == 0) return 0;
        SmallTable.MoveValues(old, root);
        Publish(me, map, old, root);
        return root;
    }

    // Under the map's lock, after the values of the old table have moved to the new root.
    internal static void Publish(Participant* me, OrderedMap* map, SmallTable* old, nint root)
    {
        Interleaving.Point();
        // Full fence: publishes what was filled in, and unlinks the old one before it is retired. Pairs with the first read of
        // every operation.
        Interlocked.Exchange(ref map->Root, root);
        Invariants.Check(map, &MapCheck.IsSmallValid);
        Heap.Retire(me, old);
    }

    /// <summary>Wakes all that wait for keys, after the root was replaced and the map's lock given back.</summary>
    internal static void WakeAll(OrderedMap* map)
    {
        Interleaving.Point();
        // After the lock was given back, which is a full fence.
        if (WaiterAtomics.Any(ref map->Waiters)) KeyWaiting.WakeAll(map);
    }

    /// <summary>Called when the last reference is gone: the map's own references go to the list of what dies with it.</summary>
    internal static void ReleaseContents(Participant* me, Header* head, ref Release release)
    {
        // Others may still be at it, who found the pointer inside a section and took no reference.
        fixed (Release* rest = &release) GiveUp(me, (OrderedMap*)head, 0, rest);
    }

    // False if it was deleted before.
    internal static bool GiveUp(Participant* me, OrderedMap* map, nint root, Release* release)
    {
        ObjectLock.Enter(&map->Object.Lock);
        nint old = map->Root;
        if (old != 0)
        {
            if (LargeTable.IsRoot(old)) map->NextSequence = LargeTable.NextSequenceOf(LargeTable.OfRoot(old));
            Interleaving.Point();
            // Full fence: pairs with the first read of every operation; unlinks the old root before it is retired.
            Interlocked.Exchange(ref map->Root, root);
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted. After the root, which most operations look at: who was
            // told by the flag finds no root either. Before any value becomes Removed: who finds one of these finds the flag.
            if (root == 0) Volatile.Write(ref map->Object.Head.DeletedFlag, 1);
            Invariants.Check(map, &MapCheck.IsSmallValid);
        }
        ObjectLock.Exit(&map->Object.Lock);
        if (old == 0) return false;
        if (LargeTable.IsRoot(old)) LargeTable.GiveUp(me, LargeTable.OfRoot(old), release);
        else SmallTable.GiveUp(me, (SmallTable*)old, release);
        WakeAll(map);
        return true;
    }
}

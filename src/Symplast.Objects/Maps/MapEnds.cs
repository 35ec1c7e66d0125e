namespace Symplast.Objects;

/// <summary>Removes the first or the last entry in one atomic step.</summary>
internal static unsafe class MapEnds
{
    internal static Status Take(Participant* me, OrderedMap* map, bool last, in ValueGuard guard, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        bool sparse = false;
        if (!PoolHeap.IsDeleted(heap))
        {
            MapWriter writer = new() { Me = me, Pool = heap, Map = map };
            Interleaving.Point();
            // Pairs with the wait in MapGate.Open.
            writer.HoldsLock = Volatile.Read(ref map->Gate) != 0;
            if (writer.HoldsLock) ObjectLock.Enter(&map->Object.Lock);
            while (!TryTakeEnd(ref writer, last, guard))
            {
            }
            if (writer.HoldsLock) ObjectLock.Exit(&map->Object.Lock);
            status = writer.Status;
            sparse = writer.IsSparse;
            key = writer.OldKey;
            value = writer.Current;
            Interleaving.Point();
            // After the change, whose lock was given back.
            if (status == Status.Done && WaiterAtomics.Any(ref map->Waiters)) KeyWaiting.Wake(map, Probe.Of(key).Hash);
        }
        Epoch.Exit(me);
        if (sparse) Compaction.RunUnlessInside(me, map);
        return status;
    }

    // False: start over from the root.
    internal static bool TryTakeEnd(ref MapWriter writer, bool last, in ValueGuard guard)
    {
        OrderedMap* map = writer.Map;
        Interleaving.Point();
        // Acquire: pairs with the exchange that published the root.
        nint root = Volatile.Read(ref map->Root);
        writer.Status = root == 0 ? Status.Deleted : Status.Missing;
        if (root == 0) return true;
        if (LargeTable.IsRoot(root)) return TryTakeEnd(ref writer, LargeTable.OfRoot(root), last, guard);
        if (!writer.HoldsLock) ObjectLock.Enter(&map->Object.Lock);
        bool done = map->Root == root;
        SmallTable* small = (SmallTable*)root;
        for (int i = 0; done && i < small->Count; i++)
        {
            int at = last ? small->Count - 1 - i : i;
            if (small->Tags[at] == 0) continue;
            Value key = SmallTable.Keys(small)[at];
            Value current;
            bool isAccepted;
            do
            {
                current = ValuePlace.Load(SmallTable.Values(small) + at);
                isAccepted = guard.Accepts(key) && guard.Accepts(current);
                // Others may update it without the lock, but not remove.
            } while (isAccepted && !SmallTable.TryRemoveAt(small, at, current));
            writer.Status = isAccepted ? Status.Done : Status.Refused;
            if (!isAccepted) break;
            writer.OldKey = key;
            writer.Current = current;
            break;
        }
        if (!writer.HoldsLock) ObjectLock.Exit(&map->Object.Lock);
        return done;
    }

    // The end is found without a lock, and once more when nothing is inserted or removed. Since the locks of shards come before
    // that of the order, and the end tells which shard it is, a shard is locked in advance; if it is the wrong one by then, one
    // only tries the right one.
    internal static bool TryTakeEnd(ref MapWriter writer, LargeTable* large, bool last, in ValueGuard guard)
    {
        MapEntry* entry = LogEnds.Find(large, last, out uint id);
        while (true)
        {
            Shard* shard = null;
            if (entry != null) MapCopy.Preserve(large, id);
            if (entry != null && !ShardIndex.TryEnterShardOf(large, entry, out shard)) return false;
            LogOrder.Enter(large);
            MapEntry* found = entry;
            entry = MapAtomics.EndAgain(large, last, entry, ref id);
            bool isMine = entry != null && MapCopy.IsPreserved(large, id)
                && (entry == found || ShardIndex.TryPassTo(large, entry, ref shard));
            Value current = default;
            bool isDue = false;
            Value* place = isMine ? &entry->Value : null;
            bool isTaken = false;
            bool isAccepted = true;
            while (isMine && !isTaken && isAccepted)
            {
                current = ValuePlace.Current(ref place);
                isAccepted = guard.Accepts(entry->Key) && guard.Accepts(current);
                isTaken = isAccepted && LogOrder.TryRemove(large, id, place, current, out isDue);
            }
            LogOrder.Exit(large);
            if (isTaken)
            {
                writer.OldKey = entry->Key;
                writer.FinishRemoval(large, shard, Shard.PlaceOf(shard, entry, id), current, isDue);
                return true;
            }
            if (shard != null) ObjectLock.Exit(&shard->Lock);
            if (!isAccepted)
            {
                writer.Status = Status.Refused;
                return true;
            }
            // If the root is still the map's, all were removed one by one, and not because it was given up.
            if (entry == null) return LargeTable.OfRoot(Volatile.Read(ref writer.Map->Root)) == large;
        }
    }
}

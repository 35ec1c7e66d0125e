namespace Symplast.Objects;

// The first and the last entry.
public unsafe partial struct OrderedMap
{
    /// <summary>
    /// Removes the first entry, in one atomic step. Both references become the caller's. <see cref="Status.Missing"/> if the map
    /// is empty.
    /// </summary>
    public static Status TakeFirst(Participant* me, OrderedMap* map, out Value key, out Value value) =>
        TakeFirst(me, map, default, out key, out value);

    /// <summary>The same, unless the guard refuses the key or the value.</summary>
    public static Status TakeFirst(Participant* me, OrderedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        TakeEnd(me, map, false, guard, out key, out value);

    /// <summary>
    /// Removes the last entry, in one atomic step. Both references become the caller's. <see cref="Status.Missing"/> if the map
    /// is empty.
    /// </summary>
    public static Status TakeLast(Participant* me, OrderedMap* map, out Value key, out Value value) =>
        TakeLast(me, map, default, out key, out value);

    /// <summary>The same, unless the guard refuses the key or the value.</summary>
    public static Status TakeLast(Participant* me, OrderedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        TakeEnd(me, map, true, guard, out key, out value);

    static Status TakeEnd(Participant* me, OrderedMap* map, bool last, in ValueGuard guard, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        bool sparse = false;
        if (!PoolHeap.IsDeleted(heap))
        {
            Attempt attempt = new() { Me = me, Heap = heap, Map = map };
            Interleaving.Point();
            // Pairs with the wait in OpenGate.
            attempt.HoldsLock = Volatile.Read(ref map->Gate) != 0;
            if (attempt.HoldsLock) ObjectLock.Enter(&map->Object.Lock);
            while (!TryTakeEnd(ref attempt, last, guard))
            {
            }
            if (attempt.HoldsLock) ObjectLock.Exit(&map->Object.Lock);
            status = attempt.Status;
            sparse = attempt.IsSparse;
            key = attempt.OldKey;
            value = attempt.Current;
        }
        Epoch.Exit(me);
        if (sparse) CompactUnlessInside(me, map);
        return status;
    }

    // False: start over from the root.
    static bool TryTakeEnd(ref Attempt attempt, bool last, in ValueGuard guard)
    {
        OrderedMap* map = attempt.Map;
        Interleaving.Point();
        // Acquire: pairs with the exchange that published the root.
        nint root = Volatile.Read(ref map->Root);
        attempt.Status = root == 0 ? Status.Deleted : Status.Missing;
        if (root == 0) return true;
        if (OrderedMap.IsLarge(root)) return TryTakeEnd(ref attempt, OrderedMap.Large(root), last, guard);
        if (!attempt.HoldsLock) ObjectLock.Enter(&map->Object.Lock);
        bool done = map->Root == root;
        SmallMap* small = (SmallMap*)root;
        for (int i = 0; done && i < small->Count; i++)
        {
            int at = last ? small->Count - 1 - i : i;
            if (small->Tags[at] == 0) continue;
            Value key = SmallMap.Keys(small)[at];
            Value current;
            bool isAccepted;
            do
            {
                current = Load(SmallMap.Values(small) + at);
                isAccepted = guard.Accepts(key) && guard.Accepts(current);
                // Others may update it without the lock, but not remove.
            } while (isAccepted && !TryRemoveAt(small, at, current));
            attempt.Status = isAccepted ? Status.Done : Status.Refused;
            if (!isAccepted) break;
            attempt.OldKey = key;
            attempt.Current = current;
            break;
        }
        if (!attempt.HoldsLock) ObjectLock.Exit(&map->Object.Lock);
        return done;
    }

    // The end is found without a lock, and once more when nothing is inserted or removed. Since the locks of shards come before
    // that of the order, and the end tells which shard it is, a shard is locked in advance; if it is the wrong one by then, one
    // only tries the right one.
    static bool TryTakeEnd(ref Attempt attempt, LargeMap* large, bool last, in ValueGuard guard)
    {
        MapEntry* entry = End(large, last, out uint id);
        while (true)
        {
            MapShard* shard = null;
            if (entry != null) Preserve(large, id);
            if (entry != null && !TryEnterShardOf(large, entry, out shard)) return false;
            EnterOrder(large);
            MapEntry* found = entry;
            entry = MapAtomics.EndAgain(large, last, entry, ref id);
            bool isMine = entry != null && IsPreserved(large, id) && (entry == found || TryPassTo(large, entry, ref shard));
            Value current = default;
            bool isDue = false;
            Value* place = isMine ? &entry->Value : null;
            bool isTaken = false;
            bool isAccepted = true;
            while (isMine && !isTaken && isAccepted)
            {
                current = Current(ref place);
                isAccepted = guard.Accepts(entry->Key) && guard.Accepts(current);
                isTaken = isAccepted && TryRemoveValue(large, id, place, current, out isDue);
            }
            ExitOrder(large);
            if (isTaken)
            {
                attempt.OldKey = entry->Key;
                FinishRemoval(ref attempt, large, shard, PlaceOf(shard, entry, id), current, isDue, true, Status.Done);
                return true;
            }
            if (shard != null) ObjectLock.Exit(&shard->Lock);
            if (!isAccepted)
            {
                attempt.Status = Status.Refused;
                return true;
            }
            // If the root is still the map's, all were removed one by one, and not because it was given up.
            if (entry == null) return OrderedMap.Large(Volatile.Read(ref attempt.Map->Root)) == large;
        }
    }

    // An entry that was not Removed inside this section, so that its key can be read. False: the shard's root is given up, or it
    // was replaced.
    static bool TryEnterShardOf(LargeMap* large, MapEntry* entry, out MapShard* shard)
    {
        shard = EnterShard(large, Hashing.Of(entry->Key));
        if (shard->Moved == 0) return true;
        ObjectLock.Exit(&shard->Lock);
        shard = null;
        return false;
    }

    // From the lock of a shard, if any, to that of an entry's, without waiting, because the caller holds the lock of the order.
    static bool TryPassTo(LargeMap* large, MapEntry* entry, ref MapShard* shard)
    {
        MapShard* next = MapDirectory.Shard(ShardOf(large, Hashing.Of(entry->Key)));
        if (next == shard) return true;
        if (!ObjectLock.TryEnter(&next->Lock)) return false;
        if (next->Moved != 0)
        {
            ObjectLock.Exit(&next->Lock);
            return false;
        }
        if (shard != null) ObjectLock.Exit(&shard->Lock);
        shard = next;
        return true;
    }

    // The slot that leads to an entry. Under the shard's lock.
    static ulong* PlaceOf(MapShard* shard, MapEntry* entry, uint id)
    {
        ulong hash = Hashing.Of(entry->Key);
        ulong* slots = MapShard.Slots(shard);
        ulong i = hash >> 32 & shard->Mask;
        while (slots[i] != (hash >> 32 << 32 | (id + 1))) i = i + 1 & shard->Mask;
        return slots + i;
    }

    // The first or last entry that was not Removed when it was looked at. Under the lock of the order, it is the first or last
    // until it is Removed.
    internal static MapEntry* End(LargeMap* large, bool last, out uint id) =>
        last ? LastLive(large, out id) : FirstLive(large, out id);

    static MapEntry* FirstLive(LargeMap* large, out uint id)
    {
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        for (id = Volatile.Read(ref large->FirstLive); id < tail; id++)
        {
            MapEntry* entry = EntryAt(large, id);
            if (entry == null)
            {
                id = GapEnd(large, id) - 1;
                continue;
            }
            Interleaving.Point();
            if (ValueOf(entry) == Removed) continue;
            // What was removed stays so, whoever writes last.
            Volatile.Write(ref large->FirstLive, id);
            return entry;
        }
        return null;
    }

    static MapEntry* LastLive(LargeMap* large, out uint id)
    {
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        ulong run = Volatile.Read(ref large->DeadRun);
        for (id = tail; id-- > 0;)
        {
            // The hint: from here down to its end all are known to be removed.
            if (id == (uint)(run >> 32) - 1 && (uint)run <= id)
            {
                id = (uint)run;
                continue;
            }
            MapEntry* entry = EntryAt(large, id);
            if (entry == null)
            {
                id = GapStart(large, id);
                continue;
            }
            Interleaving.Point();
            if (ValueOf(entry) == Removed) continue;
            // What was removed stays so, whoever writes last.
            Volatile.Write(ref large->DeadRun, (ulong)tail << 32 | (id + 1));
            return entry;
        }
        return null;
    }
}

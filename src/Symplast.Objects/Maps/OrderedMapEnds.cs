namespace Symplast.Objects;

// The first and the last entry.
public static unsafe partial class OrderedMap<THook>
{
    /// <summary>
    /// Removes the first entry, or another one if others come before it or go meanwhile: it was the first at some moment of the call. Both
    /// references become the caller's.
    /// <see cref="Status.Missing"/> if the map is empty.
    /// </summary>
    public static Status TakeFirst(Participant* me, OrderedMap* map, out Value key, out Value value) => TakeEnd(me, map, false, out key, out value);

    /// <summary>
    /// Removes the last entry: one that was the last at some moment of the call, though another one may have been inserted since. Both references
    /// become the caller's.
    /// <see cref="Status.Missing"/> if the map is empty.
    /// </summary>
    public static Status TakeLast(Participant* me, OrderedMap* map, out Value key, out Value value) => TakeEnd(me, map, true, out key, out value);

    static Status TakeEnd(Participant* me, OrderedMap* map, bool last, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        bool sparse = false;
        if (!PoolHeap.IsDeleted(heap))
        {
            Attempt attempt = new() { Me = me, Heap = heap, Map = map };
            THook.Point();
            // Pairs with the wait in OpenGate.
            attempt.HoldsLock = Volatile.Read(ref map->Gate) != 0;
            if (attempt.HoldsLock) ObjectLock.Enter<THook>(&map->Object.Lock);
            while (!TryTakeEnd(ref attempt, last))
            {
            }
            if (attempt.HoldsLock) ObjectLock.Exit<THook>(&map->Object.Lock);
            status = attempt.Status;
            sparse = attempt.IsSparse;
            key = attempt.OldKey;
            value = attempt.Current;
        }
        Epoch.Exit(me);
        if (sparse && !Epoch.IsInside(me)) Compact(me, map);
        return status;
    }

    // False: start over from the root.
    static bool TryTakeEnd(ref Attempt attempt, bool last)
    {
        OrderedMap* map = attempt.Map;
        THook.Point();
        // Acquire: pairs with the exchange that published the root.
        nint root = Volatile.Read(ref map->Root);
        attempt.Status = root == 0 ? Status.Deleted : Status.Missing;
        if (root == 0) return true;
        if (OrderedMap.IsLarge(root)) return TryTakeEnd(ref attempt, OrderedMap.Large(root), last);
        if (!attempt.HoldsLock) ObjectLock.Enter<THook>(&map->Object.Lock);
        bool done = map->Root == root;
        SmallMap* small = (SmallMap*)root;
        for (int i = 0; done && i < small->Count; i++)
        {
            int at = last ? small->Count - 1 - i : i;
            if (small->Tags[at] == 0) continue;
            attempt.OldKey = SmallMap.Keys(small)[at];
            attempt.Current = SmallMap.Values(small)[at];
            attempt.Status = Status.Done;
            RemoveAt(small, at);
            break;
        }
        if (!attempt.HoldsLock) ObjectLock.Exit<THook>(&map->Object.Lock);
        return done;
    }

    static bool TryTakeEnd(ref Attempt attempt, LargeMap* large, bool last)
    {
        while (true)
        {
            MapEntry* entry = last ? LastLive(large) : FirstLive(large);
            if (entry == null) return true;
            // It was not Removed inside this section, so its key can be read.
            Probe key = Probe.Of(entry->Key);
            MapShard* shard = EnterShard(large, key.Hash);
            if (shard->Moved != 0)
            {
                ObjectLock.Exit<THook>(&shard->Lock);
                return false;
            }
            if (FindIn(large, shard, key, out ulong* place) != entry)
            {
                ObjectLock.Exit<THook>(&shard->Lock);
                continue;
            }
            Value current;
            do
            {
                current = Load(&entry->Value);
                THook.Point();
            }
            while (Swap(&entry->Value, Removed, current) != current);
            FinishRemoval(ref attempt, large, shard, entry, place, current, true, Status.Done);
            return true;
        }
    }

    static MapEntry* FirstLive(LargeMap* large)
    {
        uint tail = Volatile.Read(ref large->Tail);
        bool solid = true;
        for (uint id = Volatile.Read(ref large->First); id < tail; id++)
        {
            MapEntry* entry = EntryAt(large, id);
            if (entry == null)
            {
                id = FirstIdOf(large, SegmentOf(id) + 1) - 1;
                continue;
            }
            THook.Point();
            // Empty: its insertion is under way.
            bool filled = !Load(&entry->Key).IsEmpty;
            if (filled && Load(&entry->Value) == Removed) continue;
            // A hint: what was removed stays so, whoever writes last.
            if (solid) Volatile.Write(ref large->First, id);
            if (filled) return entry;
            solid = false;
        }
        return null;
    }

    static MapEntry* LastLive(LargeMap* large)
    {
        uint tail = Volatile.Read(ref large->Tail);
        ulong run = Volatile.Read(ref large->DeadRun);
        bool solid = true;
        for (uint id = tail; id-- > 0;)
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
                id = FirstIdOf(large, SegmentOf(id));
                continue;
            }
            THook.Point();
            bool filled = !Load(&entry->Key).IsEmpty;
            if (filled && Load(&entry->Value) == Removed) continue;
            // What was removed stays so, whoever writes last.
            if (solid) Volatile.Write(ref large->DeadRun, (ulong)tail << 32 | (id + 1));
            if (filled) return entry;
            solid = false;
        }
        return null;
    }
}

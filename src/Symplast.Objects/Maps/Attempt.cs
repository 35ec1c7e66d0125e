using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// One change of one key, from the lookup to the dropped references: without a lock if it replaces a value, else under the lock
/// of the small table or of the key's shard. Its methods try until nothing interferes; each says false where the caller has to
/// start over from the root.
/// </summary>
internal unsafe ref struct Attempt
{
    internal Participant* Me;
    internal PoolHeap* Pool;
    internal OrderedMap* Map;

    /// <summary>The key as a value of the pool, once an insertion needed it; a reference that is still ours.</summary>
    internal Value Key;

    /// <summary>What was there when the change took effect.</summary>
    internal Value Current;

    /// <summary>
    /// What was unlinked: its references are dropped when no lock is held any more, because what dies with them may have
    /// locks of its own.
    /// </summary>
    internal Value OldKey, OldValue;
    internal Status Status;

    /// <summary>The gate is not 0, and we hold the map's lock.</summary>
    internal bool HoldsLock;

    /// <summary>The map should be compacted.</summary>
    internal bool IsSparse;

    internal static Status Apply<TChange>(Participant* me, OrderedMap* map, in Probe key, ref TChange change, out Value current)
        where TChange : struct, IMapChange
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        current = default;
        PoolHeap* heap = Heap.Of(map);
        bool sparse = false;
        if (!PoolHeap.IsDeleted(heap))
        {
            Attempt attempt = new() { Me = me, Pool = heap, Map = map };
            Interleaving.Point();
            // Pairs with the wait of whoever opens the gate; see there.
            if (Volatile.Read(ref map->Gate) == 0) attempt.ApplyOpen(key, ref change);
            else attempt.ApplyGated(key, ref change);
            // Dropping is the fence between the unlinking and the retiring.
            Reference.Drop(me, attempt.Key);
            Reference.Drop(me, attempt.OldKey);
            Reference.Drop(me, attempt.OldValue);
            status = attempt.Status;
            current = attempt.Current;
            sparse = attempt.IsSparse;
        }
        Epoch.Exit(me);
        if (sparse) Compaction.RunUnlessInside(me, map);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void ApplyGated<TChange>(in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        ObjectLock.Enter(&Map->Object.Lock);
        HoldsLock = true;
        ApplyOpen(key, ref change);
        ObjectLock.Exit(&Map->Object.Lock);
    }

    void ApplyOpen<TChange>(in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = Volatile.Read(ref Map->Root);
            if (root == 0)
            {
                Status = Status.Deleted;
                break;
            }
            if (LargeTable.IsRoot(root)
                ? TryUpdate(LargeTable.OfRoot(root), key, ref change)
                : TrySmall(root, key, ref change)) break;
        }
    }

    bool TryUpdate<TChange>(LargeTable* large, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        MapEntry* entry = ShardIndex.Find(large, key, out uint id);
        if (entry != null)
        {
            MapDecision decision = TryStore(large, id, &entry->Value, ref change);
            if (decision == MapDecision.Store) return true;
            if (decision == MapDecision.Remove) return TryLocked(large, key, ref change);
        }
        if (TChange.Inserts) return TryLocked(large, key, ref change);
        Status = OrderedMap.Absent(Map);
        return true;
    }

    // Store: the change took effect, or wants nothing. Remove: the change wants to remove the key. Leave: the entry was removed,
    // or its value has moved. The table is null for a value of a small one, which no snapshot copies part by part.
    MapDecision TryStore<TChange>(LargeTable* large, uint id, Value* place, ref TChange change) where TChange : struct, IMapChange
    {
        Interleaving.Point();
        Value current = OrderedMap.CurrentIn(large, ref place);
        while (!current.IsMark && !current.IsForward)
        {
            MapDecision decision = change.Present(Me, Pool, current, out Value desired);
            if (decision != MapDecision.Leave && large != null) MapCopy.Preserve(large, id);
            if (decision == MapDecision.Remove) return MapDecision.Remove;
            if (decision == MapDecision.Store)
            {
                Interleaving.Point();
                Value seen = MapAtomics.UpdateValue(place, desired, current);
                if (seen != current)
                {
                    Reference.Drop(Me, desired);
                    // Another value, or it has moved.
                    current = OrderedMap.CurrentIn(large, ref place);
                    continue;
                }
                if (!TChange.TakesCurrent) OldValue = current;
            }
            Current = current;
            Status = change.Status;
            return MapDecision.Store;
        }
        return MapDecision.Leave;
    }

    bool TryLocked<TChange>(LargeTable* large, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        // Before the lock is taken, which should be short.
        if (TChange.Inserts && !MakeKey(key)) return true;
        ulong hash = key.Hash;
        Shard* shard = ShardIndex.EnterShard(large, hash);
        if (MapAtomics.IsMoved(shard))
        {
            ObjectLock.Exit(&shard->Lock);
            return false;
        }
        MapEntry* entry = ShardIndex.FindIn(large, Shard.Slots(shard), shard->Mask, key, hash, out ulong* place, out uint id);
        if (entry != null)
        {
            MapDecision decision;
            Value current = default;
            bool isDue = false;
            while ((decision = TryStore(large, id, &entry->Value, ref change)) == MapDecision.Remove)
            {
                // Others may update without the lock, but not remove.
                Value* at = &entry->Value;
                current = ValuePlace.Current(ref at);
                if (change.Present(Me, Pool, current, out _) != MapDecision.Remove) continue;
                LogOrder.Enter(large);
                bool removed = LogOrder.TryRemove(large, id, at, current, out isDue);
                LogOrder.Exit(large);
                if (removed) break;
            }
            if (decision == MapDecision.Remove)
            {
                OldKey = entry->Key;
                FinishRemoval(large, shard, place, current, isDue, TChange.TakesCurrent, change.Status);
            }
            else
            {
                ObjectLock.Exit(&shard->Lock);
            }
            return decision != MapDecision.Leave;
        }
        if (TChange.Inserts) return TryInsert(large, shard, hash, ref change);
        ObjectLock.Exit(&shard->Lock);
        Status = Status.Missing;
        return true;
    }

    // The entry's value is Removed; the caller holds the shard's lock, which is given back.
    internal void FinishRemoval(
        LargeTable* large, Shard* shard, ulong* place, Value current, bool isDue, bool takes, Status status)
    {
        uint id = (uint)*place - 1;
        Interleaving.Point();
        // Full fence: new readers do not find the entry any more, before its key is retired. Pairs with the acquire in FindIn.
        Interlocked.Exchange(ref *place, Shard.Deleted);
        shard->Live--;
        // If there is no memory for a smaller one, the next removal tries again.
        bool shrunk = Shard.IsSparse(shard) && ShardIndex.Replace(Me, Pool, large, shard);
        ObjectLock.Exit(&shard->Lock);
        if (shrunk) Heap.Retire(Me, shard);
        if (!takes) OldValue = current;
        if (isDue) Packing.Shrink(Me, Pool, large, Log.SegmentOf(id));
        IsSparse = LargeTable.IsSparse(large);
        Current = current;
        Status = status;
    }

    // The caller holds the shard's lock, which is given back.
    bool TryInsert<TChange>(LargeTable* large, Shard* shard, ulong hash, ref TChange change) where TChange : struct, IMapChange
    {
        if (Shard.IsFull(shard))
        {
            bool grown = ShardIndex.Replace(Me, Pool, large, shard);
            ObjectLock.Exit(&shard->Lock);
            if (grown) Heap.Retire(Me, shard);
            else Status = Status.NoMemory;
            return !grown;
        }
        uint id = 0;
        if (change.Absent(Me, Pool, out Value desired) == MapDecision.Store)
        {
            if (LogOrder.TryAppend(Me, Pool, large, shard, hash, Key, desired, out id))
            {
                Key = default;
                Current = desired;
                Status = change.Status;
            }
            else
            {
                Reference.Drop(Me, desired);
                Status = Status.NoMemory;
            }
        }
        else
        {
            Status = change.Status;
        }
        ObjectLock.Exit(&shard->Lock);
        // Only now has the tail passed the segment before.
        int segment = Log.SegmentOf(id);
        if (id != 0 && id == Log.FirstIdOf(large, segment)) Packing.Shrink(Me, Pool, large, segment - 1);
        return true;
    }

    bool MakeKey(in Probe key)
    {
        if (Key.IsEmpty) Key = key.ToValue(Me, Pool);
        OrderedMap.NoteKey(Map, Key);
        if (!Key.IsEmpty) return true;
        Status = Status.NoMemory;
        return false;
    }

    // Updates need no lock, and what was not there while the root was the map's was missing.
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool TrySmall<TChange>(nint root, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        SmallTable* small = (SmallTable*)root;
        int i = SmallTable.IndexOf(small, key);
        if (i >= 0 && TryStore(null, 0, SmallTable.Values(small) + i, ref change) == MapDecision.Store) return true;
        if (i >= 0 || TChange.Inserts) return TrySmallLocked(root, key, ref change);
        Status = Status.Missing;
        return true;
    }

    // Insertions and removals hold the map's lock, and read the root again once they have it.
    bool TrySmallLocked<TChange>(nint seen, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        OrderedMap* map = Map;
        if (!HoldsLock) ObjectLock.Enter(&map->Object.Lock);
        nint root = MapAtomics.RootAgain(&map->Root, seen);
        bool done = root != 0 && !LargeTable.IsRoot(root);
        if (done)
        {
            SmallTable* small = (SmallTable*)root;
            int i = SmallTable.IndexOf(small, key);
            if (i >= 0) ChangeAt(small, i, ref change);
            else if (TChange.Inserts) done = TryAppend(small, key, ref change);
            else Status = Status.Missing;
        }
        if (!HoldsLock) ObjectLock.Exit(&map->Object.Lock);
        return done;
    }

    void ChangeAt<TChange>(SmallTable* small, int i, ref TChange change) where TChange : struct, IMapChange
    {
        Value* place = SmallTable.Values(small) + i;
        while (TryStore(null, 0, place, ref change) == MapDecision.Remove)
        {
            // Others may update without the lock, but not remove.
            Value current = ValuePlace.Load(place);
            if (change.Present(Me, Pool, current, out _) != MapDecision.Remove || !SmallTable.TryRemoveAt(small, i, current))
                continue;
            OldKey = SmallTable.Keys(small)[i];
            if (!TChange.TakesCurrent) OldValue = current;
            Current = current;
            Status = change.Status;
            break;
        }
    }

    // False: the map has become large.
    bool TryAppend<TChange>(SmallTable* small, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        if (!MakeKey(key)) return true;
        if (small->Count == small->Capacity)
        {
            nint root = MapRoots.Grow(Me, Map, small);
            if (LargeTable.IsRoot(root)) return false;
            small = (SmallTable*)root;
            if (small == null)
            {
                Status = Status.NoMemory;
                return true;
            }
        }
        if (change.Absent(Me, Pool, out Value desired) == MapDecision.Store)
        {
            SmallTable.Append(small, key.Hash, Key, desired, Map->NextSequence++);
            Key = default;
            Current = desired;
        }
        Status = change.Status;
        return true;
    }
}

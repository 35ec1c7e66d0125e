using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// One change of one key, from the lookup to the dropped references: without a lock if it replaces a value, else under the lock
/// of the small table or of the key's shard. Its methods try until nothing interferes; each says false where the caller has to
/// start over from the root.
/// </summary>
internal unsafe ref struct MapWriter
{
    internal Participant* Me;
    internal PoolHeap* Pool;
    internal OrderedMap* Map;

    /// <summary>The key as a value of the pool, once an insertion needed it; a reference that is still ours.</summary>
    internal Value Key;

    /// <summary>The key that was unlinked.</summary>
    internal Value OldKey;

    /// <summary>What was there, empty if nothing, when the change took effect or was found to change nothing.</summary>
    internal Value Current;

    /// <summary>What the change has stored, empty if nothing; without a reference.</summary>
    internal Value Next;

    /// <summary>The result; Done if the change took effect.</summary>
    internal Status Status;

    /// <summary>The gate is not 0, and we hold the map's lock.</summary>
    internal bool HoldsLock;

    /// <summary>The map should be compacted.</summary>
    internal bool IsSparse;

    internal static Status Apply<TChange>(Participant* me, OrderedMap* map, in Probe key, ref TChange change,
        out Value current, out Value next)
        where TChange : struct, IValueChange
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        current = next = default;
        PoolHeap* heap = Heap.Of(map);
        bool sparse = false;
        if (!PoolHeap.IsDeleted(heap))
        {
            MapWriter writer = new() { Me = me, Pool = heap, Map = map };
            Interleaving.Point();
            // Pairs with the wait of whoever opens the gate; see there.
            if (Volatile.Read(ref map->Gate) == 0) writer.ApplyOpen(key, ref change);
            else writer.ApplyGated(key, ref change);
            // What was unlinked is dropped when no lock is held any more, because what dies with it may have locks of its own.
            // Dropping is the fence between the unlinking and the retiring.
            Reference.Drop(me, writer.Key);
            Reference.Drop(me, writer.OldKey);
            if (!TChange.TakesPrevious && writer.Status == Status.Done) Reference.Drop(me, writer.Current);
            status = writer.Status;
            current = writer.Current;
            next = writer.Next;
            sparse = writer.IsSparse;
            Interleaving.Point();
            // After the change, which was interlocked, or whose lock was given back.
            if (status == Status.Done && WaiterAtomics.Any(ref map->Waiters)) KeyWaiting.Wake(map, key.Hash);
        }
        Epoch.Exit(me);
        if (sparse) Compaction.RunUnlessInside(me, map);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void ApplyGated<TChange>(in Probe key, ref TChange change) where TChange : struct, IValueChange
    {
        ObjectLock.Enter(&Map->Object.Lock);
        HoldsLock = true;
        ApplyOpen(key, ref change);
        ObjectLock.Exit(&Map->Object.Lock);
    }

    void ApplyOpen<TChange>(in Probe key, ref TChange change) where TChange : struct, IValueChange
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

    bool TryUpdate<TChange>(LargeTable* large, in Probe key, ref TChange change) where TChange : struct, IValueChange
    {
        MapEntry* entry = ShardIndex.Find(large, key, out uint id);
        if (entry != null)
        {
            Progress progress = TryStore(large, id, &entry->Value, ref change);
            if (progress == Progress.Ended) return true;
            if (progress == Progress.Removes) return TryLocked(large, key, ref change);
        }
        if (TChange.Inserts) return TryLocked(large, key, ref change);
        Status = OrderedMap.Absent(Map);
        return true;
    }

    /// <summary>How far a change of an entry has come without a lock.</summary>
    enum Progress
    {
        /// <summary>It took effect, or changes nothing.</summary>
        Ended,

        /// <summary>It is a removal, which needs the lock.</summary>
        Removes,

        /// <summary>The entry was removed, or its value has moved.</summary>
        Gone,
    }

    // The table is null for a value of a small one, which no snapshot copies part by part.
    Progress TryStore<TChange>(LargeTable* large, uint id, Value* place, ref TChange change) where TChange : struct, IValueChange
    {
        Interleaving.Point();
        Value current = OrderedMap.CurrentIn(large, ref place);
        while (!current.IsMark && !current.IsForward)
        {
            Status status = change.Next(Me, Pool, current, out Value next);
            if (status == Status.Done)
            {
                if (large != null) MapCopy.Preserve(large, id);
                if (TChange.Removes) return Progress.Removes;
                Interleaving.Point();
                Value seen = MapAtomics.UpdateValue(place, next, current);
                if (seen != current)
                {
                    Reference.Drop(Me, next);
                    // Another value, or it has moved.
                    current = OrderedMap.CurrentIn(large, ref place);
                    continue;
                }
                Next = next;
            }
            Current = current;
            Status = status;
            return Progress.Ended;
        }
        return Progress.Gone;
    }

    bool TryLocked<TChange>(LargeTable* large, in Probe key, ref TChange change) where TChange : struct, IValueChange
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
            Progress progress;
            Value current = default;
            bool isDue = false;
            while ((progress = TryStore(large, id, &entry->Value, ref change)) == Progress.Removes)
            {
                // Others may update without the lock, but not remove.
                Value* at = &entry->Value;
                current = ValuePlace.Current(ref at);
                if (change.Next(Me, Pool, current, out _) != Status.Done) continue;
                LogOrder.Enter(large);
                bool removed = LogOrder.TryRemove(large, id, at, current, out isDue);
                LogOrder.Exit(large);
                if (removed) break;
            }
            if (progress == Progress.Removes)
            {
                OldKey = entry->Key;
                FinishRemoval(large, shard, place, current, isDue);
            }
            else
            {
                ObjectLock.Exit(&shard->Lock);
            }
            return progress != Progress.Gone;
        }
        if (TChange.Inserts) return TryInsert(large, shard, hash, ref change);
        ObjectLock.Exit(&shard->Lock);
        Status = Status.Missing;
        return true;
    }

    // The entry's value is Removed; the caller holds the shard's lock, which is given back.
    internal void FinishRemoval(LargeTable* large, Shard* shard, ulong* place, Value current, bool isDue)
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
        if (isDue) Packing.Shrink(Me, Pool, large, Log.SegmentOf(id));
        IsSparse = LargeTable.IsSparse(large);
        Current = current;
        Status = Status.Done;
    }

    // The caller holds the shard's lock, which is given back.
    bool TryInsert<TChange>(LargeTable* large, Shard* shard, ulong hash, ref TChange change) where TChange : struct, IValueChange
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
        Status = change.Next(Me, Pool, default, out Value next);
        if (Status == Status.Done)
        {
            if (LogOrder.TryAppend(Me, Pool, large, shard, hash, Key, next, out id))
            {
                Key = default;
                Next = next;
            }
            else
            {
                Reference.Drop(Me, next);
                Status = Status.NoMemory;
            }
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
    bool TrySmall<TChange>(nint root, in Probe key, ref TChange change) where TChange : struct, IValueChange
    {
        SmallTable* small = (SmallTable*)root;
        int i = SmallTable.IndexOf(small, key);
        if (i >= 0 && TryStore(null, 0, SmallTable.Values(small) + i, ref change) == Progress.Ended) return true;
        if (i >= 0 || TChange.Inserts) return TrySmallLocked(root, key, ref change);
        Status = Status.Missing;
        return true;
    }

    // Insertions and removals hold the map's lock, and read the root again once they have it.
    bool TrySmallLocked<TChange>(nint seen, in Probe key, ref TChange change) where TChange : struct, IValueChange
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

    void ChangeAt<TChange>(SmallTable* small, int i, ref TChange change) where TChange : struct, IValueChange
    {
        Value* place = SmallTable.Values(small) + i;
        while (TryStore(null, 0, place, ref change) == Progress.Removes)
        {
            // Others may update without the lock, but not remove.
            Value current = ValuePlace.Load(place);
            if (change.Next(Me, Pool, current, out _) != Status.Done || !SmallTable.TryRemoveAt(small, i, current))
                continue;
            OldKey = SmallTable.Keys(small)[i];
            Current = current;
            Status = Status.Done;
            break;
        }
    }

    // False: the map has become large.
    bool TryAppend<TChange>(SmallTable* small, in Probe key, ref TChange change) where TChange : struct, IValueChange
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
        Status = change.Next(Me, Pool, default, out Value next);
        if (Status == Status.Done)
        {
            SmallTable.Append(small, key.Hash, Key, next, Map->NextSequence++);
            Key = default;
            Next = next;
        }
        return true;
    }
}

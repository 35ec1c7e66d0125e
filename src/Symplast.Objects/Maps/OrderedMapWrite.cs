using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>What a change wants done with a key.</summary>
internal enum MapDecision
{
    /// <summary>Nothing.</summary>
    Leave,

    /// <summary>Give it a value, with a reference that the map takes over if it comes to that.</summary>
    Store,

    /// <summary>Remove it.</summary>
    Remove,
}

/// <summary>
/// A change of one key. It is asked with what is there, possibly several times, and its answer takes effect only if that is still
/// there at that moment.
/// </summary>
internal unsafe interface IMapChange
{
    /// <summary>Whether it ever stores where nothing is.</summary>
    static abstract bool Inserts { get; }

    /// <summary>Whether the reference to the value that was there becomes the caller's.</summary>
    static abstract bool TakesCurrent { get; }

    /// <summary>The result of the last answer, if that takes effect.</summary>
    Status Status { get; }

    /// <summary>The key has a value.</summary>
    MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired);

    /// <summary>The key is absent; only asked if <see cref="Inserts"/>.</summary>
    MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired);
}

// How every change of one key is done: without a lock if it is an update.
public unsafe partial struct OrderedMap
{
    // What the attempts of one change share.
    ref struct Attempt
    {
        internal Participant* Me;
        internal PoolHeap* Heap;
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
    }

    // The most frequent change, of the value of a key that is there: what Apply does with it, without its detours. False, and
    // nothing is done, if there is anything else to it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryReplace<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey
    {
        Epoch.Enter(me);
        bool done = false;
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            Reference.Take(value);
            done = TryReplaceInside(me, map, key, value);
            if (!done) Reference.Drop(me, value);
        }
        Epoch.Exit(me);
        return done;
    }

    // If it is done, the reference to the value is the map's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryReplaceInside<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey
    {
        Interleaving.Point();
        // As in Apply, and as in ApplyOpen.
        if (Volatile.Read(ref map->Gate) != 0) return false;
        Interleaving.Point();
        nint root = Volatile.Read(ref map->Root);
        Value* place;
        LargeMap* large = null;
        if (OrderedMap.IsLarge(root))
        {
            large = OrderedMap.Large(root);
            MapEntry* entry = Find(large, key, out uint id);
            if (entry == null) return false;
            Preserve(large, id);
            place = &entry->Value;
        }
        else
        {
            int i = root == 0 ? -1 : IndexOf((SmallMap*)root, key);
            if (i < 0) return false;
            place = SmallMap.Values((SmallMap*)root) + i;
        }
        Interleaving.Point();
        Value current = CurrentIn(large, ref place);
        if (current.IsMark || current.IsForward) return false;
        Interleaving.Point();
        if (Swap(place, value, current) != current) return false;
        // Dropping is the fence between the unlinking and the retiring.
        Reference.Drop(me, current);
        return true;
    }

    static Status Apply<TChange>(Participant* me, OrderedMap* map, in Probe key, ref TChange change, out Value current)
        where TChange : struct, IMapChange
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        current = default;
        PoolHeap* heap = Heap.Of(map);
        bool sparse = false;
        if (!PoolHeap.IsDeleted(heap))
        {
            Attempt attempt = new() { Me = me, Heap = heap, Map = map };
            Interleaving.Point();
            // Pairs with the wait of whoever opens the gate; see there.
            if (Volatile.Read(ref map->Gate) == 0) ApplyOpen(ref attempt, key, ref change);
            else ApplyGated(ref attempt, key, ref change);
            // Dropping is the fence between the unlinking and the retiring.
            Reference.Drop(me, attempt.Key);
            Reference.Drop(me, attempt.OldKey);
            Reference.Drop(me, attempt.OldValue);
            status = attempt.Status;
            current = attempt.Current;
            sparse = attempt.IsSparse;
        }
        Epoch.Exit(me);
        if (sparse) CompactUnlessInside(me, map);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void ApplyGated<TChange>(ref Attempt attempt, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        ObjectLock.Enter(&attempt.Map->Object.Lock);
        attempt.HoldsLock = true;
        ApplyOpen(ref attempt, key, ref change);
        ObjectLock.Exit(&attempt.Map->Object.Lock);
    }

    static void ApplyOpen<TChange>(ref Attempt attempt, in Probe key, ref TChange change) where TChange : struct, IMapChange
    {
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = Volatile.Read(ref attempt.Map->Root);
            if (root == 0)
            {
                attempt.Status = Status.Deleted;
                break;
            }
            if (OrderedMap.IsLarge(root)
                ? TryUpdate(ref attempt, OrderedMap.Large(root), key, ref change)
                : TrySmall(ref attempt, root, key, ref change)) break;
        }
    }

    // False: start over from the root.
    static bool TryUpdate<TChange>(ref Attempt attempt, LargeMap* large, in Probe key, ref TChange change)
        where TChange : struct, IMapChange
    {
        MapEntry* entry = Find(large, key, out uint id);
        if (entry != null)
        {
            MapDecision decision = TryStore(ref attempt, large, id, &entry->Value, ref change);
            if (decision == MapDecision.Store) return true;
            if (decision == MapDecision.Remove) return TryLocked(ref attempt, large, key, ref change);
        }
        if (TChange.Inserts) return TryLocked(ref attempt, large, key, ref change);
        attempt.Status = Absent(attempt.Map);
        return true;
    }

    // Store: the change took effect, or wants nothing. Remove: it wants to remove. Leave: the entry was removed, or moved. In a
    // small map, of which there is no copying part by part, there is no large one.
    static MapDecision TryStore<TChange>(ref Attempt attempt, LargeMap* large, uint id, Value* place, ref TChange change)
        where TChange : struct, IMapChange
    {
        Interleaving.Point();
        Value current = CurrentIn(large, ref place);
        while (!current.IsMark && !current.IsForward)
        {
            MapDecision decision = change.Present(attempt.Me, attempt.Heap, current, out Value desired);
            if (decision != MapDecision.Leave && large != null) Preserve(large, id);
            if (decision == MapDecision.Remove) return MapDecision.Remove;
            if (decision == MapDecision.Store)
            {
                Interleaving.Point();
                Value seen = MapAtomics.UpdateValue(place, desired, current);
                if (seen != current)
                {
                    Reference.Drop(attempt.Me, desired);
                    // Another value, or it has moved.
                    current = CurrentIn(large, ref place);
                    continue;
                }
                if (!TChange.TakesCurrent) attempt.OldValue = current;
            }
            attempt.Current = current;
            attempt.Status = change.Status;
            return MapDecision.Store;
        }
        return MapDecision.Leave;
    }

    // A value of a small map that has moved is not to be changed before the others have moved, too.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value CurrentIn(LargeMap* large, ref Value* place) => large == null ? Load(place) : Current(ref place);

    static bool TryLocked<TChange>(ref Attempt attempt, LargeMap* large, in Probe key, ref TChange change)
        where TChange : struct, IMapChange
    {
        // Before the lock is taken, which should be short.
        if (TChange.Inserts && !MakeKey(ref attempt, key)) return true;
        ulong hash = key.Hash;
        MapShard* shard = EnterShard(large, hash);
        if (MapAtomics.IsMoved(shard))
        {
            ObjectLock.Exit(&shard->Lock);
            return false;
        }
        MapEntry* entry = FindIn(large, MapShard.Slots(shard), shard->Mask, key, hash, out ulong* place, out uint id);
        if (entry != null)
        {
            MapDecision decision;
            Value current = default;
            bool isDue = false;
            while ((decision = TryStore(ref attempt, large, id, &entry->Value, ref change)) == MapDecision.Remove)
            {
                // Others may update without the lock, but not remove.
                Value* at = &entry->Value;
                current = Current(ref at);
                if (change.Present(attempt.Me, attempt.Heap, current, out _) != MapDecision.Remove) continue;
                EnterOrder(large);
                bool removed = TryRemoveValue(large, id, at, current, out isDue);
                ExitOrder(large);
                if (removed) break;
            }
            if (decision == MapDecision.Remove)
            {
                attempt.OldKey = entry->Key;
                FinishRemoval(ref attempt, large, shard, place, current, isDue, TChange.TakesCurrent, change.Status);
            }
            else
            {
                ObjectLock.Exit(&shard->Lock);
            }
            return decision != MapDecision.Leave;
        }
        if (TChange.Inserts) return TryInsert(ref attempt, large, shard, hash, ref change);
        ObjectLock.Exit(&shard->Lock);
        attempt.Status = Status.Missing;
        return true;
    }

    // The entry's value is Removed; the caller holds the shard's lock, which is given back.
    static void FinishRemoval(
        ref Attempt attempt, LargeMap* large, MapShard* shard, ulong* place, Value current, bool isDue, bool takes, Status status)
    {
        uint id = (uint)*place - 1;
        Interleaving.Point();
        // Full fence: new readers do not find the entry any more, before its key is retired. Pairs with the acquire in FindIn.
        Interlocked.Exchange(ref *place, MapShard.Deleted);
        shard->Live--;
        // If there is no memory for a smaller one, the next removal tries again.
        bool shrunk = IsSparse(shard) && ReplaceShard(attempt.Me, attempt.Heap, large, shard);
        ObjectLock.Exit(&shard->Lock);
        if (shrunk) Heap.Retire(attempt.Me, shard);
        if (!takes) attempt.OldValue = current;
        if (isDue) ShrinkSegment(attempt.Me, attempt.Heap, large, SegmentOf(id));
        attempt.IsSparse = IsSparse(large);
        attempt.Current = current;
        attempt.Status = status;
    }

    // The caller holds the shard's lock, which is given back.
    static bool TryInsert<TChange>(ref Attempt attempt, LargeMap* large, MapShard* shard, ulong hash, ref TChange change)
        where TChange : struct, IMapChange
    {
        if (IsFull(shard))
        {
            bool grown = ReplaceShard(attempt.Me, attempt.Heap, large, shard);
            ObjectLock.Exit(&shard->Lock);
            if (grown) Heap.Retire(attempt.Me, shard);
            else attempt.Status = Status.NoMemory;
            return !grown;
        }
        uint id = 0;
        if (change.Absent(attempt.Me, attempt.Heap, out Value desired) == MapDecision.Store)
        {
            if (TryAppend(attempt.Me, attempt.Heap, large, shard, hash, attempt.Key, desired, out id))
            {
                attempt.Key = default;
                attempt.Current = desired;
                attempt.Status = change.Status;
            }
            else
            {
                Reference.Drop(attempt.Me, desired);
                attempt.Status = Status.NoMemory;
            }
        }
        else
        {
            attempt.Status = change.Status;
        }
        ObjectLock.Exit(&shard->Lock);
        // Only now has the tail passed the segment before.
        int segment = SegmentOf(id);
        if (id != 0 && id == FirstIdOf(large, segment)) ShrinkSegment(attempt.Me, attempt.Heap, large, segment - 1);
        return true;
    }

    static bool MakeKey(ref Attempt attempt, in Probe key)
    {
        if (attempt.Key.IsEmpty) attempt.Key = key.ToValue(attempt.Me, attempt.Heap);
        NoteKey(attempt.Map, attempt.Key);
        if (!attempt.Key.IsEmpty) return true;
        attempt.Status = Status.NoMemory;
        return false;
    }

    // False: start over from the root. Updates need no lock, and what was not there while the root was the map's was missing.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TrySmall<TChange>(ref Attempt attempt, nint root, in Probe key, ref TChange change)
        where TChange : struct, IMapChange
    {
        SmallMap* small = (SmallMap*)root;
        int i = IndexOf(small, key);
        if (i >= 0 && TryStore(ref attempt, null, 0, SmallMap.Values(small) + i, ref change) == MapDecision.Store) return true;
        if (i >= 0 || TChange.Inserts) return TrySmallLocked(ref attempt, root, key, ref change);
        attempt.Status = Status.Missing;
        return true;
    }

    // The same. Insertions and removals hold the lock, and look at the root again when they have it.
    static bool TrySmallLocked<TChange>(ref Attempt attempt, nint seen, in Probe key, ref TChange change)
        where TChange : struct, IMapChange
    {
        OrderedMap* map = attempt.Map;
        if (!attempt.HoldsLock) ObjectLock.Enter(&map->Object.Lock);
        nint root = MapAtomics.RootAgain(map, seen);
        bool done = root != 0 && !OrderedMap.IsLarge(root);
        if (done)
        {
            SmallMap* small = (SmallMap*)root;
            int i = IndexOf(small, key);
            if (i >= 0) ChangeAt(ref attempt, small, i, ref change);
            else if (TChange.Inserts) done = TryAppend(ref attempt, small, key, ref change);
            else attempt.Status = Status.Missing;
        }
        if (!attempt.HoldsLock) ObjectLock.Exit(&map->Object.Lock);
        return done;
    }

    static void ChangeAt<TChange>(ref Attempt attempt, SmallMap* small, int i, ref TChange change)
        where TChange : struct, IMapChange
    {
        Value* place = SmallMap.Values(small) + i;
        while (TryStore(ref attempt, null, 0, place, ref change) == MapDecision.Remove)
        {
            // Others may update without the lock, but not remove.
            Value current = Load(place);
            if (change.Present(attempt.Me, attempt.Heap, current, out _) != MapDecision.Remove || !TryRemoveAt(small, i, current))
                continue;
            attempt.OldKey = SmallMap.Keys(small)[i];
            if (!TChange.TakesCurrent) attempt.OldValue = current;
            attempt.Current = current;
            attempt.Status = change.Status;
            break;
        }
    }

    // False: the map has become large.
    static bool TryAppend<TChange>(ref Attempt attempt, SmallMap* small, in Probe key, ref TChange change)
        where TChange : struct, IMapChange
    {
        if (!MakeKey(ref attempt, key)) return true;
        if (small->Count == small->Capacity)
        {
            nint root = Grow(attempt.Me, attempt.Map, small);
            if (OrderedMap.IsLarge(root)) return false;
            small = (SmallMap*)root;
            if (small == null)
            {
                attempt.Status = Status.NoMemory;
                return true;
            }
        }
        if (change.Absent(attempt.Me, attempt.Heap, out Value desired) == MapDecision.Store)
        {
            Append(small, key.Hash, attempt.Key, desired, attempt.Map->NextSequence++);
            attempt.Key = default;
            attempt.Current = desired;
        }
        attempt.Status = change.Status;
        return true;
    }
}

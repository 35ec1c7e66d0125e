using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Giving up a root, with all that hangs on it.
public unsafe partial struct OrderedMap
{
    /// <summary>Removes all keys, in one atomic step.</summary>
    public static Status Clear(Participant* me, OrderedMap* map)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        if (!PoolHeap.IsDeleted(heap))
        {
            SmallMap* empty = NewSmall(me, heap, 0, 0, isExchange: true);
            if (empty == null)
            {
                status = Status.NoMemory;
            }
            else if (GiveUpRoot(me, map, (nint)empty, null))
            {
                status = Status.Done;
            }
            else
            {
                Heap.Free(me, empty);
            }
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Deletes the map for all, at once and finally: every later operation finds <see cref="Status.Deleted"/>, and so does a
    /// second deletion. The head stays until the last reference is dropped.
    /// </summary>
    public static Status Delete(Participant* me, OrderedMap* map)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!PoolHeap.IsDeleted(Heap.Of(map)) && GiveUpRoot(me, map, 0, null)) status = Status.Done;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Called when the last reference is gone: the map's own references go to the list of what dies with it.</summary>
    static void ReleaseContents(Participant* me, Header* head, ref Release release)
    {
        // Others may still be at it, who found the pointer inside a section and took no reference.
        fixed (Release* rest = &release) GiveUpRoot(me, (OrderedMap*)head, 0, rest);
    }

    // False if it was deleted before.
    static bool GiveUpRoot(Participant* me, OrderedMap* map, nint root, Release* release)
    {
        ObjectLock.Enter(&map->Object.Lock);
        nint old = map->Root;
        if (old != 0)
        {
            if (OrderedMap.IsLarge(old)) map->NextSequence = NextSequenceOf(old);
            if (root != 0) ((SmallMap*)root)->FirstSequence = map->NextSequence;
            Interleaving.Point();
            // Full fence: pairs with the first read of every operation; unlinks the old root before it is retired.
            Interlocked.Exchange(ref map->Root, root);
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted. After the root, which most operations look at: who was
            // told by the flag finds no root either. Before any value becomes Removed: who finds one of these finds the flag.
            if (root == 0) Volatile.Write(ref map->Object.Head.DeletedFlag, 1);
        }
        ObjectLock.Exit(&map->Object.Lock);
        if (old == 0) return false;
        if (OrderedMap.IsLarge(old)) GiveUp(me, OrderedMap.Large(old), release);
        else GiveUp(me, (SmallMap*)old, release);
        return true;
    }

    // Insertions and removals look at the root under the lock; updates without it end here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void GiveUp(Participant* me, SmallMap* small, Release* release)
    {
        for (int i = 0; i < small->Count; i++)
        {
            if (small->Tags[i] == 0) continue;
            Interleaving.Point();
            // Full fence. Whoever takes the value out drops the references. Pairs with Swap in TryStore.
            Value value = new(Interlocked.Exchange(ref *(ulong*)(SmallMap.Values(small) + i), Removed.Bits));
            Drop(me, SmallMap.Keys(small)[i], release);
            Drop(me, value, release);
        }
        Heap.Retire(me, small);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void GiveUp(Participant* me, LargeMap* large, Release* release)
    {
        // From here on nothing is inserted, removed or moved; what was begun is complete.
        MoveShards(me, large);
        CopyRest(MapAtomics.LoadCopy(large));
        StopPacking(large);
        MapSegments* segments = large->Segments;
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            nint item = Volatile.Read(ref MapSegments.Items(segments)[i]);
            if (item is 0 or MapSegments.Gone) continue;
            MapEntry* entries = EntriesOf(large, item, i, large->Tail, out uint count);
            for (uint j = 0; j < count; j++) GiveUp(me, entries + j, release);
        }
        RetireLog(me, large);
        RetireDirectory(me, large);
        Heap.Retire(me, large);
    }

    static void GiveUp(Participant* me, MapEntry* entry, Release* release)
    {
        Interleaving.Point();
        // Full fence. Whoever takes the value out drops the references; updates without a lock end here. Pairs with Swap in
        // TryStore. In a segment that is the log's no value has moved.
        Value value = new(Interlocked.Exchange(ref *(ulong*)&entry->Value, Removed.Bits));
        if (value == Removed) return;
        Drop(me, entry->Key, release);
        Drop(me, value, release);
    }

    // Marks and retires all shards, in the order of the hashes that belong to them; the directory may change meanwhile.
    static void MoveShards(Participant* me, LargeMap* large)
    {
        ulong hash = 0;
        while (true)
        {
            MapShard* shard = EnterShard(large, hash);
            bool mine = shard->Moved == 0;
            int depth = shard->Depth;
            MapAtomics.MarkMoved(shard);
            ObjectLock.Exit(&shard->Lock);
            if (!mine) continue;
            Heap.Retire(me, shard);
            if (depth == 0) break;
            hash += 1UL << (64 - depth);
            if (hash == 0) break;
        }
    }

    static void RetireLog(Participant* me, LargeMap* large)
    {
        ObjectLock.Enter(&large->Growing);
        MapSegments* segments = large->Segments;
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            Interleaving.Point();
            // Full fence; pairs with the exchange in DropSegment: one of the two retires the segment.
            nint item = Interlocked.Exchange(ref MapSegments.Items(segments)[i], MapSegments.Gone);
            if (item is not (0 or MapSegments.Gone)) Heap.Retire(me, HeadOf(large, item, i));
        }
        ObjectLock.Exit(&large->Growing);
        Heap.Retire(me, segments);
    }

    // The same for a root whose entries live on in another one, by the only writer. The list stays as it is: a reader who is
    // still in it takes a segment that is not there for one whose entries were all removed.
    static void RetireCopiedLog(Participant* me, LargeMap* large)
    {
        MapSegments* segments = large->Segments;
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            nint item = MapSegments.Items(segments)[i];
            if (item is not (0 or MapSegments.Gone)) Heap.Retire(me, HeadOf(large, item, i));
        }
        Heap.Retire(me, segments);
    }

    static void Drop(Participant* me, Value value, Release* release)
    {
        if (release == null) Reference.Drop(me, value);
        else release->Drop(me, value);
    }
}

using System.Diagnostics;

namespace Symplast.Objects;

// What needs the map to itself. Readers do not notice; the protocol is at the top of OrderedMap.cs.
public unsafe partial struct OrderedMap
{
    /// <summary>
    /// A copy of all entries as they are at one instant. Others go on meanwhile: a writer waits for the copying of 256 entries at
    /// most. Not inside a section, and only with a reference to the map.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status Snapshot(Participant* me, OrderedMap* map, out MapSnapshot* snapshot)
    {
        Status status = BeginSnapshot(me, map, out snapshot, out MapCopy* copy);
        return copy == null ? status : FinishCopy(me, map, copy, out snapshot);
    }

    /// <summary>
    /// The same, but of a large map nothing is copied yet: parts of the copy are made when they are read
    /// (<see cref="ReadPart"/>), or when others change what is in them. It belongs to the caller, who ends it
    /// (<see cref="EndSnapshot"/>). As long as it is not complete, whoever wants another snapshot completes it first.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status BeginSnapshot(Participant* me, OrderedMap* map, out MapSnapshot* snapshot, out MapCopy* copy)
    {
        RefuseInside(me);
        for (int spare = MapSizes.SpareSegments; ; spare = 2 * spare + 1)
        {
            Status status = Prepare(me, map, spare, out snapshot, out copy);
            if (copy == null) return status;
            MapCopy* prepared = copy;
            copy = null;
            if (!HelpCopying(me, map)) return Status.Deleted;
            status = OpenGate(me, map);
            bool begun = status == Status.Done && TryBegin(map, prepared);
            if (status == Status.Done) CloseGate(map);
            if (status == Status.Done && !begun) FreeCopy(me, prepared);
            Epoch.Exit(me);
            if (begun) copy = prepared;
            if (begun || status != Status.Done) return status;
        }
    }

    /// <summary>
    /// The entries of one part, key and value in turn, as they were at the instant of the snapshot. Inside a section in which the
    /// pool was not deleted, and only before the snapshot is ended; it stays until then.
    /// </summary>
    public static Value* ReadPart(MapCopy* copy, uint number, out uint count)
    {
        CopyPart(copy, number);
        // As CopyPart has read it.
        count = MapCopy.Part(copy, number)->Copied - 1;
        return MapCopy.Items(copy, number, MapSizes.PartBits);
    }

    /// <summary>
    /// Ends a snapshot of which nothing will be read any more; what was not copied is not. Only with a reference to the map,
    /// unless its pool was deleted.
    /// </summary>
    public static void EndSnapshot(Participant* me, OrderedMap* map, MapCopy* copy)
    {
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            // After that nobody copies anything, and so nobody is at the target.
            for (uint i = 0; i < copy->Parts; i++) PassOver(copy, i);
            for (uint i = 0; i < copy->Parts; i++)
            {
                Value* items = ReadPart(copy, i, out uint count);
                for (uint j = 0; j < 2 * count; j++) Reference.Drop(me, items[j]);
            }
            Heap.Free(me, copy->Target);
            EndCopy(me, map, copy);
        }
        Epoch.Exit(me);
    }

    /// <summary>
    /// Gives back the memory of all removed entries. Writers wait meanwhile; readers do not. A map gives back most of it by
    /// itself, in small pieces; all, when so few of many entries are left (8192 at most) that nobody waits for long. Not inside a
    /// section, and only with a reference to the map.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status Compact(Participant* me, OrderedMap* map)
    {
        RefuseInside(me);
        while (HelpCopying(me, map))
        {
            Status status = OpenGate(me, map);
            bool waits = false;
            if (status == Status.Done)
            {
                nint old = map->Root;
                waits = OrderedMap.IsLarge(old) && !IsComplete(OrderedMap.Large(old)->Copy);
                if (old == 0) status = Status.Deleted;
                else if (!waits && OrderedMap.IsLarge(old) && OrderedMap.Large(old)->Dead != 0)
                    status = Rebuild(me, map, OrderedMap.Large(old));
                CloseGate(map);
            }
            Epoch.Exit(me);
            if (!waits) return status;
        }
        return Status.Deleted;
    }

    // What a map does by itself. Inside a section of the caller's it has to wait for another time.
    static void CompactUnlessInside(Participant* me, OrderedMap* map)
    {
        // Most callers are only ever inside as this participant, which costs nothing to find out.
        if (!Epoch.IsInside(me) && !Epoch.IsInsideAny()) Compact(me, map);
    }

    // Before the gate is opened: who waits for its own section would leave it open.
    static void RefuseInside(Participant* me)
    {
        if (Epoch.IsInside(me) || Epoch.IsInsideAny())
            throw new InvalidOperationException("a thread cannot take a map for itself inside a section of its own");
    }

    // A small map is copied at once. For a large one, what is needed to begin a copy. Neither if there is no memory, or no map.
    static Status Prepare(Participant* me, OrderedMap* map, int spare, out MapSnapshot* snapshot, out MapCopy* copy)
    {
        snapshot = null;
        copy = null;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        if (!PoolHeap.IsDeleted(heap))
        {
            ObjectLock.Enter(&map->Object.Lock);
            nint root = map->Root;
            if (root != 0 && !OrderedMap.IsLarge(root)) snapshot = Copy(me, map, heap, (SmallMap*)root, keysOnly: false);
            ObjectLock.Exit(&map->Object.Lock);
            if (OrderedMap.IsLarge(root)) copy = NewCopy(me, heap, OrderedMap.Large(root), spare);
            if (root != 0) status = snapshot != null || copy != null ? Status.Done : Status.NoMemory;
        }
        Epoch.Exit(me);
        return status;
    }

    // The instant of the snapshot. By the only writer; false if the copy does not fit what the map has become.
    static bool TryBegin(OrderedMap* map, MapCopy* copy)
    {
        LargeMap* large = OrderedMap.Large(map->Root);
        if (!OrderedMap.IsLarge(map->Root) || large->Generation != copy->Generation || large->Tail > copy->Limit
            || !IsComplete(large->Copy)) return false;
        copy->Count = large->Tail - large->Dead;
        copy->Tail = large->Tail;
        Interleaving.Point();
        // Full fence: pairs with the acquire in CopyOf. If another copy was there, all of its parts are copied.
        Interlocked.Exchange(ref *(nint*)&large->Copy, (nint)copy);
        return true;
    }

    // A section for each part. The entries come to lie next to each other: what is moved to has been copied from.
    static Status FinishCopy(Participant* me, OrderedMap* map, MapCopy* copy, out MapSnapshot* snapshot)
    {
        snapshot = null;
        ulong count = 0;
        for (uint i = 0; ; i++)
        {
            Epoch.Enter(me);
            bool isDeleted = PoolHeap.IsDeleted(Heap.Of(map));
            bool isLast = !isDeleted && i == copy->Parts;
            if (isLast)
            {
                snapshot = copy->Target;
                snapshot->Count = count;
                EndCopy(me, map, copy);
            }
            else if (!isDeleted)
            {
                CopyPart(copy, i);
                int each = (int)MapCopy.Part(copy, i)->Copied - 1;
                new Span<Value>(MapCopy.Items(copy, i, MapSizes.PartBits), 2 * each).CopyTo(
                    new Span<Value>(MapSnapshot.Items(copy->Target) + 2 * count, 2 * each));
                count += (ulong)each;
            }
            Epoch.Exit(me);
            if (isDeleted) return Status.Deleted;
            if (isLast) return Status.Done;
        }
    }

    static void EndCopy(Participant* me, OrderedMap* map, MapCopy* copy)
    {
        // The root changes under the lock, so it stays meanwhile.
        ObjectLock.Enter(&map->Object.Lock);
        nint root = map->Root;
        if (OrderedMap.IsLarge(root))
        {
            Interleaving.Point();
            // Full fence: unlinks the copy before it is retired, unless the next one has taken its place. In a root that was
            // given up it stays; whoever still finds it there is in a section that began before.
            Interlocked.CompareExchange(ref *(nint*)&OrderedMap.Large(root)->Copy, 0, (nint)copy);
        }
        ObjectLock.Exit(&map->Object.Lock);
        Heap.Retire(me, copy);
    }

    static void FreeCopy(Participant* me, MapCopy* copy)
    {
        Heap.Free(me, copy->Target);
        Heap.Free(me, copy);
    }

    // Under the lock, under which keys change. Values change without it: so the block is replaced by one that has all of them at
    // one instant, and that nobody else can change before it is the root. A set's are all true.
    static MapSnapshot* Copy(Participant* me, OrderedMap* map, PoolHeap* heap, SmallMap* small, bool keysOnly)
    {
        int live = LiveOf(small);
        // The pool's allocator is the faster one.
        MapSnapshot* snapshot =
            (MapSnapshot*)Heap.Allocate(me, heap, (nuint)sizeof(MapSnapshot) + (nuint)live * 2 * (nuint)sizeof(Value));
        if (snapshot != null) *snapshot = default;
        else if ((snapshot = MapSnapshot.Create(heap, (ulong)live)) == null) return null;
        bool isFrozen = live != 0 && !keysOnly && map->Object.Head.Kind != HeaderKind.Set;
        SmallMap* copy = isFrozen ? NewCopy(me, map, small, small->Capacity, isExchange: true) : small;
        if (copy == null)
        {
            MapSnapshot.Free(me, snapshot);
            return null;
        }
        if (isFrozen) Freeze(small, (nint)copy);
        Value* items = MapSnapshot.Items(snapshot);
        for (int i = 0; i < copy->Count; i++)
        {
            if (copy->Tags[i] == 0) continue;
            items[2 * snapshot->Count] = SmallMap.Keys(copy)[i];
            items[2 * snapshot->Count++ + 1] = keysOnly ? default : SmallMap.Values(copy)[i];
        }
        // The map's own references keep them alive until here.
        for (ulong i = 0; i < 2 * snapshot->Count; i++) Reference.Take(items[i]);
        if (isFrozen) Publish(me, map, small, (nint)copy);
        return snapshot;
    }

    // Done: inside a section, the caller holds the map's lock and is the only writer. Otherwise inside a section.
    static Status OpenGate(Participant* me, OrderedMap* map)
    {
        Debug.Assert(!Epoch.IsInside(me));
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(map))) return Status.Deleted;
        Interleaving.Point();
        // Full fence; see below.
        Interlocked.Increment(ref map->Gate);
        Epoch.Exit(me);
        // Its barrier pairs with the announcement of a writer's section: a writer that did not see the gate is waited for.
        MapAtomics.AwaitSections();
        Epoch.Enter(me);
        // With the pool, the gate is gone too.
        if (PoolHeap.IsDeleted(Heap.Of(map))) return Status.Deleted;
        ObjectLock.Enter(&map->Object.Lock);
        return Status.Done;
    }

    static void CloseGate(OrderedMap* map)
    {
        ObjectLock.Exit(&map->Object.Lock);
        Interleaving.Point();
        // Full fence. A writer that sees it early or late does what is right in both cases.
        Interlocked.Decrement(ref map->Gate);
    }

    static Status Rebuild(Participant* me, OrderedMap* map, LargeMap* old)
    {
        PoolHeap* heap = Heap.Of(map);
        LargeMap* large = NewLarge(me, heap, old->Tail - old->Dead, NextSequenceOf(map->Root));
        if (large == null) return Status.NoMemory;
        for (uint id = 0; id < old->Tail; id++)
        {
            MapEntry* entry = EntryAt(old, id);
            if (entry == null)
            {
                id = GapEnd(old, id) - 1;
                continue;
            }
            if (entry->Value == Removed
                || AppendPrivately(me, heap, large, Hashing.Of(entry->Key), entry->Key, entry->Value, entry->Sequence)) continue;
            FreePrivate(me, large);
            return Status.NoMemory;
        }
        large->Generation = ++map->Generation;
        Interleaving.Point();
        // Full fence: publishes the new root, and unlinks the old one before it is retired. Readers that are in the old one find
        // what was there when it was replaced.
        Interlocked.Exchange(ref map->Root, (nint)large + OrderedMap.LargeBit);
        // The references have moved along. There is no writer that could be waiting for one of the shards.
        MoveShards(me, old);
        RetireCopiedLog(me, old);
        RetireDirectory(me, old);
        Heap.Retire(me, old);
        return Status.Done;
    }

    // Whether so few entries are left that packed segments are too much for them, and to copy them takes no time; or the ids come
    // to an end.
    static bool IsSparse(LargeMap* large)
    {
        uint live = large->Tail - large->Dead;
        return live <= FewLive && large->Held > MapSizes.FewDead && large->Held / 16 > live
            || large->Tail > MapSizes.MostIds / 4 * 3;
    }
}

using System.Diagnostics;

namespace Symplast.Objects;

/// <summary>
/// The entries of a map at one instant, in order; a block of the pool that belongs to whoever made it, with a reference to each key and value. Keys
/// and values follow in turn.
/// </summary>
/// <remarks>To be read inside a section in which the pool was found not deleted.</remarks>
public unsafe struct MapSnapshot
{
    /// <summary>Number of entries.</summary>
    public ulong Count;

    internal ulong Reserved;

    /// <summary>Key number <paramref name="i"/>.</summary>
    public static Value Key(MapSnapshot* snapshot, ulong i) => Items(snapshot)[2 * i];

    /// <summary>Value number <paramref name="i"/>.</summary>
    public static Value Value(MapSnapshot* snapshot, ulong i) => Items(snapshot)[2 * i + 1];

    internal static Value* Items(MapSnapshot* snapshot) => (Value*)(snapshot + 1);

    /// <summary>Drops all references and frees the snapshot, unless that went with its pool.</summary>
    public static void Free(Participant* me, MapSnapshot* snapshot)
    {
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(snapshot)))
        {
            for (ulong i = 0; i < 2 * snapshot->Count; i++) Reference.Drop(me, Items(snapshot)[i]);
            Heap.Free(me, snapshot);
        }
        Epoch.Exit(me);
    }
}

// What needs the map to itself. Readers do not notice; the protocol is at the top of OrderedMap.cs.
public static unsafe partial class OrderedMap<THook>
{
    /// <summary>
    /// A copy of all entries as they are at one instant. Writers wait while it is made, which takes time in proportion to their number; readers do not. Not inside a
    /// section, and only with a reference to the map.
    /// </summary>
    public static Status Snapshot(Participant* me, OrderedMap* map, out MapSnapshot* snapshot)
    {
        snapshot = null;
        Status status = OpenGate(me, map);
        if (status == Status.Done)
        {
            snapshot = Copy(me, Heap.Of(map), map->Root);
            status = snapshot != null ? Status.Done : map->Root == 0 ? Status.Deleted : Status.NoMemory;
            CloseGate(map);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Gives back the memory of removed entries. A map does so by itself when few of many entries are left. Writers wait meanwhile; readers do not.
    /// Not inside a section, and
    /// only with a reference to the map.
    /// </summary>
    public static Status Compact(Participant* me, OrderedMap* map)
    {
        Status status = OpenGate(me, map);
        if (status == Status.Done)
        {
            nint old = map->Root;
            if (old == 0) status = Status.Deleted;
            else if (OrderedMap.IsLarge(old) && OrderedMap.Large(old)->Dead != 0) status = Rebuild(me, map, OrderedMap.Large(old));
            CloseGate(map);
        }
        Epoch.Exit(me);
        return status;
    }

    // Done: inside a section, the caller holds the map's lock and is the only writer. Otherwise inside a section.
    static Status OpenGate(Participant* me, OrderedMap* map)
    {
        Debug.Assert(!Epoch.IsInside(me));
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(map))) return Status.Deleted;
        THook.Point();
        // Full fence; see below.
        Interlocked.Increment(ref map->Gate);
        Epoch.Exit(me);
        // Its barrier pairs with the announcement of a writer's section: a writer that did not see the gate is waited for.
        if (!OrderedMapFaults<THook>.Is(OrderedMapFault.GateIsNotAwaited)) AwaitSections();
        Epoch.Enter(me);
        // With the pool, the gate is gone too.
        if (PoolHeap.IsDeleted(Heap.Of(map))) return Status.Deleted;
        ObjectLock.Enter<THook>(&map->Object.Lock);
        return Status.Done;
    }

    static void AwaitSections()
    {
        if (IsProduct)
        {
            Epoch.Synchronize();
            return;
        }
        // The same, but a test's scheduler lets the others go on meanwhile.
        Interlocked.MemoryBarrier();
        for (ulong tag = Epoch.Now; !Epoch.HasPassed(tag); Epoch.TryAdvance()) THook.Spin();
    }

    static void CloseGate(OrderedMap* map)
    {
        ObjectLock.Exit<THook>(&map->Object.Lock);
        THook.Point();
        // Full fence. A writer that sees it early or late does what is right in both cases.
        Interlocked.Decrement(ref map->Gate);
    }

    static MapSnapshot* Copy(Participant* me, PoolHeap* heap, nint root)
    {
        if (root == 0) return null;
        ulong count = CountOf(root);
        MapSnapshot* snapshot = (MapSnapshot*)Heap.Allocate(me, heap, (nuint)sizeof(MapSnapshot) + (nuint)count * 2 * (nuint)sizeof(Value));
        if (snapshot == null) return null;
        snapshot->Count = count;
        Value* items = MapSnapshot.Items(snapshot);
        ulong at = 0;
        if (OrderedMap.IsLarge(root))
        {
            LargeMap* large = OrderedMap.Large(root);
            for (uint id = 0; id < large->Tail; id++)
            {
                MapEntry* entry = EntryAt(large, id);
                if (entry == null)
                {
                    id = FirstIdOf(large, SegmentOf(id) + 1) - 1;
                    continue;
                }
                THook.Point();
                if (entry->Value == Removed) continue;
                items[at++] = entry->Key;
                items[at++] = entry->Value;
            }
        }
        else
        {
            SmallMap* small = (SmallMap*)root;
            for (int i = 0; i < small->Count; i++)
            {
                if (small->Tags[i] == 0) continue;
                items[at++] = SmallMap.Keys(small)[i];
                items[at++] = SmallMap.Values(small)[i];
            }
        }
        Debug.Assert(at == 2 * count);
        // The map's own references keep them alive until here.
        for (ulong i = 0; i < at; i++) Reference.Take(items[i]);
        return snapshot;
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
                id = FirstIdOf(old, SegmentOf(id) + 1) - 1;
                continue;
            }
            if (entry->Value == Removed || AppendPrivately(me, heap, large, entry->Key, entry->Value, entry->Sequence)) continue;
            FreePrivate(me, large);
            return Status.NoMemory;
        }
        large->Generation = ++map->Generation;
        THook.Point();
        // Full fence: publishes the new root, and unlinks the old one before it is retired. Readers that are in the old one find what was there when
        // it was replaced.
        Interlocked.Exchange(ref map->Root, (nint)large + OrderedMap.LargeBit);
        // The references have moved along. There is no writer that could be waiting for one of the shards.
        MoveShards(me, old);
        RetireCopiedLog(me, old);
        Heap.Retire(me, old->Directory);
        Heap.Retire(me, old);
        return Status.Done;
    }

    // Whether segments are kept for few entries, or the ids come to an end.
    static bool IsSparse(LargeMap* large)
    {
        uint live = large->Tail - large->Dead;
        return large->Held > FewDead && large->Held / 16 > live || large->Tail > MostIds / 4 * 3;
    }
}

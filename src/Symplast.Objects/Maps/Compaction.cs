namespace Symplast.Objects;

/// <summary>Replaces the root of a large map by one without the removed entries, behind the gate.</summary>
public static unsafe class Compaction
{
    /// <summary>
    /// Gives back the memory of all removed entries. Writers wait meanwhile; readers do not. A map gives back most of it by
    /// itself, in small pieces; all, when so few of many entries are left (8192 at most) that nobody waits for long. Not inside a
    /// section, and only with a reference to the map.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status Run(Participant* me, OrderedMap* map)
    {
        MapGate.RefuseInside(me);
        while (MapSnapshots.HelpCopying(me, map))
        {
            Status status = MapGate.Open(me, map);
            bool waits = false;
            if (status == Status.Done)
            {
                nint old = map->Root;
                waits = LargeTable.IsRoot(old) && !MapCopy.IsComplete(LargeTable.OfRoot(old)->Copy);
                if (old == 0) status = Status.Deleted;
                else if (!waits && LargeTable.IsRoot(old) && LargeTable.OfRoot(old)->Dead != 0)
                    status = Rebuild(me, map, LargeTable.OfRoot(old));
                MapGate.Close(map);
            }
            Epoch.Exit(me);
            if (!waits) return status;
        }
        return Status.Deleted;
    }

    // What a map does by itself. Inside a section of the caller's it has to wait for another time.
    internal static void RunUnlessInside(Participant* me, OrderedMap* map)
    {
        // Most callers are only ever inside as this participant, which costs nothing to find out.
        if (!Epoch.IsInside(me) && !Epoch.IsInsideAny()) Run(me, map);
    }

    internal static Status Rebuild(Participant* me, OrderedMap* map, LargeTable* old)
    {
        PoolHeap* heap = Heap.Of(map);
        LargeTable* large = LargeTable.New(me, heap, old->Tail - old->Dead, LargeTable.NextSequenceOf(old));
        if (large == null) return Status.NoMemory;
        for (uint id = 0; id < old->Tail; id++)
        {
            MapEntry* entry = Log.EntryAt(old, id);
            if (entry == null)
            {
                id = Log.GapEnd(old, id) - 1;
                continue;
            }
            if (entry->Value == ValuePlace.Removed
                || LargeTable.Append(me, heap, large, Hashing.Of(entry->Key), entry->Key, entry->Value, entry->Sequence))
                continue;
            LargeTable.Free(me, large);
            return Status.NoMemory;
        }
        large->Generation = ++map->Generation;
        Invariants.Check(large, &TableCheck.IsNewValid);
        Interleaving.Point();
        // Full fence: publishes the new root, and unlinks the old one before it is retired. Readers that are in the old one find
        // what was there when it was replaced.
        Interlocked.Exchange(ref map->Root, LargeTable.RootOf(large));
        // The references have moved along. There is no writer that could be waiting for one of the shards.
        ShardIndex.RetireShards(me, old);
        Log.RetireCopied(me, old);
        ShardIndex.RetireDirectory(me, old);
        Heap.Retire(me, old);
        return Status.Done;
    }
}

namespace Symplast.Objects;

// What gives the changes of a large map one order: insertions and removals of all keys take effect one after the other, each with
// its id and its count. Updates of values have no part in it.
public unsafe partial struct OrderedMap
{
    static void EnterOrder(LargeMap* large)
    {
        ObjectLock.Enter(&large->Order);
        Interleaving.Point();
        // Release, odd: pairs with the first reading in CountOf. What follows is stored with release or interlocked, so it is not
        // seen before this.
        Volatile.Write(ref large->Version, large->Version + 1);
    }

    static void ExitOrder(LargeMap* large)
    {
        Interleaving.Point();
        // Release, even: pairs with the readings in CountOf, which find all of the change, or none of it.
        Volatile.Write(ref large->Version, large->Version + 1);
        ObjectLock.Exit(&large->Order);
    }

    static ulong CountOf(LargeMap* large)
    {
        for (int i = 0; i < MapSizes.MostLooks; i++)
        {
            Interleaving.Point();
            // Acquire: pairs with the releases in EnterOrder and ExitOrder.
            ulong version = Volatile.Read(ref large->Version);
            Interleaving.Point();
            // Acquire, both: pair with the releases in TryAppend and TryRemoveValue. If one of them is of a later version, so is
            // what is read next.
            uint tail = Volatile.Read(ref large->Tail);
            uint dead = Volatile.Read(ref large->Dead);
            Interleaving.Point();
            if (MapAtomics.IsUnchanged(large, version)) return tail - dead;
        }
        // The holder was interrupted, or there is no end of changes.
        ObjectLock.Enter(&large->Order);
        ulong count = large->Tail - large->Dead;
        ObjectLock.Exit(&large->Order);
        return count;
    }

    // Under the shard's lock. Takes over the references; false if there is no memory, or no id.
    static bool TryAppend(
        Participant* me, PoolHeap* heap, LargeMap* large, MapShard* shard, ulong hash, Value key, Value value, out uint id)
    {
        while (true)
        {
            EnterOrder(large);
            id = large->Tail;
            bool isRoom = id < MapSizes.MostIds && HasSegment(large, SegmentOf(id));
            if (isRoom)
            {
                *EntryAt(large, id) =
                    new MapEntry { Key = key, Value = value, Hash = (uint)hash, Sequence = large->SequenceBase + id };
                Interleaving.Point();
                // Release: pairs with the reads of the tail by those who walk the log; the entry is filled in.
                Volatile.Write(ref large->Tail, id + 1);
                AddSlot(shard, hash, id);
            }
            ExitOrder(large);
            if (isRoom) return true;
            if (id >= MapSizes.MostIds || !NewSegment(me, heap, large, SegmentOf(id))) return false;
        }
    }

    static void AddSlot(MapShard* shard, ulong hash, uint id)
    {
        ulong* slots = MapShard.Slots(shard);
        ulong i = hash >> 32 & shard->Mask;
        while (slots[i] is not (0 or MapShard.Deleted)) i = i + 1 & shard->Mask;
        if (slots[i] == 0) shard->Used++;
        shard->Live++;
        Interleaving.Point();
        // Release: pairs with the acquire in FindIn; the entry is filled in. Who counts meanwhile finds the version odd.
        Volatile.Write(ref slots[i], hash >> 32 << 32 | (id + 1));
    }

    // Under the locks of the shard and of the order. False: the value is another one, or elsewhere.
    static bool TryRemoveValue(LargeMap* large, uint id, Value* place, Value current, out bool isDue)
    {
        isDue = false;
        Interleaving.Point();
        if (Swap(place, Removed, current) != current) return false;
        Interleaving.Point();
        // Release: pairs with the reading in CountOf.
        Volatile.Write(ref large->Dead, large->Dead + 1);
        int segment = SegmentOf(id);
        // It is there, because it had a live entry, and the shard is not Moved, because the caller holds it. It may be packed, or
        // not yet, but not be exchanged meanwhile.
        MapSegment* head = HeadOf(large, SegmentAt(large, segment), segment);
        // Release: pairs with the reading in LiveIn.
        Volatile.Write(ref head->Dead, head->Dead + 1);
        isDue = IsDue(large, head, segment);
        return true;
    }
}

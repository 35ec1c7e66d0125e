namespace Symplast.Objects;

/// <summary>
/// Gives the insertions and removals of all keys of a large table one order: each takes effect under the lock <c>Order</c>, with
/// its id and its count. Updates of values have no part in it.
/// </summary>
internal static unsafe class LogOrder
{
    internal static void Enter(LargeTable* large) => SequenceLock.Enter(&large->Order, &large->Version);

    internal static void Exit(LargeTable* large) => SequenceLock.Exit(&large->Order, &large->Version);

    internal static ulong Count(LargeTable* large)
    {
        for (int i = 0; i < MapSizes.MostLooks; i++)
        {
            Interleaving.Point();
            // Acquire: pairs with the releases in SequenceLock.
            ulong version = Volatile.Read(ref large->Version);
            Interleaving.Point();
            // Acquire, both: pair with the releases in TryAppend and TryRemove. If one of them is of a later version, so is
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
    internal static bool TryAppend(
        Participant* me, PoolHeap* heap, LargeTable* large, Shard* shard, ulong hash, Value key, Value value, out uint id)
    {
        while (true)
        {
            Enter(large);
            id = large->Tail;
            bool isRoom = id < MapSizes.MostIds && Log.HasSegment(large, Log.SegmentOf(id));
            if (isRoom)
            {
                *Log.EntryAt(large, id) =
                    new MapEntry { Key = key, Value = value, Hash = (uint)hash, Sequence = large->SequenceBase + id };
                Interleaving.Point();
                // Release: pairs with the reads of the tail by those who walk the log; the entry is filled in.
                Volatile.Write(ref large->Tail, id + 1);
                Shard.Add(shard, hash, id);
            }
            Exit(large);
            if (isRoom) return true;
            if (id >= MapSizes.MostIds || !Log.EnsureSegment(me, heap, large, Log.SegmentOf(id))) return false;
        }
    }

    // Under the locks of the shard and of the order. False: the value is another one, or elsewhere.
    internal static bool TryRemove(LargeTable* large, uint id, Value* place, Value current, out bool isDue)
    {
        isDue = false;
        Interleaving.Point();
        if (ValuePlace.Swap(place, ValuePlace.Removed, current) != current) return false;
        Interleaving.Point();
        // Release: pairs with the reading in Count.
        Volatile.Write(ref large->Dead, large->Dead + 1);
        int segment = Log.SegmentOf(id);
        // It is there, because it had a live entry, and the shard is not Moved, because the caller holds it. It may be packed, or
        // not yet, but not be exchanged meanwhile.
        Segment* head = Log.HeadOf(large, Log.SegmentAt(large, segment), segment);
        // Release: pairs with the reading in Segment.Live.
        Volatile.Write(ref head->Dead, head->Dead + 1);
        isDue = Packing.IsDue(large, head, segment);
        return true;
    }
}

using System.Numerics;

namespace Symplast.Objects;

/// <summary>The invariants of a map that no other thread changes.</summary>
public static unsafe class MapCheck
{
    /// <summary>Walks all invariants. For tests; while no other thread changes the map.</summary>
    public static bool IsValid(Participant* me, OrderedMap* map)
    {
        Epoch.Enter(me);
        bool valid = IsValid(map);
        Epoch.Exit(me);
        return valid;
    }

    internal static bool IsValid(OrderedMap* map)
    {
        nint root = map->Root;
        return map->Object.Lock == 0 && map->Gate == 0
            && (root == 0
                ? map->Object.Head.DeletedFlag == 1
                : LargeTable.IsRoot(root) ? IsValid(LargeTable.OfRoot(root)) : IsValid(map, (SmallTable*)root));
    }

    internal static bool IsValid(OrderedMap* map, SmallTable* small)
    {
        if (small->Count > small->Capacity || small->Capacity > SmallTable.Most) return false;
        for (int i = 0; i < SmallTable.Most; i++)
        {
            byte tag = small->Tags[i];
            if (i >= small->Count && tag != 0) return false;
            if (i >= small->Count) continue;
            if (i > 0 && (int)(SmallTable.Sequences(small)[i] - SmallTable.Sequences(small)[i - 1]) <= 0) return false;
            if ((int)(map->NextSequence - SmallTable.Sequences(small)[i]) <= 0) return false;
            Value key = SmallTable.Keys(small)[i], value = SmallTable.Values(small)[i];
            bool isRemoved = value == ValuePlace.Removed;
            if (tag == 0 ? !isRemoved : isRemoved || value.IsEmpty || tag != SmallTable.TagOf(Hashing.Of(key))) return false;
            if (tag != 0 && (!IsAlive(key) || !IsAlive(value) || SmallTable.IndexOf(small, Probe.Of(key)) != i)) return false;
        }
        return true;
    }

    internal static bool IsAlive(Value value) => !value.IsCounted || Volatile.Read(ref value.Head->Count) > 0;

    internal static bool IsValid(LargeTable* large)
    {
        ulong live = 0;
        uint sequence = 0;
        if (large->Growing != 0 || large->Order != 0 || (large->Version & 1) != 0 || large->Copy != null) return false;
        for (uint id = 0; id < large->Tail; id++)
        {
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry == null || entry->Value == ValuePlace.Removed) continue;
            if (entry->Key.IsEmpty || entry->Value.IsEmpty || live > 0 && (int)(entry->Sequence - sequence) <= 0) return false;
            live++;
            sequence = entry->Sequence;
            if (id >= large->Carried && sequence != large->SequenceBase + id) return false;
            if (!IsAlive(entry->Key) || !IsAlive(entry->Value) || (uint)Hashing.Of(entry->Key) != entry->Hash) return false;
            if (ShardIndex.Find(large, Probe.Of(entry->Key), out uint found) != entry || found != id) return false;
        }
        return live == large->Tail - large->Dead && live == LiveSlots(large) && HasDeadCounts(large);
    }

    internal static bool HasDeadCounts(LargeTable* large)
    {
        uint held = 0;
        for (int i = 0; (ulong)i < large->Segments->Capacity; i++)
        {
            nint item = SegmentList.Items(large->Segments)[i];
            if (item is 0 or SegmentList.Gone) continue;
            Segment* head = Log.HeadOf(large, item, i);
            uint dead = 0;
            for (uint j = 0; j < head->Count; j++)
            {
                Value value = Segment.Entries(head)[j].Value;
                if (value.IsForward) return false;
                if (value == ValuePlace.Removed) dead++;
            }
            if (dead != head->Dead || dead == head->Count || head->First != Log.FirstIdOf(large, i)) return false;
            if (SegmentList.IsPacked(item)
                ? !HasRanks(large, head, i) : head->Words != 0 || head->Count != (uint)Log.LengthOf(large, i)) return false;
            held += Segment.Held(head);
        }
        return held == large->Held;
    }

    internal static bool HasRanks(LargeTable* large, Segment* head, int segment)
    {
        uint rank = 0;
        for (int i = 0; i < head->Words; i++)
        {
            if (Segment.Ranks(head)[i] != rank) return false;
            rank += (uint)BitOperations.PopCount(Segment.Bits(head)[i]);
        }
        return rank == head->Count && Log.FirstIdOf(large, segment + 1) <= large->Tail;
    }

    // The number of entries that slots lead to; ulong.MaxValue if something is wrong.
    internal static ulong LiveSlots(LargeTable* large)
    {
        ShardDirectory* directory = large->Directory;
        ulong sum = 0;
        for (int place = 0; place < 1 << directory->Depth;)
        {
            int first = place;
            Shard* shard = ShardDirectory.Next(directory, ref place);
            if (shard == null || shard->Lock != 0 || shard->Moved != 0 || shard->Depth > directory->Depth) return ulong.MaxValue;
            if (shard->Prefix != (uint)(first >> (directory->Depth - shard->Depth))) return ulong.MaxValue;
            for (int i = first; i < place; i++)
            {
                if (ShardDirectory.Items(directory)[i] != ShardDirectory.Item(shard)) return ulong.MaxValue;
            }
            uint used = 0, live = 0;
            for (ulong i = 0; i <= shard->Mask; i++)
            {
                ulong slot = Shard.Slots(shard)[i];
                if (slot != 0) used++;
                if (slot is not (0 or Shard.Deleted)) live++;
            }
            if (used != shard->Used || live != shard->Live || used > shard->Mask) return ulong.MaxValue;
            sum += live;
        }
        return sum;
    }
}

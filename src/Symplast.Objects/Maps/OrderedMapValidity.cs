using System.Numerics;

namespace Symplast.Objects;

// What must be true of a map while nobody changes it.
public unsafe partial struct OrderedMap
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
                : OrderedMap.IsLarge(root) ? IsValid(OrderedMap.Large(root)) : IsValid(map, (SmallMap*)root));
    }

    static bool IsValid(OrderedMap* map, SmallMap* small)
    {
        if (small->Count > small->Capacity || small->Capacity > SmallMap.Most) return false;
        for (int i = 0; i < SmallMap.Most; i++)
        {
            byte tag = small->Tags[i];
            if (i >= small->Count && tag != 0) return false;
            if (i >= small->Count) continue;
            if (i > 0 && (int)(SmallMap.Sequences(small)[i] - SmallMap.Sequences(small)[i - 1]) <= 0) return false;
            if ((int)(map->NextSequence - SmallMap.Sequences(small)[i]) <= 0) return false;
            Value key = SmallMap.Keys(small)[i], value = SmallMap.Values(small)[i];
            if (tag == 0 ? value != Removed : value == Removed || value.IsEmpty || tag != SmallMap.TagOf(Hashing.Of(key)))
                return false;
            if (tag != 0 && (!IsAlive(key) || !IsAlive(value) || IndexOf(small, Probe.Of(key)) != i)) return false;
        }
        return true;
    }

    static bool IsAlive(Value value) => !value.IsCounted || Volatile.Read(ref value.Head->Count) > 0;

    static bool IsValid(LargeMap* large)
    {
        ulong live = 0;
        uint sequence = 0;
        if (large->Growing != 0 || large->Order != 0 || (large->Version & 1) != 0 || large->Copy != null) return false;
        for (uint id = 0; id < large->Tail; id++)
        {
            MapEntry* entry = EntryAt(large, id);
            if (entry == null || entry->Value == Removed) continue;
            if (entry->Key.IsEmpty || entry->Value.IsEmpty || live > 0 && (int)(entry->Sequence - sequence) <= 0) return false;
            live++;
            sequence = entry->Sequence;
            if (id >= large->Carried && sequence != large->SequenceBase + id) return false;
            if (!IsAlive(entry->Key) || !IsAlive(entry->Value) || (uint)Hashing.Of(entry->Key) != entry->Hash) return false;
            if (Find(large, Probe.Of(entry->Key), out uint found) != entry || found != id) return false;
        }
        return live == large->Tail - large->Dead && live == LiveSlots(large) && HasDeadCounts(large);
    }

    static bool HasDeadCounts(LargeMap* large)
    {
        uint held = 0;
        for (int i = 0; (ulong)i < large->Segments->Capacity; i++)
        {
            nint item = MapSegments.Items(large->Segments)[i];
            if (item is 0 or MapSegments.Gone) continue;
            MapSegment* head = HeadOf(large, item, i);
            uint dead = 0;
            for (uint j = 0; j < head->Count; j++)
            {
                Value value = MapSegment.Entries(head)[j].Value;
                if (value.IsForward) return false;
                if (value == Removed) dead++;
            }
            if (dead != head->Dead || dead == head->Count || head->First != FirstIdOf(large, i)) return false;
            if (IsPacked(item) ? !HasRanks(large, head, i) : head->Words != 0 || head->Count != (uint)LengthOf(large, i))
                return false;
            held += HeldBy(head);
        }
        return held == large->Held;
    }

    static bool HasRanks(LargeMap* large, MapSegment* head, int segment)
    {
        uint rank = 0;
        for (int i = 0; i < head->Words; i++)
        {
            if (MapSegment.Ranks(head)[i] != rank) return false;
            rank += (uint)BitOperations.PopCount(MapSegment.Bits(head)[i]);
        }
        return rank == head->Count && FirstIdOf(large, segment + 1) <= large->Tail;
    }

    // The number of entries that slots lead to; ulong.MaxValue if something is wrong.
    static ulong LiveSlots(LargeMap* large)
    {
        MapDirectory* directory = large->Directory;
        ulong sum = 0;
        for (int place = 0; place < 1 << directory->Depth;)
        {
            int first = place;
            MapShard* shard = NextShard(directory, ref place);
            if (shard == null || shard->Lock != 0 || shard->Moved != 0 || shard->Depth > directory->Depth) return ulong.MaxValue;
            if (shard->Prefix != (uint)(first >> (directory->Depth - shard->Depth))) return ulong.MaxValue;
            for (int i = first; i < place; i++)
            {
                if (MapDirectory.Items(directory)[i] != MapDirectory.Item(shard)) return ulong.MaxValue;
            }
            uint used = 0, live = 0;
            for (ulong i = 0; i <= shard->Mask; i++)
            {
                ulong slot = MapShard.Slots(shard)[i];
                if (slot != 0) used++;
                if (slot is not (0 or MapShard.Deleted)) live++;
            }
            if (used != shard->Used || live != shard->Live || used > shard->Mask) return ulong.MaxValue;
            sum += live;
        }
        return sum;
    }
}

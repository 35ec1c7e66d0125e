using System.Numerics;

namespace Symplast.Objects;

/// <summary>The invariants of the tables of maps, and of their parts.</summary>
internal static unsafe class TableCheck
{
    // Quiet: no other thread changes values meanwhile either, which takes no lock.
    internal static bool IsValid(SmallTable* small, uint nextSequence, bool isQuiet)
    {
        if (small->Count > small->Capacity || small->Capacity > SmallTable.Most) return false;
        for (int i = 0; i < SmallTable.Most; i++)
        {
            byte tag = small->Tags[i];
            if (i >= small->Count && tag != 0) return false;
            if (i >= small->Count) continue;
            if (i > 0 && (int)(SmallTable.Sequences(small)[i] - SmallTable.Sequences(small)[i - 1]) <= 0) return false;
            if ((int)(nextSequence - SmallTable.Sequences(small)[i]) <= 0) return false;
            Value key = SmallTable.Keys(small)[i], value = SmallTable.Values(small)[i];
            bool isRemoved = value == ValuePlace.Removed;
            if (tag == 0 ? !isRemoved : isRemoved || value.IsEmpty || tag != SmallTable.TagOf(Hashing.Of(key))) return false;
            if (tag == 0) continue;
            if (!IsAlive(key) || isQuiet && !IsAlive(value) || SmallTable.IndexOf(small, Probe.Of(key)) != i) return false;
        }
        return true;
    }

    static bool IsAlive(Value value) => !value.IsCounted || Volatile.Read(ref value.Head->Count) > 0;

    /// <summary>Whether a table is right that nobody else knows yet.</summary>
    internal static bool IsNewValid(LargeTable* large) => IsValid(large, isQuiet: false);

    internal static bool IsValid(LargeTable* large, bool isQuiet)
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
            if (!IsAlive(entry->Key) || isQuiet && !IsAlive(entry->Value)) return false;
            if ((uint)Hashing.Of(entry->Key) != entry->Hash) return false;
            if (ShardIndex.Find(large, Probe.Of(entry->Key), out uint found) != entry || found != id) return false;
        }
        return live == large->Tail - large->Dead && live == LiveSlots(large) && HasDeadCounts(large);
    }

    static bool HasDeadCounts(LargeTable* large)
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
            bool isRight = SegmentList.IsPacked(item)
                ? HasRanks(head) && Log.FirstIdOf(large, i + 1) <= large->Tail
                : head->Words == 0 && head->Count == (uint)Log.LengthOf(large, i);
            if (!isRight) return false;
            held += Segment.Held(head);
        }
        return held == large->Held;
    }

    // The number of entries that slots lead to; ulong.MaxValue if something is wrong.
    static ulong LiveSlots(LargeTable* large)
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
            if (!HasCounts(shard)) return ulong.MaxValue;
            sum += shard->Live;
        }
        return sum;
    }

    /// <summary>Whether the counts of a shard are right, and all that is in it belongs there. Under its lock.</summary>
    internal static bool HasCounts(Shard* shard)
    {
        uint used = 0, live = 0;
        for (ulong i = 0; i <= shard->Mask; i++)
        {
            ulong slot = Shard.Slots(shard)[i];
            if (slot != 0) used++;
            if (slot is 0 or Shard.Deleted) continue;
            live++;
            if (shard->Depth != 0 && slot >> (64 - shard->Depth) != shard->Prefix) return false;
        }
        return used == shard->Used && live == shard->Live && used <= shard->Mask;
    }

    /// <summary>Whether the bits, the ranks and the counts of a packed segment are right. Under Order.</summary>
    internal static bool IsPackedValid(Segment* head)
    {
        uint dead = 0;
        for (uint i = 0; i < head->Count; i++)
        {
            Value value = Segment.Entries(head)[i].Value;
            if (value.IsForward || value.IsEmpty) return false;
            if (value == ValuePlace.Removed) dead++;
        }
        return dead == head->Dead && HasRanks(head);
    }

    static bool HasRanks(Segment* head)
    {
        uint rank = 0;
        for (int i = 0; i < head->Words; i++)
        {
            if (Segment.Ranks(head)[i] != rank) return false;
            rank += (uint)BitOperations.PopCount(Segment.Bits(head)[i]);
        }
        return rank == head->Count;
    }
}

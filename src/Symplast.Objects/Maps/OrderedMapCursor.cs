using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A place in the order of an ordered map or set, between two steps of an iteration. Holds nothing: it may be dropped at any
/// time, and sections may end between steps.
/// </summary>
public unsafe struct OrderedMapCursor
{
    // Sequence numbers wrap round; they are compared by their difference, which is right for maps whose oldest entry is less than
    // 2^31 insertions old.
    internal uint From;
    internal uint To;

    /// <summary>A hint: of which root <see cref="Position"/> is an id.</summary>
    internal uint Generation;
    internal uint Position;

    const uint Half = 1u << 31;

    /// <summary>
    /// Begins an iteration over what is in the map now. A key that is present throughout is visited exactly once, in the order of
    /// insertion; one that comes, or goes, or goes and comes again, at most once.
    /// </summary>
    public static Status Start(Participant* me, OrderedMap* map, out OrderedMapCursor cursor)
    {
        Epoch.Enter(me);
        cursor = default;
        Status status = Status.Deleted;
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = Volatile.Read(ref map->Root);
            if (root != 0)
            {
                status = Status.Done;
                // In this order: what is removed meanwhile is not missed, since what comes later has higher numbers.
                uint first = FirstSequenceOf(root);
                uint next = LargeTable.IsRoot(root)
                    ? LargeTable.NextSequenceOf(LargeTable.OfRoot(root)) : SmallTable.NextSequenceOf((SmallTable*)root);
                cursor = new OrderedMapCursor { From = first, To = next };
            }
        }
        Epoch.Exit(me);
        return status;
    }

    // A sequence number that no entry of the root comes before. Not simply the least that there is: compared with that, those
    // that are inserted during the iteration would count as earlier.
    static uint FirstSequenceOf(nint root)
    {
        if (!LargeTable.IsRoot(root))
        {
            SmallTable* small = (SmallTable*)root;
            // Acquire: pairs with the release in Append.
            return Volatile.Read(ref small->Count) == 0 ? small->FirstSequence : SmallTable.Sequences(small)[0];
        }
        LargeTable* large = LargeTable.OfRoot(root);
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        for (uint id = Volatile.Read(ref large->FirstLive); id < tail; id = Log.GapEnd(large, id))
        {
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry != null) return entry->Sequence;
        }
        return large->SequenceBase + tail;
    }

    /// <summary>
    /// The next entries in the order of insertion, at most <paramref name="capacity"/>; <see cref="Status.Missing"/> if there are
    /// none left. Keys and values can be read for as long as the caller's section lasts, and come without references.
    /// </summary>
    public static Status Next(
        Participant* me, OrderedMap* map, ref OrderedMapCursor cursor, Value* keys, Value* values, int capacity, out int count)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        count = 0;
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = Volatile.Read(ref map->Root);
            if (root != 0)
            {
                count = LargeTable.IsRoot(root)
                    ? NextIn(LargeTable.OfRoot(root), ref cursor, keys, values, capacity)
                    : NextIn((SmallTable*)root, ref cursor, keys, values, capacity);
                // Less than what was there, if the map was deleted meanwhile.
                status = count < capacity && SharedObject.IsDeleted((SharedObject*)map)
                    ? Status.Deleted : count == 0 ? Status.Missing : Status.Done;
                if (status == Status.Deleted) count = 0;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// The same backwards: the last entries that were not visited. A cursor can be used in both directions, which meet.
    /// </summary>
    public static Status Previous(
        Participant* me, OrderedMap* map, ref OrderedMapCursor cursor, Value* keys, Value* values, int capacity, out int count)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        count = 0;
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = Volatile.Read(ref map->Root);
            if (root != 0)
            {
                count = LargeTable.IsRoot(root)
                    ? PreviousIn(LargeTable.OfRoot(root), ref cursor, keys, values, capacity)
                    : PreviousIn((SmallTable*)root, ref cursor, keys, values, capacity);
                // Less than what was there, if the map was deleted meanwhile.
                status = count < capacity && SharedObject.IsDeleted((SharedObject*)map)
                    ? Status.Deleted : count == 0 ? Status.Missing : Status.Done;
                if (status == Status.Deleted) count = 0;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    internal static bool IsWithin(in OrderedMapCursor cursor, uint sequence) => sequence - cursor.From < cursor.To - cursor.From;

    internal static int NextIn(SmallTable* small, ref OrderedMapCursor cursor, Value* keys, Value* values, int capacity)
    {
        int count = 0;
        for (int i = 0; i < SmallTable.Most && count < capacity; i++)
        {
            if (!TryVisit(small, i, ref cursor, keys + count, values + count)) continue;
            cursor.From = SmallTable.Sequences(small)[i] + 1;
            count++;
        }
        return count;
    }

    internal static int PreviousIn(SmallTable* small, ref OrderedMapCursor cursor, Value* keys, Value* values, int capacity)
    {
        int count = 0;
        for (int i = SmallTable.Most - 1; i >= 0 && count < capacity; i--)
        {
            if (!TryVisit(small, i, ref cursor, keys + count, values + count)) continue;
            cursor.To = SmallTable.Sequences(small)[i];
            count++;
        }
        return count;
    }

    internal static bool TryVisit(SmallTable* small, int i, ref OrderedMapCursor cursor, Value* key, Value* value)
    {
        Interleaving.Point();
        // Acquire: pairs with the release in Append.
        if (Volatile.Read(ref small->Tags[i]) == 0 || !IsWithin(cursor, SmallTable.Sequences(small)[i])) return false;
        *key = SmallTable.Keys(small)[i];
        return SmallTable.TryRead(small, i, out *value);
    }

    internal static int NextIn(LargeTable* large, ref OrderedMapCursor cursor, Value* keys, Value* values, int capacity)
    {
        // Not past the tail, and not past where the iteration ends; in terms of ids.
        uint id = cursor.Generation == large->Generation ? cursor.Position : PositionOf(large, cursor.From);
        uint limit = PositionOf(large, cursor.To);
        int count = 0;
        for (; id < limit && count < capacity; id++)
        {
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry == null)
            {
                id = Log.GapEnd(large, id) - 1;
                continue;
            }
            if (!TryVisit(entry, keys + count, values + count)) continue;
            cursor.From = entry->Sequence + 1;
            count++;
        }
        if (count < capacity) cursor.From = cursor.To;
        cursor.Generation = large->Generation;
        cursor.Position = id;
        return count;
    }

    internal static int PreviousIn(LargeTable* large, ref OrderedMapCursor cursor, Value* keys, Value* values, int capacity)
    {
        uint first = PositionOf(large, cursor.From);
        uint id = PositionOf(large, cursor.To);
        int count = 0;
        while (id > first && count < capacity)
        {
            id--;
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry == null)
            {
                id = Log.GapStart(large, id);
                continue;
            }
            if (!TryVisit(entry, keys + count, values + count)) continue;
            cursor.To = entry->Sequence;
            count++;
        }
        if (count < capacity) cursor.To = cursor.From;
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryVisit(MapEntry* entry, Value* key, Value* value)
    {
        Interleaving.Point();
        // Filled in: the tail has passed it.
        *key = entry->Key;
        Interleaving.Point();
        // A value that is not Removed now was not before this section began, so the key's memory stays for the section.
        *value = MapEntry.ValueOf(entry);
        return *value != ValuePlace.Removed;
    }

    // The id of the first entry with this sequence number or a later one; of a number from before the map's oldest, 0.
    internal static uint PositionOf(LargeTable* large, uint sequence)
    {
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        uint carried = Math.Min(large->Carried, tail);
        uint id = sequence - large->SequenceBase;
        if (id < Half && id >= carried) return Math.Min(id, tail);
        // Among those that have their own numbers, which rise with the ids: a search in which what is gone stands for its next
        // neighbour.
        uint low = 0, high = carried;
        while (low < high)
        {
            uint middle = low + (high - low) / 2, probe = middle;
            MapEntry* entry;
            while ((entry = Log.EntryAt(large, probe)) == null && (probe = Log.GapEnd(large, probe)) < high)
            {
            }
            if (entry == null || (int)(entry->Sequence - sequence) >= 0) high = middle;
            else low = probe + 1;
        }
        return low;
    }
}

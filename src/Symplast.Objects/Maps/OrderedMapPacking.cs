using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

// Giving back the memory of removed entries segment by segment: one in which few entries are left is replaced by a packed one,
// which has only these, with the ids that they had. The protocol is at the top of OrderedMap.cs.
public unsafe partial struct OrderedMap
{
    // The value of an entry. Acquire: see Load.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value ValueOf(MapEntry* entry)
    {
        Value* place = &entry->Value;
        return Current(ref place);
    }

    // The value of an entry, and where it is: packing moves it, perhaps several times. The new place stays for as long as the old
    // one, which was unlinked before it, does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Current(ref Value* place)
    {
        Value value = MapAtomics.LoadCurrent(place);
        while (value.IsForward)
        {
            place = value.Place;
            Interleaving.Point();
            // Acquire: pairs with the compare-and-swap in MoveValue, as the reading before does, so that the value is there.
            value = MapAtomics.LoadCurrent(place);
        }
        return value;
    }

    // Null: the entry was removed before the segment was packed, or all of the segment is gone.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static MapEntry* PackedEntry(nint item, uint id)
    {
        if (item == MapSegments.Gone) return null;
        MapSegment* head = (MapSegment*)(item - MapSegments.PackedBit);
        uint place = id - head->First;
        ulong bits = MapSegment.Bits(head)[place >> 6], bit = 1UL << (int)(place & 63);
        if ((bits & bit) == 0) return null;
        return MapSegment.Entries(head) + MapSegment.Ranks(head)[place >> 6] + BitOperations.PopCount(bits & (bit - 1));
    }

    // An id at which there is no entry lies in a gap. It may have grown since, but gaps do not get smaller. The first id after
    // it:
    static uint GapEnd(LargeMap* large, uint id)
    {
        int segment = SegmentOf(id);
        nint item = SegmentAt(large, segment);
        Debug.Assert(IsPacked(item));
        if (item == MapSegments.Gone) return FirstIdOf(large, segment + 1);
        MapSegment* head = HeadOf(large, item, segment);
        uint place = id - head->First;
        int word = (int)(place >> 6);
        ulong bits = MapSegment.Bits(head)[word] & ulong.MaxValue << (int)(place & 63);
        while (bits == 0 && ++word < head->Words) bits = MapSegment.Bits(head)[word];
        return bits == 0
            ? FirstIdOf(large, segment + 1) : head->First + ((uint)word << 6) + (uint)BitOperations.TrailingZeroCount(bits);
    }

    // The first id of the gap, as far as it is in the same segment.
    static uint GapStart(LargeMap* large, uint id)
    {
        int segment = SegmentOf(id);
        nint item = SegmentAt(large, segment);
        Debug.Assert(IsPacked(item));
        if (item == MapSegments.Gone) return FirstIdOf(large, segment);
        MapSegment* head = HeadOf(large, item, segment);
        uint place = id - head->First;
        int word = (int)(place >> 6);
        ulong bits = MapSegment.Bits(head)[word] & ((1UL << (int)(place & 63)) - 1);
        while (bits == 0 && --word >= 0) bits = MapSegment.Bits(head)[word];
        return bits == 0 ? head->First : head->First + ((uint)word << 6) + (uint)BitOperations.Log2(bits) + 1;
    }

    // Acquire: pairs with the release in TryRemoveValue. Who made the last removal sees it.
    internal static uint LiveIn(MapSegment* head) => head->Count - Volatile.Read(ref head->Dead);

    // Whether a segment should be packed, or is to be dropped.
    static bool IsDue(LargeMap* large, MapSegment* head, int segment)
    {
        uint live = LiveIn(head);
        if (live == 0) return true;
        return live << MapSizes.PackingShift <= head->Count && head->Count >= MapSizes.LeastToPack
            && FirstIdOf(large, segment + 1) <= Volatile.Read(ref large->Tail);
    }

    // Drops a segment without entries, packs one with few. If there is no memory, the next removal from it tries again. With no
    // lock but the map's, if the gate is open.
    static void ShrinkSegment(Participant* me, PoolHeap* heap, LargeMap* large, int segment)
    {
        Interleaving.Point();
        nint old = SegmentAt(large, segment);
        if (old == MapSegments.Gone) return;
        MapSegment* from = HeadOf(large, old, segment);
        // Who removed the last entry gets here: what was packed meanwhile counts his removal too.
        if (LiveIn(from) == 0)
        {
            DropSegment(me, large, segment);
            return;
        }
        if (!IsDue(large, from, segment)) return;
        MapSegment* to = NewPacked(me, heap, large, old, from);
        if (to == null) return;
        if (TryPublish(large, segment, old, to)) Heap.Retire(me, from);
        else Heap.Free(me, to);
    }

    // A packed segment for what is left of another one, whose values stay where they are for the time being. Null if there is no
    // memory, or another thread is packing it.
    static MapSegment* NewPacked(Participant* me, PoolHeap* heap, LargeMap* large, nint old, MapSegment* from)
    {
        uint room = LiveIn(from);
        uint length = (uint)LengthOf(large, SegmentOf(from->First));
        int words = (int)(length + 63 >> 6);
        MapSegment* to = (MapSegment*)Heap.Allocate(me, heap, MapSegment.SizeFor(room, words));
        if (to == null) return null;
        NativeMemory.Clear(to, MapSegment.SizeFor(0, words));
        *to = new MapSegment { First = from->First, Words = words };
        MapEntry* entries = MapSegment.Entries(to);
        for (uint i = 0; i < length; i++)
        {
            if ((i & 63) == 0) MapSegment.Ranks(to)[i >> 6] = (ushort)to->Count;
            MapEntry* entry = EntryIn(old, from->First + i);
            if (entry == null) continue;
            Interleaving.Point();
            Value value = Load(&entry->Value);
            if (value == Removed) continue;
            // What has moved may be removed by now, and is counted here.
            if (value.IsForward)
            {
                Heap.Free(me, to);
                return null;
            }
            // Not more than there were before: none come.
            Debug.Assert(to->Count < room);
            MapSegment.Bits(to)[i >> 6] |= 1UL << (int)(i & 63);
            entries[to->Count++] = new MapEntry { Key = entry->Key, Hash = entry->Hash, Sequence = entry->Sequence };
        }
        return to;
    }

    static MapEntry* EntryIn(nint item, uint id) => IsPacked(item) ? PackedEntry(item, id) : (MapEntry*)item + id;

    // Moves the values, and puts the packed segment in the place of the other one. False if that is not the log's any more.
    static bool TryPublish(LargeMap* large, int segment, nint old, MapSegment* to)
    {
        ObjectLock.Enter(&large->Growing);
        nint* place = MapSegments.Items(large->Segments) + segment;
        bool isMine = MapAtomics.IsStillThere(place, old) && !MapAtomics.IsGivenUp(large);
        if (isMine)
        {
            MapSegment* from = HeadOf(large, old, segment);
            MoveValues(old, to);
            MapAtomics.EnterOrderAndCount(large, from, to);
            Interleaving.Point();
            // Full fence: unlinks the old segment before it is retired. Pairs with the acquire in EntryAt; under Growing, so that
            // no copy of the list keeps it.
            Interlocked.Exchange(ref *place, (nint)to + MapSegments.PackedBit);
            ObjectLock.Exit(&large->Order);
            large->Held = large->Held - HeldBy(from) + HeldBy(to);
        }
        ObjectLock.Exit(&large->Growing);
        return isMine;
    }

    static void MoveValues(nint old, MapSegment* to)
    {
        MapEntry* entry = MapSegment.Entries(to);
        for (int word = 0; word < to->Words; word++)
        {
            for (ulong bits = MapSegment.Bits(to)[word]; bits != 0; bits &= bits - 1, entry++)
            {
                uint id = to->First + ((uint)word << 6) + (uint)BitOperations.TrailingZeroCount(bits);
                MoveValue(&EntryIn(old, id)->Value, &entry->Value);
            }
        }
    }

    // Under Growing, which lets one thread at a time pack; or under the lock of a small map.
    static void MoveValue(Value* from, Value* to)
    {
        Interleaving.Point();
        Value value = Load(from);
        while (true)
        {
            *to = value;
            // For ever, so there is nothing to move, and nobody looks here for another value.
            if (value == Removed) return;
            Interleaving.Point();
            Value seen = MapAtomics.ForwardValue(from, to, value);
            if (seen == value) return;
            value = seen;
        }
    }

    // Whoever packs a segment has done so when this returns; from then on none is packed, and the entries of the log are where
    // their values are.
    static void StopPacking(LargeMap* large)
    {
        ObjectLock.Enter(&large->Growing);
        large->GivenUp = 1;
        ObjectLock.Exit(&large->Growing);
    }
}

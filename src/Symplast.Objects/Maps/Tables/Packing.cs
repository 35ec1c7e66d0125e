using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// Gives back the memory of removed entries: a segment in which few entries are left is replaced by a packed one, which has only
/// these, with their ids. The protocol is at the top of OrderedMap.cs.
/// </summary>
internal static unsafe class Packing
{
    // Whether a segment should be packed, or is to be dropped.
    internal static bool IsDue(LargeTable* large, Segment* head, int segment)
    {
        uint live = Segment.Live(head);
        if (live == 0) return true;
        return live << MapSizes.PackingShift <= head->Count && head->Count >= MapSizes.LeastToPack
            && Log.FirstIdOf(large, segment + 1) <= Volatile.Read(ref large->Tail);
    }

    // Drops a segment without entries, packs one with few. If there is no memory, the next removal from it tries again. With no
    // lock but the map's, if the gate is open.
    internal static void Shrink(Participant* me, PoolHeap* heap, LargeTable* large, int segment)
    {
        Interleaving.Point();
        nint old = Log.SegmentAt(large, segment);
        if (old == SegmentList.Gone) return;
        Segment* from = Log.HeadOf(large, old, segment);
        // Who removed the last entry gets here: what was packed meanwhile counts his removal too.
        if (Segment.Live(from) == 0)
        {
            Log.DropSegment(me, large, segment);
            return;
        }
        if (!IsDue(large, from, segment)) return;
        Segment* to = NewPacked(me, heap, large, old, from);
        if (to == null) return;
        if (TryPublish(large, segment, old, to)) Heap.Retire(me, from);
        else Heap.Free(me, to);
    }

    // A packed segment for what is left of another one, whose values stay where they are for the time being. Null if there is no
    // memory, or another thread is packing it.
    internal static Segment* NewPacked(Participant* me, PoolHeap* heap, LargeTable* large, nint old, Segment* from)
    {
        uint room = Segment.Live(from);
        uint length = (uint)Log.LengthOf(large, Log.SegmentOf(from->First));
        int words = (int)(length + 63 >> 6);
        Segment* to = (Segment*)Heap.Allocate(me, heap, Segment.SizeFor(room, words));
        if (to == null) return null;
        NativeMemory.Clear(to, Segment.SizeFor(0, words));
        *to = new Segment { First = from->First, Words = words };
        MapEntry* entries = Segment.Entries(to);
        for (uint i = 0; i < length; i++)
        {
            if ((i & 63) == 0) Segment.Ranks(to)[i >> 6] = (ushort)to->Count;
            MapEntry* entry = Segment.EntryIn(old, from->First + i);
            if (entry == null) continue;
            Interleaving.Point();
            Value value = ValuePlace.Load(&entry->Value);
            if (value == ValuePlace.Removed) continue;
            // What has moved may be removed by now, and is counted here.
            if (value.IsForward)
            {
                Heap.Free(me, to);
                return null;
            }
            // Not more than there were before: none come.
            Debug.Assert(to->Count < room);
            Segment.Bits(to)[i >> 6] |= 1UL << (int)(i & 63);
            entries[to->Count++] = new MapEntry { Key = entry->Key, Hash = entry->Hash, Sequence = entry->Sequence };
        }
        return to;
    }

    // Moves the values, and puts the packed segment in the place of the other one. False if that is not the log's any more.
    internal static bool TryPublish(LargeTable* large, int segment, nint old, Segment* to)
    {
        ObjectLock.Enter(&large->Growing);
        nint* place = SegmentList.Items(large->Segments) + segment;
        bool isMine = MapAtomics.IsStillThere(place, old) && !MapAtomics.IsGivenUp(large);
        if (isMine)
        {
            Segment* from = Log.HeadOf(large, old, segment);
            MoveValues(old, to);
            MapAtomics.EnterOrderAndCount(large, from, to);
            Invariants.Check(to, &TableCheck.IsPackedValid);
            Interleaving.Point();
            // Full fence: unlinks the old segment before it is retired. Pairs with the acquire in EntryAt; under Growing, so that
            // no copy of the list keeps it.
            Interlocked.Exchange(ref *place, (nint)to + SegmentList.PackedBit);
            ObjectLock.Exit(&large->Order);
            large->Held = large->Held - Segment.Held(from) + Segment.Held(to);
        }
        ObjectLock.Exit(&large->Growing);
        return isMine;
    }

    internal static void MoveValues(nint old, Segment* to)
    {
        MapEntry* entry = Segment.Entries(to);
        for (int word = 0; word < to->Words; word++)
        {
            for (ulong bits = Segment.Bits(to)[word]; bits != 0; bits &= bits - 1, entry++)
            {
                uint id = to->First + ((uint)word << 6) + (uint)BitOperations.TrailingZeroCount(bits);
                ValuePlace.Move(&Segment.EntryIn(old, id)->Value, &entry->Value);
            }
        }
    }

    // Whoever packs a segment has done so when this returns; from then on none is packed, and the entries of the log are where
    // their values are.
    internal static void Stop(LargeTable* large)
    {
        ObjectLock.Enter(&large->Growing);
        large->GivenUp = 1;
        ObjectLock.Exit(&large->Growing);
    }
}

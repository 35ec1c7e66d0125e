using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// The log of a large table: its entries in the order of insertion, in segments. The first segments are smaller, each as large as
/// all before it.
/// </summary>
internal static unsafe class Log
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SegmentOf(uint id) => id >> MapSizes.SegmentBits == 0
        ? BitOperations.Log2(id | (1u << (MapSizes.FirstSegmentBits - 1))) - (MapSizes.FirstSegmentBits - 1)
        : (int)(id >> MapSizes.SegmentBits) + MapSizes.SegmentBits - MapSizes.FirstSegmentBits;

    // These two go by what the map was made with, because a map dies under the product's hook.
    internal static uint FirstIdOf(LargeTable* large, int segment)
    {
        int small = large->SegmentBits - large->FirstBits;
        if (segment > small) return (uint)(segment - small) << large->SegmentBits;
        return segment == 0 ? 0 : 1u << (segment + large->FirstBits - 1);
    }

    internal static int LengthOf(LargeTable* large, int segment)
    {
        if (segment > large->SegmentBits - large->FirstBits) return 1 << large->SegmentBits;
        return segment == 0 ? 1 << large->FirstBits : 1 << (segment + large->FirstBits - 1);
    }

    /// <summary>
    /// The entry with an id below the tail; null if it was removed, and its place given back. See <see cref="GapEnd"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MapEntry* EntryAt(LargeTable* large, uint id)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchange in GrowList; not older than the slot or the tail from which the id was taken.
        SegmentList* segments = (SegmentList*)Volatile.Read(ref *(nint*)&large->Segments);
        // Acquire: pairs with the release in AddSegment, and with the exchange in TryPublish.
        nint item = Volatile.Read(ref SegmentList.Items(segments)[SegmentOf(id)]);
        return (item & SegmentList.PackedBit) == 0 ? (MapEntry*)item + id : Segment.PackedEntry(item, id);
    }

    internal static Segment* HeadOf(LargeTable* large, nint item, int segment) => SegmentList.IsPacked(item)
            ? (Segment*)(item - SegmentList.PackedBit) : (Segment*)((MapEntry*)item + FirstIdOf(large, segment)) - 1;

    // One that exists, or Gone, or 0 beyond the tail.
    internal static nint SegmentAt(LargeTable* large, int segment)
    {
        // Acquire, both: as in EntryAt.
        SegmentList* segments = (SegmentList*)Volatile.Read(ref *(nint*)&large->Segments);
        return Volatile.Read(ref SegmentList.Items(segments)[segment]);
    }

    // All entries of a segment: those of the packed one, or those that the tail has passed.
    internal static MapEntry* EntriesOf(LargeTable* large, nint item, int segment, uint tail, out uint count)
    {
        Segment* head = HeadOf(large, item, segment);
        count = SegmentList.IsPacked(item) ? head->Count : Math.Min(head->Count, tail - Math.Min(tail, head->First));
        return Segment.Entries(head);
    }

    // An id at which there is no entry lies in a gap. It may have grown since, but gaps do not get smaller. The first id after
    // it:
    internal static uint GapEnd(LargeTable* large, uint id)
    {
        int segment = SegmentOf(id);
        nint item = SegmentAt(large, segment);
        Debug.Assert(SegmentList.IsPacked(item));
        if (item == SegmentList.Gone) return FirstIdOf(large, segment + 1);
        Segment* head = HeadOf(large, item, segment);
        uint place = id - head->First;
        int word = (int)(place >> 6);
        ulong bits = Segment.Bits(head)[word] & ulong.MaxValue << (int)(place & 63);
        while (bits == 0 && ++word < head->Words) bits = Segment.Bits(head)[word];
        return bits == 0
            ? FirstIdOf(large, segment + 1) : head->First + ((uint)word << 6) + (uint)BitOperations.TrailingZeroCount(bits);
    }

    // The first id of the gap, as far as it is in the same segment.
    internal static uint GapStart(LargeTable* large, uint id)
    {
        int segment = SegmentOf(id);
        nint item = SegmentAt(large, segment);
        Debug.Assert(SegmentList.IsPacked(item));
        if (item == SegmentList.Gone) return FirstIdOf(large, segment);
        Segment* head = HeadOf(large, item, segment);
        uint place = id - head->First;
        int word = (int)(place >> 6);
        ulong bits = Segment.Bits(head)[word] & ((1UL << (int)(place & 63)) - 1);
        while (bits == 0 && --word >= 0) bits = Segment.Bits(head)[word];
        return bits == 0 ? head->First : head->First + ((uint)word << 6) + (uint)BitOperations.Log2(bits) + 1;
    }

    // Of a segment that the tail has not passed.
    internal static bool HasSegment(LargeTable* large, int segment)
    {
        SegmentList* segments = (SegmentList*)Volatile.Read(ref *(nint*)&large->Segments);
        return (ulong)segment < segments->Capacity && Volatile.Read(ref SegmentList.Items(segments)[segment]) != 0;
    }

    internal static bool EnsureSegment(Participant* me, PoolHeap* heap, LargeTable* large, int segment)
    {
        ObjectLock.Enter(&large->Growing);
        bool done = true;
        // Under the lock the tail tells whether the segment is still to come: it does not pass without one.
        if (SegmentOf(Volatile.Read(ref large->Tail)) == segment && !HasSegment(large, segment))
        {
            done = (ulong)segment < large->Segments->Capacity || GrowList(me, heap, large);
            if (done) done = AddSegment(me, heap, large, segment);
        }
        ObjectLock.Exit(&large->Growing);
        return done;
    }

    internal static bool AddSegment(Participant* me, PoolHeap* heap, LargeTable* large, int segment)
    {
        uint count = (uint)LengthOf(large, segment);
        nuint size = Segment.SizeFor(count, 0);
        Segment* head = (Segment*)Heap.Allocate(me, heap, size);
        if (head == null) return false;
        NativeMemory.Clear(head, size);
        *head = new Segment { Count = count, First = FirstIdOf(large, segment) };
        large->Held += Segment.Held(head);
        Interleaving.Point();
        // Release: pairs with the acquire in EntryAt, so that entries are empty before anyone looks.
        Volatile.Write(ref SegmentList.Items(large->Segments)[segment], (nint)(Segment.Entries(head) - head->First));
        return true;
    }

    // Under Growing.
    internal static bool GrowList(Participant* me, PoolHeap* heap, LargeTable* large)
    {
        SegmentList* old = large->Segments;
        SegmentList* segments = SegmentList.New(me, heap, old->Capacity * 2);
        if (segments == null) return false;
        Buffer.MemoryCopy(
            SegmentList.Items(old), SegmentList.Items(segments), (long)old->Capacity * sizeof(nint),
            (long)old->Capacity * sizeof(nint));
        Interleaving.Point();
        // Full fence: pairs with the acquire in EntryAt; unlinks the old list before it is retired.
        Interlocked.Exchange(ref *(nint*)&large->Segments, (nint)segments);
        Heap.Retire(me, old);
        return true;
    }

    // A segment in which all entries are removed. Slots that still lead there find nothing; they are about to be cleared.
    internal static void DropSegment(Participant* me, LargeTable* large, int segment)
    {
        ObjectLock.Enter(&large->Growing);
        Interleaving.Point();
        // Full fence: unlinks the segment before it is retired. Pairs with the acquire in EntryAt; under Growing, so that no copy
        // of the list keeps it.
        nint mine = Interlocked.Exchange(ref SegmentList.Items(large->Segments)[segment], SegmentList.Gone);
        if (mine != SegmentList.Gone) large->Held -= Segment.Held(HeadOf(large, mine, segment));
        ObjectLock.Exit(&large->Growing);
        // Unless another one was faster, or the whole root was given up meanwhile, and its segments with it.
        if (mine != SegmentList.Gone) Heap.Retire(me, HeadOf(large, mine, segment));
    }

    internal static void Retire(Participant* me, LargeTable* large)
    {
        ObjectLock.Enter(&large->Growing);
        SegmentList* segments = large->Segments;
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            Interleaving.Point();
            // Full fence; pairs with the exchange in DropSegment: one of the two retires the segment.
            nint item = Interlocked.Exchange(ref SegmentList.Items(segments)[i], SegmentList.Gone);
            if (item is not (0 or SegmentList.Gone)) Heap.Retire(me, HeadOf(large, item, i));
        }
        ObjectLock.Exit(&large->Growing);
        Heap.Retire(me, segments);
    }

    // Retires the segments of a root whose entries live on in another root. By the only writer. The list stays as it is: a reader
    // that is still in it would take a missing segment for one whose entries were all removed.
    internal static void RetireCopied(Participant* me, LargeTable* large)
    {
        SegmentList* segments = large->Segments;
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            nint item = SegmentList.Items(segments)[i];
            if (item is not (0 or SegmentList.Gone)) Heap.Retire(me, HeadOf(large, item, i));
        }
        Heap.Retire(me, segments);
    }
}

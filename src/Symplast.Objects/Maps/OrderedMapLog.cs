using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

// The log of a large map: entries in the order of insertion, in segments; the first ones are smaller, each as large as all before
// it.
public unsafe partial struct OrderedMap
{
    const int FirstCapacity = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int SegmentOf(uint id) => id >> MapSizes.SegmentBits == 0
        ? BitOperations.Log2(id | (1u << (MapSizes.FirstSegmentBits - 1))) - (MapSizes.FirstSegmentBits - 1)
        : (int)(id >> MapSizes.SegmentBits) + MapSizes.SegmentBits - MapSizes.FirstSegmentBits;

    // These two go by what the map was made with, because a map dies under the product's hook.
    static uint FirstIdOf(LargeMap* large, int segment)
    {
        int small = large->SegmentBits - large->FirstBits;
        if (segment > small) return (uint)(segment - small) << large->SegmentBits;
        return segment == 0 ? 0 : 1u << (segment + large->FirstBits - 1);
    }

    static int LengthOf(LargeMap* large, int segment)
    {
        if (segment > large->SegmentBits - large->FirstBits) return 1 << large->SegmentBits;
        return segment == 0 ? 1 << large->FirstBits : 1 << (segment + large->FirstBits - 1);
    }

    /// <summary>
    /// The entry with an id below the tail; null if it was removed, and its place given back. See <see cref="GapEnd"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MapEntry* EntryAt(LargeMap* large, uint id)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchange in GrowSegments; not older than the slot or the tail from which the id was taken.
        MapSegments* segments = (MapSegments*)Volatile.Read(ref *(nint*)&large->Segments);
        // Acquire: pairs with the release in AddSegment, and with the exchange in TryPublish.
        nint item = Volatile.Read(ref MapSegments.Items(segments)[SegmentOf(id)]);
        return (item & MapSegments.PackedBit) == 0 ? (MapEntry*)item + id : PackedEntry(item, id);
    }

    static MapSegment* HeadOf(LargeMap* large, nint item, int segment) =>
        IsPacked(item)
            ? (MapSegment*)(item - MapSegments.PackedBit) : (MapSegment*)((MapEntry*)item + FirstIdOf(large, segment)) - 1;

    static bool IsPacked(nint item) => (item & MapSegments.PackedBit) != 0;

    // One that exists, or Gone, or 0 beyond the tail.
    static nint SegmentAt(LargeMap* large, int segment)
    {
        // Acquire, both: as in EntryAt.
        MapSegments* segments = (MapSegments*)Volatile.Read(ref *(nint*)&large->Segments);
        return Volatile.Read(ref MapSegments.Items(segments)[segment]);
    }

    // All entries of a segment: those of the packed one, or those that the tail has passed.
    static MapEntry* EntriesOf(LargeMap* large, nint item, int segment, uint tail, out uint count)
    {
        MapSegment* head = HeadOf(large, item, segment);
        count = IsPacked(item) ? head->Count : Math.Min(head->Count, tail - Math.Min(tail, head->First));
        return MapSegment.Entries(head);
    }

    // Of a segment that the tail has not passed.
    static bool HasSegment(LargeMap* large, int segment)
    {
        MapSegments* segments = (MapSegments*)Volatile.Read(ref *(nint*)&large->Segments);
        return (ulong)segment < segments->Capacity && Volatile.Read(ref MapSegments.Items(segments)[segment]) != 0;
    }

    static bool NewSegment(Participant* me, PoolHeap* heap, LargeMap* large, int segment)
    {
        ObjectLock.Enter(&large->Growing);
        bool done = true;
        // Under the lock the tail tells whether the segment is still to come: it does not pass without one.
        if (SegmentOf(Volatile.Read(ref large->Tail)) == segment && !HasSegment(large, segment))
        {
            done = (ulong)segment < large->Segments->Capacity || GrowSegments(me, heap, large);
            if (done) done = AddSegment(me, heap, large, segment);
        }
        ObjectLock.Exit(&large->Growing);
        return done;
    }

    static bool AddSegment(Participant* me, PoolHeap* heap, LargeMap* large, int segment)
    {
        uint count = (uint)LengthOf(large, segment);
        nuint size = MapSegment.SizeFor(count, 0);
        MapSegment* head = (MapSegment*)Heap.Allocate(me, heap, size);
        if (head == null) return false;
        NativeMemory.Clear(head, size);
        *head = new MapSegment { Count = count, First = FirstIdOf(large, segment) };
        large->Held += HeldBy(head);
        Interleaving.Point();
        // Release: pairs with the acquire in EntryAt, so that entries are empty before anyone looks.
        Volatile.Write(ref MapSegments.Items(large->Segments)[segment], (nint)(MapSegment.Entries(head) - head->First));
        return true;
    }

    static uint HeldBy(MapSegment* head) => (uint)(MapSegment.SizeFor(head->Count, head->Words) / (nuint)sizeof(MapEntry));

    static MapSegments* NewSegments(Participant* me, PoolHeap* heap, ulong capacity)
    {
        nuint size = (nuint)sizeof(MapSegments) + (nuint)capacity * (nuint)sizeof(nint);
        MapSegments* segments = (MapSegments*)Heap.Allocate(me, heap, size);
        if (segments == null) return null;
        NativeMemory.Clear(segments, size);
        segments->Capacity = capacity;
        return segments;
    }

    // Under Growing.
    static bool GrowSegments(Participant* me, PoolHeap* heap, LargeMap* large)
    {
        MapSegments* old = large->Segments;
        MapSegments* segments = NewSegments(me, heap, old->Capacity * 2);
        if (segments == null) return false;
        Buffer.MemoryCopy(
            MapSegments.Items(old), MapSegments.Items(segments), (long)old->Capacity * sizeof(nint),
            (long)old->Capacity * sizeof(nint));
        Interleaving.Point();
        // Full fence: pairs with the acquire in EntryAt; unlinks the old list before it is retired.
        Interlocked.Exchange(ref *(nint*)&large->Segments, (nint)segments);
        Heap.Retire(me, old);
        return true;
    }

    // A segment in which all entries are removed. Slots that still lead there find nothing; they are about to be cleared.
    static void DropSegment(Participant* me, LargeMap* large, int segment)
    {
        ObjectLock.Enter(&large->Growing);
        Interleaving.Point();
        // Full fence: unlinks the segment before it is retired. Pairs with the acquire in EntryAt; under Growing, so that no copy
        // of the list keeps it.
        nint mine = Interlocked.Exchange(ref MapSegments.Items(large->Segments)[segment], MapSegments.Gone);
        if (mine != MapSegments.Gone) large->Held -= HeldBy(HeadOf(large, mine, segment));
        ObjectLock.Exit(&large->Growing);
        // Unless another one was faster, or the whole root was given up meanwhile, and its segments with it.
        if (mine != MapSegments.Gone) Heap.Retire(me, HeadOf(large, mine, segment));
    }

    static LargeMap* NewLarge(Participant* me, PoolHeap* heap, uint expected, uint nextSequence)
    {
        LargeMap* large = (LargeMap*)Heap.Allocate(me, heap, (nuint)sizeof(LargeMap));
        if (large == null) return null;
        *large = new LargeMap
        {
            SegmentBits = MapSizes.SegmentBits,
            FirstBits = MapSizes.FirstSegmentBits,
            Carried = expected,
            SequenceBase =
            nextSequence - expected
        };
        int segments = SegmentOf(expected) + 1;
        large->Segments = NewSegments(me, heap, Math.Max(FirstCapacity, BitOperations.RoundUpToPowerOf2((ulong)segments)));
        bool done = large->Segments != null && NewIndex(me, heap, large, expected);
        for (int i = 0; done && i < segments; i++) done = AddSegment(me, heap, large, i);
        if (done) return large;
        FreePrivate(me, large);
        return null;
    }

    // Nobody else has seen it. Its entries' references stay with whoever has them.
    static void FreePrivate(Participant* me, LargeMap* large)
    {
        if (large->Segments != null)
        {
            for (int i = 0; (ulong)i < large->Segments->Capacity; i++)
            {
                nint item = MapSegments.Items(large->Segments)[i];
                if (item != 0) Heap.Free(me, HeadOf(large, item, i));
            }
            Heap.Free(me, large->Segments);
        }
        if (large->Directory != null) FreeIndex(me, large);
        Heap.Free(me, large);
    }

    // To a large map that nobody else has seen, and that was made for at least one more.
    static bool AppendPrivately(
        Participant* me, PoolHeap* heap, LargeMap* large, ulong hash, Value key, Value value, uint sequence)
    {
        MapShard* shard = MapDirectory.Shard(ShardOf(large, hash));
        while (IsFull(shard))
        {
            if (!ReplaceShard(me, heap, large, shard)) return false;
            Heap.Free(me, shard);
            shard = MapDirectory.Shard(ShardOf(large, hash));
        }
        uint id = large->Tail++;
        Debug.Assert(HasSegment(large, SegmentOf(id)));
        *EntryAt(large, id) = new MapEntry { Key = key, Value = value, Hash = (uint)hash, Sequence = sequence };
        PutSlot(MapShard.Slots(shard), shard->Mask, hash >> 32 << 32 | (id + 1));
        shard->Used++;
        shard->Live++;
        return true;
    }
}

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

// The log of a large map: entries in the order of insertion, in segments; the first ones are smaller, each as large as all before it.
public static unsafe partial class OrderedMap<THook>
{
    const int FirstCapacity = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int SegmentOf(uint id) => id >> SegmentBits == 0
        ? BitOperations.Log2(id | (1u << (FirstSegmentBits - 1))) - (FirstSegmentBits - 1)
        : (int)(id >> SegmentBits) + SegmentBits - FirstSegmentBits;

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

    /// <summary>The entry with an id below the tail; null if it was removed with all of its segment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MapEntry* EntryAt(LargeMap* large, uint id)
    {
        THook.Point();
        // Acquire: pairs with the exchange in GrowSegments; not older than the slot or the tail from which the id was taken.
        MapSegments* segments = (MapSegments*)Volatile.Read(ref *(nint*)&large->Segments);
        // Acquire: pairs with the release in NewSegment.
        nint biased = Volatile.Read(ref MapSegments.Items(segments)[SegmentOf(id)]);
        return biased == 0 ? null : (MapEntry*)biased + id;
    }

    static MapSegment* HeadOf(LargeMap* large, nint biased, int segment) => (MapSegment*)((MapEntry*)biased + FirstIdOf(large, segment)) - 1;

    // Of a segment that the tail has not passed. (Others may be gone already.)
    static bool HasSegment(LargeMap* large, int segment)
    {
        MapSegments* segments = (MapSegments*)Volatile.Read(ref *(nint*)&large->Segments);
        return (ulong)segment < segments->Capacity && Volatile.Read(ref MapSegments.Items(segments)[segment]) != 0;
    }

    static bool NewSegment(Participant* me, PoolHeap* heap, LargeMap* large, int segment)
    {
        ObjectLock.Enter<THook>(&large->Growing);
        bool done = true;
        // Under the lock the tail tells whether the segment is still to come: it does not pass without one.
        if (SegmentOf(Volatile.Read(ref large->Tail)) == segment && !HasSegment(large, segment))
        {
            done = (ulong)segment < large->Segments->Capacity || GrowSegments(me, heap, large);
            if (done) done = AddSegment(me, heap, large, segment);
        }
        ObjectLock.Exit<THook>(&large->Growing);
        return done;
    }

    static bool AddSegment(Participant* me, PoolHeap* heap, LargeMap* large, int segment)
    {
        nuint size = (nuint)(sizeof(MapSegment) + LengthOf(large, segment) * sizeof(MapEntry));
        MapSegment* head = (MapSegment*)Heap.Allocate(me, heap, size);
        if (head == null) return false;
        NativeMemory.Clear(head, size);
        large->Held += (uint)LengthOf(large, segment);
        THook.Point();
        // Release: pairs with the acquire in EntryAt, so that entries are empty before anyone looks.
        Volatile.Write(ref MapSegments.Items(large->Segments)[segment], (nint)((MapEntry*)(head + 1) - FirstIdOf(large, segment)));
        return true;
    }

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
        Buffer.MemoryCopy(MapSegments.Items(old), MapSegments.Items(segments), (long)old->Capacity * sizeof(nint), (long)old->Capacity * sizeof(nint));
        THook.Point();
        // Full fence: pairs with the acquire in EntryAt; unlinks the old list before it is retired.
        Interlocked.Exchange(ref *(nint*)&large->Segments, (nint)segments);
        Heap.Retire(me, old);
        return true;
    }

    // A segment in which all entries are removed. Slots that still lead there find nothing; they are about to be cleared.
    static void DropSegment(Participant* me, LargeMap* large, int segment)
    {
        ObjectLock.Enter<THook>(&large->Growing);
        THook.Point();
        // Full fence: unlinks the segment before it is retired. Pairs with the acquire in EntryAt; under Growing, so that no copy of the list keeps
        // it.
        nint mine = Interlocked.Exchange(ref MapSegments.Items(large->Segments)[segment], 0);
        if (mine != 0) large->Held -= (uint)LengthOf(large, segment);
        ObjectLock.Exit<THook>(&large->Growing);
        // Unless the whole root was given up meanwhile, and its segments with it.
        if (mine != 0) Heap.Retire(me, HeadOf(large, mine, segment));
    }

    static LargeMap* NewLarge(Participant* me, PoolHeap* heap, uint expected, uint nextSequence)
    {
        LargeMap* large = (LargeMap*)Heap.Allocate(me, heap, (nuint)sizeof(LargeMap));
        if (large == null) return null;
        *large = new LargeMap { SegmentBits = SegmentBits, FirstBits = FirstSegmentBits, Packed = expected, SequenceBase = nextSequence - expected };
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
                nint biased = MapSegments.Items(large->Segments)[i];
                if (biased != 0) Heap.Free(me, HeadOf(large, biased, i));
            }
            Heap.Free(me, large->Segments);
        }
        if (large->Directory != null) FreeIndex(me, large->Directory);
        Heap.Free(me, large);
    }

    // To a large map that nobody else has seen, and that was made for at least one more.
    static bool AppendPrivately(Participant* me, PoolHeap* heap, LargeMap* large, ulong hash, Value key, Value value, uint sequence)
    {
        MapShard* shard = (MapShard*)*MapDirectory.At(large->Directory, hash);
        while (IsFull(shard))
        {
            if (!GrowShard(me, heap, large, shard)) return false;
            Heap.Free(me, shard);
            shard = (MapShard*)*MapDirectory.At(large->Directory, hash);
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

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The root of a map of more than 16 entries: a log of entries in insertion order, and an index of hashes over it.
/// </summary>
internal unsafe struct LargeTable
{
    /// <summary>The index: <see cref="First"/>, until it doubles; replaced whenever it does.</summary>
    internal ShardDirectory* Directory;

    /// <summary>The log: replaced when it doubles.</summary>
    internal SegmentList* Segments;

    /// <summary>The index of a map of one shard or two, which is found without asking where and how large it is.</summary>
    internal ShardDirectory First;
    internal nint FirstShard;
    internal nint SecondShard;

    /// <summary>The snapshot that is being made, or null.</summary>
    internal MapCopy* Copy;

    /// <summary>
    /// Entries with ids below came with the root, and have sequence numbers of their own; those above have
    /// <see cref="SequenceBase"/> + id.
    /// </summary>
    internal uint Carried;
    internal uint SequenceBase;

    /// <summary>Over the index and the log.</summary>
    internal int Growing;
    internal uint Generation;

    /// <summary>log2 of the entries in a segment, and in the first one.</summary>
    internal int SegmentBits;
    internal int FirstBits;

    /// <summary>The memory of all segments, in entries. Under Growing.</summary>
    internal uint Held;

    /// <summary>1 when the root was given up and no segment is packed any more. Under Growing.</summary>
    internal uint GivenUp;

    // What every insertion and removal writes lies apart from what every reader reads.
    internal fixed ulong Apart[5];

    /// <summary>A lock: insertions and removals happen one after the other. Inside the shards'.</summary>
    internal int Order;

    /// <summary>The id of the next entry. Under Order.</summary>
    internal uint Tail;

    /// <summary>How many of the ids below are of removed entries. Under Order.</summary>
    internal uint Dead;

    /// <summary>A hint: all ids below are of removed entries.</summary>
    internal uint FirstLive;

    /// <summary>Odd while an insertion or removal happens. Under Order.</summary>
    internal ulong Version;

    /// <summary>A hint. High half: an id t; low half: an id f. All ids from f up to t are of removed entries.</summary>
    internal ulong DeadRun;

    /// <summary>Marks the root of a large map.</summary>
    const nint RootBit = 1;

    // Rebuilding a map of so many entries is no long pause.
    const uint FewLive = 8192;

    const int FirstCapacity = 16;

    internal static bool IsRoot(nint root) => (root & RootBit) != 0;

    internal static LargeTable* OfRoot(nint root) => (LargeTable*)(root - RootBit);

    internal static nint RootOf(LargeTable* large) => (nint)large + RootBit;

    // The sequence number of the next entry.
    internal static uint NextSequenceOf(LargeTable* large) => large->SequenceBase + Volatile.Read(ref large->Tail);

    internal static LargeTable* New(Participant* me, PoolHeap* heap, uint expected, uint nextSequence)
    {
        LargeTable* large = (LargeTable*)Heap.Allocate(me, heap, (nuint)sizeof(LargeTable));
        if (large == null) return null;
        *large = new LargeTable
        {
            SegmentBits = MapSizes.SegmentBits,
            FirstBits = MapSizes.FirstSegmentBits,
            Carried = expected,
            SequenceBase = nextSequence - expected
        };
        int segments = Log.SegmentOf(expected) + 1;
        large->Segments = SegmentList.New(me, heap, Math.Max(FirstCapacity, BitOperations.RoundUpToPowerOf2((ulong)segments)));
        bool done = large->Segments != null && ShardIndex.TryMake(me, heap, large, expected);
        for (int i = 0; done && i < segments; i++) done = Log.AddSegment(me, heap, large, i);
        if (done) return large;
        Free(me, large);
        return null;
    }

    // Nobody else has seen it. Its entries' references stay with whoever has them.
    internal static void Free(Participant* me, LargeTable* large)
    {
        if (large->Segments != null)
        {
            for (int i = 0; (ulong)i < large->Segments->Capacity; i++)
            {
                nint item = SegmentList.Items(large->Segments)[i];
                if (item != 0) Heap.Free(me, Log.HeadOf(large, item, i));
            }
            Heap.Free(me, large->Segments);
        }
        if (large->Directory != null) ShardIndex.Free(me, large);
        Heap.Free(me, large);
    }

    // To a large map that nobody else has seen, and that was made for at least one more.
    internal static bool Append(
        Participant* me, PoolHeap* heap, LargeTable* large, ulong hash, Value key, Value value, uint sequence)
    {
        Shard* shard = ShardDirectory.ShardOf(ShardIndex.ItemOf(large, hash));
        while (Shard.IsFull(shard))
        {
            if (!ShardIndex.Replace(me, heap, large, shard)) return false;
            Heap.Free(me, shard);
            shard = ShardDirectory.ShardOf(ShardIndex.ItemOf(large, hash));
        }
        uint id = large->Tail++;
        Debug.Assert(Log.HasSegment(large, Log.SegmentOf(id)));
        *Log.EntryAt(large, id) = new MapEntry { Key = key, Value = value, Hash = (uint)hash, Sequence = sequence };
        Shard.PutPrivately(Shard.Slots(shard), shard->Mask, hash >> 32 << 32 | (id + 1));
        shard->Used++;
        shard->Live++;
        return true;
    }

    // Whether so few entries are left that packed segments are too much for them, and to copy them takes no time; or the ids come
    // to an end.
    internal static bool IsSparse(LargeTable* large)
    {
        uint live = large->Tail - large->Dead;
        return live <= FewLive && large->Held > MapSizes.FewDead && large->Held / 16 > live
            || large->Tail > MapSizes.MostIds / 4 * 3;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void GiveUp(Participant* me, LargeTable* large, Release* release)
    {
        // From here on nothing is inserted, removed or moved; what was begun is complete.
        ShardIndex.RetireShards(me, large);
        MapCopy.CopyRest(MapAtomics.LoadCopy(large));
        Packing.Stop(large);
        SegmentList* segments = large->Segments;
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            nint item = Volatile.Read(ref SegmentList.Items(segments)[i]);
            if (item is 0 or SegmentList.Gone) continue;
            MapEntry* entries = Log.EntriesOf(large, item, i, large->Tail, out uint count);
            for (uint j = 0; j < count; j++) GiveUp(me, entries + j, release);
        }
        Log.Retire(me, large);
        ShardIndex.RetireDirectory(me, large);
        Heap.Retire(me, large);
    }

    internal static void GiveUp(Participant* me, MapEntry* entry, Release* release)
    {
        Interleaving.Point();
        // Full fence. Whoever takes the value out drops the references; updates without a lock end here. Pairs with
        // MapAtomics.UpdateValue and ValuePlace.Swap. In a segment that is the log's no value has moved.
        Value value = new(Interlocked.Exchange(ref *(ulong*)&entry->Value, ValuePlace.Removed.Bits));
        if (value == ValuePlace.Removed) return;
        Release.Drop(me, entry->Key, release);
        Release.Drop(me, value, release);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// Up to 16 entries in one block: a byte of each hash, then keys, sequence numbers and values, in insertion order. Only values
/// and the free rest ever change: all else is replaced by copying. A place is filled once.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SmallMap
{
    internal const int Most = 16;

    /// <summary>Never 0 for an entry, 0 where there is none.</summary>
    internal fixed byte Tags[Most];

    /// <summary>The sequence number of the map's next entry when this block was made.</summary>
    internal uint FirstSequence;

    /// <summary>Places that were filled. Under the lock.</summary>
    internal byte Count;
    internal byte Capacity;

    /// <summary>
    /// Odd while an insertion or removal happens. Under the lock. Does not come round, since places are filled and emptied once.
    /// </summary>
    internal byte Version;

    /// <summary>Where the values are, in words.</summary>
    internal byte ValuesAt;

    internal static nuint SizeFor(int capacity) => (nuint)(WordsBefore(capacity) + capacity) * (nuint)sizeof(Value);

    // Values, which writers change, begin a cache line if there are many: readers of other values then keep what they look for
    // keys in.
    static int WordsBefore(int capacity)
    {
        int words = (sizeof(SmallMap) + capacity * (sizeof(Value) + sizeof(uint)) + sizeof(Value) - 1) / sizeof(Value);
        return capacity < Most / 2 ? words : (words + 7) & ~7;
    }

    internal static SmallMap For(int capacity, uint nextSequence) =>
        new() { Capacity = (byte)capacity, ValuesAt = (byte)WordsBefore(capacity), FirstSequence = nextSequence };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* Keys(SmallMap* map) => (Value*)(map + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* Values(SmallMap* map) => (Value*)map + map->ValuesAt;

    internal static uint* Sequences(SmallMap* map) => (uint*)(Keys(map) + map->Capacity);

    // Bits that neither the index nor its shards use.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte TagOf(ulong hash) => (byte)((byte)hash | 1);
}

/// <summary>
/// The root of a map of more than 16 entries: a log of entries in insertion order, and an index of hashes over it.
/// </summary>
internal unsafe struct LargeMap
{
    /// <summary>The index: <see cref="First"/>, until it doubles; replaced whenever it does.</summary>
    internal MapDirectory* Directory;

    /// <summary>The log: replaced when it doubles.</summary>
    internal MapSegments* Segments;

    /// <summary>The index of a map of one shard or two, which is found without asking where and how large it is.</summary>
    internal MapDirectory First;
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
}

/// <summary>One entry of the log.</summary>
internal struct MapEntry
{
    internal Value Key;

    /// <summary>
    /// <see cref="OrderedMap.Removed"/> once removed, a forward once the value is in a packed segment; then it stays.
    /// </summary>
    internal Value Value;

    /// <summary>The low half of the hash; the high half is in the index.</summary>
    internal uint Hash;

    internal uint Sequence;
}

/// <summary>
/// The segments of a log: pointers follow, from each of which its segment's first id times the size of an entry is subtracted; if
/// the lowest bit is set, to the head of a packed segment instead, and <see cref="Gone"/> where all are removed. 0 beyond the
/// tail.
/// </summary>
internal unsafe struct MapSegments
{
    /// <summary>The mark of a packed segment; alone, of one that is gone.</summary>
    internal const nint PackedBit = 1;
    internal const nint Gone = PackedBit;

    internal ulong Capacity;
    internal ulong Reserved;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Items(MapSegments* segments) => (nint*)(segments + 1);
}

/// <summary>
/// What a segment begins with. Entries follow, one for each id; in a packed segment first a bit for each id, which says whether
/// there is an entry, then for each word of bits how many are set before it, and only these entries.
/// </summary>
internal unsafe struct MapSegment
{
    /// <summary>How many of its entries are removed. Under Order.</summary>
    internal uint Dead;

    /// <summary>Number of entries.</summary>
    internal uint Count;

    /// <summary>The first id.</summary>
    internal uint First;

    /// <summary>Number of words of bits; 0 if it is not packed.</summary>
    internal int Words;

    internal static ulong* Bits(MapSegment* segment) => (ulong*)(segment + 1);

    internal static ushort* Ranks(MapSegment* segment) => (ushort*)(Bits(segment) + segment->Words);

    internal static MapEntry* Entries(MapSegment* segment) => (MapEntry*)((byte*)(segment + 1) + MapOf(segment->Words));

    /// <summary>Bytes of a segment.</summary>
    internal static nuint SizeFor(uint count, int words) =>
        (nuint)sizeof(MapSegment) + MapOf(words) + (nuint)count * (nuint)sizeof(MapEntry);

    // Bytes between the head and the entries, which begin at a multiple of 8.
    static nuint MapOf(int words) => (nuint)(words * sizeof(ulong) + (words * sizeof(ushort) + 7 & ~7));
}

/// <summary>
/// By the highest bits of the hash, the shard of the index: 2^depth items follow, a pointer to the shard each, with its mask in
/// the 16 bits above.
/// </summary>
internal unsafe struct MapDirectory
{
    // Of this and larger masks the shard tells: few shards grow so much, because no bits tell their hashes apart.
    const ulong LargeMask = ushort.MaxValue;

    internal int Depth;

    /// <summary>64 - depth.</summary>
    internal int Shift;
    internal ulong Reserved;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Items(MapDirectory* directory) => (nint*)(directory + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* At(MapDirectory* directory, ulong hash) => Items(directory) + (hash >> directory->Shift);

    internal static nint Item(MapShard* shard) => (nint)shard | (nint)(Math.Min(shard->Mask, LargeMask) << 48);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MapShard* Shard(nint item) => (MapShard*)(item & 0xFFFF_FFFF_FFFF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mask(nint item)
    {
        ulong mask = (ulong)item >> 48;
        return mask == LargeMask ? Shard(item)->Mask : mask;
    }
}

/// <summary>
/// A hash table with linear probing. Slots follow: high half the high half of the hash, low half the entry's id + 1; 0 if it was
/// never used. Only the holder of the lock writes.
/// </summary>
internal unsafe struct MapShard
{
    /// <summary>A slot whose entry was removed.</summary>
    internal const ulong Deleted = uint.MaxValue;

    internal int Lock;

    /// <summary>1 once the shard is no longer the index's; its slots stay as they were.</summary>
    internal int Moved;

    /// <summary>Slots that are not 0.</summary>
    internal uint Used;
    internal uint Live;

    /// <summary>How many bits of the hash all its entries share, and these bits.</summary>
    internal int Depth;
    internal uint Prefix;
    internal ulong Reserved;
    internal ulong Apart0;
    internal ulong Apart1;

    /// <summary>Number of slots - 1.</summary>
    internal ulong Mask;
    internal ulong Reserved1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong* Slots(MapShard* shard) => (ulong*)(shard + 1);
}

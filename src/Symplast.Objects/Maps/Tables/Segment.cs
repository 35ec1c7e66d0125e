using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// What a segment begins with. Entries follow, one for each id; in a packed segment first a bit for each id, which says whether
/// there is an entry, then for each word of bits how many are set before it, and only these entries.
/// </summary>
internal unsafe struct Segment
{
    /// <summary>How many of its entries are removed. Under Order.</summary>
    internal uint Dead;

    /// <summary>Number of entries.</summary>
    internal uint Count;

    /// <summary>The first id.</summary>
    internal uint First;

    /// <summary>Number of words of bits; 0 if it is not packed.</summary>
    internal int Words;

    internal static ulong* Bits(Segment* segment) => (ulong*)(segment + 1);

    internal static ushort* Ranks(Segment* segment) => (ushort*)(Bits(segment) + segment->Words);

    internal static MapEntry* Entries(Segment* segment) => (MapEntry*)((byte*)(segment + 1) + MapOf(segment->Words));

    /// <summary>Bytes of a segment.</summary>
    internal static nuint SizeFor(uint count, int words) =>
        (nuint)sizeof(Segment) + MapOf(words) + (nuint)count * (nuint)sizeof(MapEntry);

    // Bytes between the head and the entries, which begin at a multiple of 8.
    internal static nuint MapOf(int words) => (nuint)(words * sizeof(ulong) + (words * sizeof(ushort) + 7 & ~7));

    // Acquire: pairs with the release in LogOrder.TryRemove. Who made the last removal sees it.
    internal static uint Live(Segment* head) => head->Count - Volatile.Read(ref head->Dead);

    internal static uint Held(Segment* head) => (uint)(SizeFor(head->Count, head->Words) / (nuint)sizeof(MapEntry));

    // Null: the entry was removed before the segment was packed, or all of the segment is gone.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static MapEntry* PackedEntry(nint item, uint id)
    {
        if (item == SegmentList.Gone) return null;
        Segment* head = (Segment*)(item - SegmentList.PackedBit);
        uint place = id - head->First;
        ulong bits = Bits(head)[place >> 6], bit = 1UL << (int)(place & 63);
        if ((bits & bit) == 0) return null;
        return Entries(head) + Ranks(head)[place >> 6] + BitOperations.PopCount(bits & (bit - 1));
    }

    internal static MapEntry* EntryIn(nint item, uint id) =>
        SegmentList.IsPacked(item) ? PackedEntry(item, id) : (MapEntry*)item + id;
}

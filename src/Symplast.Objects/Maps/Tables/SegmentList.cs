using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// The segments of a log: pointers follow, from each of which its segment's first id times the size of an entry is subtracted; if
/// the lowest bit is set, to the head of a packed segment instead, and <see cref="Gone"/> where all are removed. 0 beyond the
/// tail.
/// </summary>
internal unsafe struct SegmentList
{
    /// <summary>The mark of a packed segment; alone, of one that is gone.</summary>
    internal const nint PackedBit = 1;
    internal const nint Gone = PackedBit;

    internal ulong Capacity;
    internal ulong Reserved;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Items(SegmentList* segments) => (nint*)(segments + 1);

    internal static SegmentList* New(Participant* me, PoolHeap* heap, ulong capacity)
    {
        nuint size = (nuint)sizeof(SegmentList) + (nuint)capacity * (nuint)sizeof(nint);
        SegmentList* segments = (SegmentList*)Heap.Allocate(me, heap, size);
        if (segments == null) return null;
        NativeMemory.Clear(segments, size);
        segments->Capacity = capacity;
        return segments;
    }

    internal static bool IsPacked(nint item) => (item & PackedBit) != 0;
}

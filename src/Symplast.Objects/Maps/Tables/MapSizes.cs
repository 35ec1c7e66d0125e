using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Numbers of ordered maps that tests have smaller ones for, so that short histories cross all borders.</summary>
internal static class MapSizes
{
    /// <summary>Most entries of a small map.</summary>
    internal const int SmallLimit = SmallTable.Most;

    /// <summary>log2 of the entries in a segment of the log, and in the first one.</summary>
    internal const int SegmentBits = 12;
    internal const int FirstSegmentBits = 5;

    /// <summary>Slots of the first shard of an index.</summary>
    internal const ulong FirstSlots = 32;

    /// <summary>A shard with so many slots is split when it is full.</summary>
    internal const ulong MostSlots = 1 << 15;

    /// <summary>log2 of the most shards of an index.</summary>
    internal const int MostDepth = 16;

    /// <summary>A log that has given out so many ids is compacted.</summary>
    internal const uint MostIds = 0xFFFF_0000;

    /// <summary>With fewer removed entries a map is not compacted.</summary>
    internal const uint FewDead = 4096;

    /// <summary>log2 of the most entries in a part of a snapshot: a writer that has to copy one is held up by no more.</summary>
    internal const int PartBits = 8;

    /// <summary>Segments that may be added until the instant of a snapshot.</summary>
    internal const int SpareSegments = 4;

    /// <summary>How often a count is tried without the lock.</summary>
    internal const int MostLooks = 64;

    /// <summary>How often the keys of a map that others change are read.</summary>
    internal const int MostTries = 8;

    /// <summary>
    /// A segment is packed when no more than one entry in 2^this is left, so that a packed one is no more than a part of a
    /// snapshot.
    /// </summary>
    internal const int PackingShift = 4;

    /// <summary>Fewer entries than these are not worth the map of a packed segment.</summary>
    internal const uint LeastToPack = 64;

    /// <summary>How many places a small map gets that shall have room for so many entries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SmallCapacity(int room) => room <= 4 ? 4 : room <= 8 ? 8 : SmallTable.Most;
}

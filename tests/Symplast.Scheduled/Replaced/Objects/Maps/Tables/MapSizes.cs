namespace Symplast.Objects;

/// <summary>The same for tests.</summary>
internal static class MapSizes
{
    internal const int SmallLimit = 2;
    internal const int SegmentBits = 2;
    internal const int FirstSegmentBits = 1;
    internal const ulong FirstSlots = 4;
    internal const ulong MostSlots = 4;
    internal const int MostDepth = 4;
    internal const uint MostIds = 1 << 20;
    internal const uint FewDead = 8;
    internal const int PartBits = 1;
    internal const int SpareSegments = 0;
    internal const int MostLooks = 2;
    internal const int MostTries = 2;
    internal const int PackingShift = 1;
    internal const uint LeastToPack = 2;

    internal static int SmallCapacity(int room) => SmallLimit;
}

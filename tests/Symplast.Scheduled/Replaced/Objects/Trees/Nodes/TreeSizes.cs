namespace Symplast.Objects;

/// <summary>The same for tests.</summary>
internal static class TreeSizes
{
    internal const int LeafCapacity = 4;
    internal const int InnerCapacity = 4;
    internal const int MostLooks = 2;
}

namespace Symplast.Objects;

/// <summary>Numbers of sorted maps that tests have smaller ones for, so that a few keys make a tree of several levels.</summary>
internal static class TreeSizes
{
    /// <summary>Most entries of a leaf, 2 to 14.</summary>
    internal const int LeafCapacity = SortedLeaf.Places;

    /// <summary>Most children of an inner node, 4 to 96.</summary>
    internal const int InnerCapacity = SortedInner.Places;

    /// <summary>How often a count is tried without the lock.</summary>
    internal const int MostLooks = 64;
}

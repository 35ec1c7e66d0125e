namespace Symplast.Objects;

/// <summary>How full nodes may be, and how sparse.</summary>
internal static unsafe class Occupancy
{
    // Whoever has fewer (but the root) is merged with a neighbour; whoever has more after that is cut in two.
    internal static int LeastEntries => Math.Max(TreeSizes.LeafCapacity / 4, 1);

    internal static int LeastChildren => Math.Max(TreeSizes.InnerCapacity / 4, 2);

    static int Capacity(int level) => level == 0 ? TreeSizes.LeafCapacity : TreeSizes.InnerCapacity;

    internal static int Roomy(int level) => Capacity(level) * 3 / 4;

    internal static bool IsSparse(SortedNode* node) =>
        // Any recent word will do without the lock.
        node->Level == 0
            ? LeafOrder.Count(Volatile.Read(ref node->Order)) < LeastEntries : ((SortedInner*)node)->Count < LeastChildren;

    internal static bool IsFull(SortedNode* node) =>
        node->Level == 0
            ? LeafOrder.Filled(node->Order) >= TreeSizes.LeafCapacity : ((SortedInner*)node)->Count >= TreeSizes.InnerCapacity;
}

namespace Symplast.Objects;

/// <summary>
/// Sizes of a sorted map's nodes, constants that the compiler sees. Tests use small ones, and faults that they must find.
/// </summary>
public interface ISortedMapRules
{
    /// <summary>Most entries of a leaf, 2 to 14.</summary>
    static abstract int LeafCapacity { get; }

    /// <summary>Most children of an inner node, 4 to 96.</summary>
    static abstract int InnerCapacity { get; }

    /// <summary>A step of the protocol that is left out.</summary>
    static virtual SortedMapFault Fault => SortedMapFault.None;
}

/// <summary>What can be left out of a sorted map's protocol, so that tests can show that they would notice.</summary>
public enum SortedMapFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Writers do not look whether the leaf that they have locked is still live.</summary>
    UsesDeadLeaf,

    /// <summary>Who replaces a node does not look whether the parent is still live.</summary>
    UsesDeadParent,

    /// <summary>The search for neighbours does not look again whether the leaf has changed.</summary>
    TrustsOneLeaf,

    /// <summary>The search for neighbours does not look again at the leaves that it has passed.</summary>
    TrustsPassedLeaves,

    /// <summary>A leaf's word is stored before the place that it names is filled.</summary>
    PublishesEarly,

    /// <summary>A leaf's digests leave out what its entries have in common, not its range.</summary>
    SkipsWhatEntriesShare,

    /// <summary>An inner node whose range has an end missing does not compare what its digests leave out.</summary>
    SkipsUnread,

    /// <summary>New leaves are unlocked before the old one is marked.</summary>
    UnlocksEarly,

    /// <summary>Who counts does not look whether somebody inserts or removes at the moment.</summary>
    CountsAnyTime,

    /// <summary>Who inserts or removes does not look whether the tree was cleared away.</summary>
    CountsWhatWasCleared,
}

/// <summary>The product's: 14 entries in a leaf, 96 children in an inner node.</summary>
public readonly struct SortedMapRules : ISortedMapRules
{
    /// <inheritdoc/>
    public static int LeafCapacity => SortedLeaf.Places;

    /// <inheritdoc/>
    public static int InnerCapacity => SortedInner.Places;
}

namespace Symplast.Objects;

/// <summary>What can be left out of a sorted map's protocol, so that tests can show that they would notice.</summary>
internal enum SortedMapFault
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

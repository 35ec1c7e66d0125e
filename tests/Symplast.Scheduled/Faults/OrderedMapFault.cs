namespace Symplast.Objects;

/// <summary>A step of the protocol that a test leaves out, to see that it would be missed.</summary>
internal enum OrderedMapFault
{
    /// <summary>A writer that got the lock of a shard does not look whether it was replaced.</summary>
    MovedIsIgnored,

    /// <summary>A writer that got the lock of the map does not look whether the root was replaced.</summary>
    RootIsOld,

    /// <summary>The shards of a root that is given up are not marked.</summary>
    ShardsStayOpen,

    /// <summary>An update stores the value without comparing.</summary>
    UpdateIsBlind,

    /// <summary>A snapshot or compaction does not wait for the sections that were open.</summary>
    GateIsNotAwaited,

    /// <summary>A count does not look whether an insertion or removal is under way.</summary>
    CountIsNotAtOneInstant,

    /// <summary>An end that was found without the lock is taken, though it may be the end no more.</summary>
    EndIsNotLookedForAgain,

    /// <summary>A writer does not copy what a snapshot has yet to copy.</summary>
    NothingIsPreserved,

    /// <summary>Who ends a snapshot does not wait for those who are copying.</summary>
    CopyingIsNotAwaited,

    /// <summary>A value that has moved to a packed segment counts as removed.</summary>
    ForwardIsTakenForRemoved,

    /// <summary>A value is copied to a packed segment, and can still be changed where it was.</summary>
    ValueIsCopied,

    /// <summary>A packed segment counts its removed entries while more are removed.</summary>
    RemovalsAreCountedEarly,

    /// <summary>Who packs a segment does not look whether another one has done so.</summary>
    SegmentIsPackedTwice,

    /// <summary>A segment of a root that was given up is packed.</summary>
    GivenUpIsPacked,
}


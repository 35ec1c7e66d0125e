namespace Symplast.Objects;

/// <summary>A step of the protocol that a test leaves out, to see that it would be missed.</summary>
internal enum OrderedMapFault
{
    None,

    /// <summary>A writer that got the lock of a shard does not look whether it was replaced.</summary>
    MovedIsIgnored,

    /// <summary>A writer that got the lock of the map does not look whether the root was replaced.</summary>
    RootIsOld,

    /// <summary>The shards of a root that is given up are not marked.</summary>
    ShardsStayOpen,

    /// <summary>An update stores the value without comparing.</summary>
    UpdateIsBlind,

    /// <summary>The block of a small map is replaced while its values may still be changed.</summary>
    ValuesAreNotFrozen,

    /// <summary>A reader of a small map that is being replaced does not look for a value where it was moved to.</summary>
    MovedIsTakenForMissing,

    /// <summary>A snapshot or compaction does not wait for the sections that were open.</summary>
    GateIsNotAwaited,

    /// <summary>A count does not look whether an insertion or removal is under way.</summary>
    CountIsNotAtOneInstant,

    /// <summary>An end that was found without the lock is taken, though it may be the end no more.</summary>
    EndIsNotLookedForAgain,

    /// <summary>A writer does not copy what a snapshot has yet to copy.</summary>
    NothingIsPreserved,
}

/// <summary>The fault of a test's variant of the map; the product's has none, and no code for it.</summary>
internal static class OrderedMapFaults<THook> where THook : struct, IInterleaving
{
    internal static OrderedMapFault Seeded;

    internal static bool Is(OrderedMapFault fault) => typeof(THook) != typeof(Uninterrupted) && Seeded == fault;
}

namespace Symplast.Objects;

/// <summary>The looks and steps of a sorted map's protocol, each with its fault.</summary>
internal static unsafe class TreeAtomics
{
    internal static bool IsDead(SortedNode* node) => node->DeadFlag != 0 && !Interleaving.Omits(SortedMapFault.UsesDeadLeaf);

    internal static bool IsDeadParent(SortedInner* parent) =>
        parent->Node.DeadFlag != 0 && !Interleaving.Omits(SortedMapFault.UsesDeadParent);

    internal static bool IsUnchanged(SortedLeaf* leaf, ulong order) =>
        Interleaving.Omits(SortedMapFault.TrustsOneLeaf) || Volatile.Read(ref leaf->Node.Order) == order;

    internal static bool IsPassedUnchanged(SortedLeaf* leaf, ulong order) =>
        Interleaving.Omits(SortedMapFault.TrustsPassedLeaves) || Volatile.Read(ref leaf->Node.Order) == order;

    internal static void BeginFilling(SortedLeaf* leaf, ulong next)
    {
        if (!Interleaving.Omits(SortedMapFault.PublishesEarly)) return;
        Volatile.Write(ref leaf->Node.Order, next);
        Interleaving.Point();
    }

    internal static byte SkipInLeaf(in Fences range, ReadOnlySpan<NodeEntry> entries) =>
        Interleaving.Omits(SortedMapFault.SkipsWhatEntriesShare) && entries.Length > 1
            ? NodeEntry.Common(entries[0], entries[^1]) : range.Common;

    internal static bool IsOpen(bool lacksAnEnd) => lacksAnEnd && !Interleaving.Omits(SortedMapFault.SkipsUnread);

    internal static void KillAndUnlock(
        SortedNode* left, SortedNode* right, SortedNode* parent, SortedNode* first, SortedNode* second)
    {
        bool isEarly = Interleaving.Omits(SortedMapFault.UnlocksEarly);
        if (isEarly) NewNode.Unlock(first, second);
        SortedNode.Kill(left);
        if (right != null) SortedNode.Kill(right);
        if (parent != null) SortedNode.Kill(parent);
        if (!isEarly) NewNode.Unlock(first, second);
    }

    internal static bool IsUnchanged(ref ulong current, ulong version) =>
        Interleaving.Omits(SortedMapFault.CountsAnyTime)
        || ((version & 1) == 0 && Volatile.Read(ref current) == version);

    internal static bool IsEra(ulong current, ulong era) =>
        current == era || Interleaving.Omits(SortedMapFault.CountsWhatWasCleared);
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The looks and steps of a sorted map's protocol that it would be wrong without. The tests compile another file in the place of
/// this one, in which each can be moved or left out.
/// </summary>
internal static unsafe class TreeAtomics
{
    /// <summary>Whether a node whose lock was taken was replaced or cleared away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsDead(SortedNode* node) => node->DeadFlag != 0;

    /// <summary>Whether the locked parent of a node that is to be replaced was itself replaced or cleared away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsDeadParent(SortedInner* parent) => parent->Node.DeadFlag != 0;

    /// <summary>Whether a leaf's word is still this: then it was when the value was read.</summary>
    // Pairs with the releases in TreeWriter, Popping and SortedNode.Kill.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsUnchanged(SortedLeaf* leaf, ulong order) => Volatile.Read(ref leaf->Node.Order) == order;

    /// <summary>Whether the word of a leaf in which a search found nothing is still the word that the search read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsPassedUnchanged(SortedLeaf* leaf, ulong order) => Volatile.Read(ref leaf->Node.Order) == order;

    /// <summary>
    /// A place is about to be filled, which <paramref name="next"/> names: only when it is filled, the word becomes that.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void BeginFilling(SortedLeaf* leaf, ulong next) => Debug.Assert(leaf->Node.Order != next);

    /// <summary>
    /// How many bytes a new leaf's digests leave out: what will be inserted begins as the range does; what the entries have in
    /// common says nothing about it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte SkipInLeaf(in Fences range, ReadOnlySpan<NodeEntry> entries) => range.Common;

    /// <summary>Whether an inner node compares what its digests leave out: where its range lacks an end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsOpen(bool lacksAnEnd) => lacksAnEnd;

    /// <summary>Marks the nodes that were replaced dead, and only then unlocks the new leaves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void KillAndUnlock(
        SortedNode* left, SortedNode* right, SortedNode* parent, SortedNode* first, SortedNode* second)
    {
        SortedNode.Kill(left);
        if (right != null) SortedNode.Kill(right);
        if (parent != null) SortedNode.Kill(parent);
        NewNode.Unlock(first, second);
    }

    /// <summary>Whether nobody has inserted or removed since the version was read.</summary>
    // Acquire: pairs with the releases in SequenceLock.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsUnchanged(ref ulong current, ulong version) =>
        (version & 1) == 0 && Volatile.Read(ref current) == version;

    /// <summary>Whether the tree was not cleared away since the search began.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsEra(ulong current, ulong era) => current == era;
}

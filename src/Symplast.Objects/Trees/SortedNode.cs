using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Symplast.Objects;

/// <summary>What leaves and inner nodes of a sorted map begin with.</summary>
internal unsafe struct SortedNode
{
    /// <summary>A leaf's <see cref="LeafOrder"/>. Its lock guards changes.</summary>
    internal ulong Order;

    /// <summary>A futex word; see <see cref="ObjectLock"/>.</summary>
    internal int Lock;

    /// <summary>1 once the node was replaced or cleared away, for ever. Read and written under the lock.</summary>
    internal byte DeadFlag;

    /// <summary>0 for leaves. Never changes.</summary>
    internal byte Level;

    /// <summary>The class of the keys; None in a map that never held any. Never changes.</summary>
    internal OrderingClass Class;

    /// <summary>How many bytes of the keys, all the same, its digests leave out. Never changes.</summary>
    internal byte Skip;

    /// <summary>Link of lists that whoever holds the lock makes, or whoever killed the node.</summary>
    internal static ref SortedNode* Next(SortedNode* node) => ref node->Level == 0 ? ref ((SortedLeaf*)node)->Next : ref ((SortedInner*)node)->Next;
}

/// <summary>
/// A leaf: places that are filled one after the other and never again, and a word that says which of them hold entries, in which order
/// (after the permutation of Masstree's border nodes: Mao, Kohler, Morris, "Cache craftiness for fast multicore key-value storage", EuroSys 2012).
/// What a lookup reads first fills two cache lines: all the digests, which are compared at once.
/// </summary>
// Whole cache lines, so that blocks in a row begin with one.
[StructLayout(LayoutKind.Sequential, Size = 384)]
internal unsafe struct SortedLeaf
{
    internal const int Places = 14;

    internal SortedNode Node;
    internal fixed long Digests[Places];
    internal fixed ulong Values[Places];
    internal fixed ulong Keys[Places];
    internal SortedNode* Next;

    /// <summary>The places, filled or not, whose digests are below one, a bit for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Below(SortedLeaf* leaf, long digest)
    {
        Vector128<long> wanted = Vector128.Create(digest);
        uint below = 0;
        for (int i = 0; i < Places; i += Vector128<long>.Count)
        {
            below |= Vector128.LessThan(Vector128.Load(leaf->Digests + i), wanted).ExtractMostSignificantBits() << i;
        }
        return below;
    }
}

/// <summary>Some children of an inner node, and the least keys of their ranges.</summary>
internal unsafe struct SortedGroup
{
    internal const int Places = 8;

    internal fixed long Digests[Places];
    internal fixed ulong Children[Places];
    internal fixed ulong Keys[Places];
}

/// <summary>
/// An inner node: children and the least keys of all but the first, in groups that follow the struct, as many as it takes. Only the children's addresses change.
/// Digests are compared a group at once, after the first ones of all groups: three cache lines, whatever the size.
/// </summary>
internal unsafe struct SortedInner
{
    const int Groups = 12;

    internal const int Places = Groups * SortedGroup.Places;

    // Above all digests: those of free places.
    const long Beyond = long.MaxValue;

    internal SortedNode Node;
    internal SortedNode* Next;

    /// <summary>Number of children. Never changes.</summary>
    internal int Count;

    /// <summary>Whether there may be keys in its range that do not begin as its own do; then <see cref="SortedNode.Skip"/> bytes must be compared first. Never changes.</summary>
    internal bool IsOpen;

    /// <summary>The first digest of each group.</summary>
    internal fixed long Heads[Groups];

    /// <summary>Bytes of a node with so many children.</summary>
    internal static nuint SizeFor(int count) => (nuint)(sizeof(SortedInner) + (count + SortedGroup.Places - 1) / SortedGroup.Places * sizeof(SortedGroup));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedGroup* GroupOf(SortedInner* inner, int index) => (SortedGroup*)(inner + 1) + (uint)index / SortedGroup.Places;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Slot(SortedInner* inner, int index) => (nint*)&GroupOf(inner, index)->Children[(uint)index % SortedGroup.Places];

    /// <summary>The least key of a child's range; empty for the first child.</summary>
    internal static ref ulong Key(SortedInner* inner, int index) => ref GroupOf(inner, index)->Keys[(uint)index % SortedGroup.Places];

    internal static long Digest(SortedInner* inner, int index) => GroupOf(inner, index)->Digests[(uint)index % SortedGroup.Places];

    /// <summary>Empties all groups of a new node.</summary>
    internal static void Clear(SortedInner* inner, int count)
    {
        for (int i = 0; i < Groups; i++) inner->Heads[i] = Beyond;
        // The last group's are the only ones that may stay free.
        SortedGroup* last = GroupOf(inner, count - 1);
        for (int i = 0; i < SortedGroup.Places; i++) last->Digests[i] = Beyond;
    }

    /// <summary>Fills a place of a new node. The first place counts as less than all keys.</summary>
    internal static void Fill(SortedInner* inner, int index, long digest, ulong key, ulong child)
    {
        SortedGroup* group = GroupOf(inner, index);
        int place = index % SortedGroup.Places;
        group->Digests[place] = index == 0 ? long.MinValue : digest;
        group->Keys[place] = index == 0 ? 0 : key;
        group->Children[place] = child;
        if (place == 0) inner->Heads[index / SortedGroup.Places] = group->Digests[0];
    }

    /// <summary>The child that a key belongs to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int IndexOf(SortedInner* inner, in SortedKey key)
    {
        if (inner->IsOpen && key.HasBytes)
        {
            int side = key.CompareBeginning(new Value(Key(inner, 1)), inner->Node.Skip);
            if (side != 0) return side < 0 ? 0 : inner->Count - 1;
        }
        long digest = key.DigestIn(&inner->Node);
        // No branches, which would be mispredicted half of the time. How many are above says which is the last one that is not.
        Vector128<long> wanted = Vector128.Create(digest);
        Vector128<long> above = Vector128.GreaterThan(Vector128.Load(inner->Heads), wanted);
        for (int i = Vector128<long>.Count; i < Groups; i += Vector128<long>.Count) above += Vector128.GreaterThan(Vector128.Load(inner->Heads + i), wanted);
        int number = Groups - 1 + (int)Vector128.Sum(above);
        SortedGroup* group = (SortedGroup*)(inner + 1) + number;
        above = Vector128.GreaterThan(Vector128.Load(group->Digests), wanted);
        for (int i = Vector128<long>.Count; i < SortedGroup.Places; i += Vector128<long>.Count) above += Vector128.GreaterThan(Vector128.Load(group->Digests + i), wanted);
        int index = number * SortedGroup.Places + SortedGroup.Places - 1 + (int)Vector128.Sum(above);
        if (!key.IsExact && index > 0 && Digest(inner, index) == digest) return IndexAmongTies(inner, key, digest, index + 1, true);
        return index;
    }

    /// <summary>The child before the place where a key belongs: the one with the greatest keys that are less.</summary>
    internal static int IndexBelow(SortedInner* inner, in SortedKey key)
    {
        if (inner->IsOpen && key.HasBytes)
        {
            int side = key.CompareBeginning(new Value(Key(inner, 1)), inner->Node.Skip);
            if (side != 0) return side < 0 ? 0 : inner->Count - 1;
        }
        return IndexAmongTies(inner, key, key.DigestIn(&inner->Node), inner->Count, false);
    }

    // The child before those from high on whose least keys are greater, or as great if the same does not count as below.
    static int IndexAmongTies(SortedInner* inner, in SortedKey key, long digest, int high, bool inclusive)
    {
        int low = 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            int side = key.Compare(digest, Digest(inner, middle), new Value(Key(inner, middle)));
            if (side > 0 || inclusive && side == 0) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }
}

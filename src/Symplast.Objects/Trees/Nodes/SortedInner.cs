using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Symplast.Objects;

/// <summary>Some children of an inner node, and the least keys of their ranges.</summary>
internal unsafe struct SortedGroup
{
    internal const int Places = 8;

    internal fixed long Digests[Places];
    internal fixed ulong Children[Places];
    internal fixed ulong Keys[Places];
}

/// <summary>
/// An inner node: children and the least keys of all but the first, in groups that follow the struct, as many as it takes. Only
/// the children's addresses change. Digests are compared a group at once, after the first ones of all groups: three cache lines,
/// whatever the size.
/// </summary>
internal unsafe struct SortedInner
{
    const int Groups = 12;

    internal const int Places = Groups * SortedGroup.Places;

    // Above all digests: those of free places.
    const long Beyond = long.MaxValue;

    internal SortedNode Node;
    internal SortedNode* Next;
    internal int Lock;

    /// <summary>Number of children. Never changes.</summary>
    internal byte Count;

    /// <summary>
    /// Whether there may be keys in its range that do not begin as its own do; then <see cref="SortedNode.Skip"/> bytes must be
    /// compared first. Never changes.
    /// </summary>
    internal bool IsOpen;

    /// <summary>The first digest of each group.</summary>
    internal fixed long Heads[Groups];

    /// <summary>Bytes of a node with so many children.</summary>
    internal static nuint SizeFor(int count) =>
        (nuint)(sizeof(SortedInner) + (count + SortedGroup.Places - 1) / SortedGroup.Places * sizeof(SortedGroup));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedGroup* GroupOf(SortedInner* inner, int index) => (SortedGroup*)(inner + 1) + (uint)index / SortedGroup.Places;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Slot(SortedInner* inner, int index) =>
        (nint*)&GroupOf(inner, index)->Children[(uint)index % SortedGroup.Places];

    /// <summary>The least key of a child's range; empty for the first child.</summary>
    internal static ref ulong Key(SortedInner* inner, int index) =>
        ref GroupOf(inner, index)->Keys[(uint)index % SortedGroup.Places];

    internal static long Digest(SortedInner* inner, int index) =>
        GroupOf(inner, index)->Digests[(uint)index % SortedGroup.Places];

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

    /// <summary>Where the child with a digest hangs; both arrays of a group are as long, and lie one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Slot(long* digest) => (nint*)(digest + SortedGroup.Places);

    /// <summary>The child that a key belongs to.</summary>
    internal static int IndexOf(SortedInner* inner, in SortedKey key)
    {
        if (inner->IsOpen && key.HasBytes)
        {
            int side = key.CompareBeginning(new Value(Key(inner, 1)), inner->Node.Skip);
            if (side != 0) return side < 0 ? 0 : inner->Count - 1;
        }
        long digest = key.DigestIn(&inner->Node);
        long* last = LastOf(inner, digest);
        uint offset = (uint)((byte*)last - (byte*)(inner + 1));
        uint group = offset / (uint)sizeof(SortedGroup), within = offset % (uint)sizeof(SortedGroup) / sizeof(long);
        int index = (int)(group * SortedGroup.Places + within);
        if (!key.IsExact && index > 0 && *last == digest) return IndexAmongTies(inner, key, digest, index + 1, true);
        return index;
    }

    /// <summary>The digest of the last child whose digest is not above one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long* LastOf(SortedInner* inner, long digest) =>
        Sse42.IsSupported
            ? LastOf<Sse42Order>(inner, Vector128.Create(digest)) : LastOf<AnyOrder>(inner, Vector128.Create(digest));

    // No branches that depend on the key, which would be mispredicted half of the time: how many are above says which it is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long* LastOf<TOrder>(SortedInner* inner, Vector128<long> wanted) where TOrder : struct, IDigestOrder
    {
        SortedGroup* group = (SortedGroup*)(inner + 1);
        if (inner->Count > SortedGroup.Places)
        {
            long* heads = inner->Heads;
            Vector128<long> beyond = Four(heads, wanted)
                + (TOrder.Above(Vector128.Load(heads + 8), wanted) + TOrder.Above(Vector128.Load(heads + 10), wanted));
            group += Groups - 1 + (int)Vector128.Sum(beyond);
        }
        return group->Digests + SortedGroup.Places - 1 + (int)Vector128.Sum(Four(group->Digests, wanted));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector128<long> Four(long* at, Vector128<long> wanted) =>
            TOrder.Above(Vector128.Load(at), wanted) + TOrder.Above(Vector128.Load(at + 2), wanted)
                + (TOrder.Above(Vector128.Load(at + 4), wanted) + TOrder.Above(Vector128.Load(at + 6), wanted));
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

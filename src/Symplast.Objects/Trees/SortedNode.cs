using System.Runtime.CompilerServices;

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

    /// <summary>Number of an inner node's children. Never changes.</summary>
    internal byte Count;

    /// <summary>Link of lists that whoever holds the lock makes, or whoever killed the node.</summary>
    internal SortedNode* Next;
}

/// <summary>
/// A leaf: places that are filled one after the other and never again, and a word that says which of them hold entries, in which order
/// (after the permutation of Masstree's border nodes: Mao, Kohler, Morris, "Cache craftiness for fast multicore key-value storage", EuroSys 2012).
/// </summary>
internal unsafe struct SortedLeaf
{
    internal const int Places = 14;

    internal SortedNode Node;
    internal fixed ulong Digests[Places];
    internal fixed ulong Keys[Places];
    internal fixed ulong Values[Places];
}

/// <summary>An inner node: children and the least keys of all but the first. Only the children's addresses change.</summary>
internal unsafe struct SortedInner
{
    internal const int Places = 63;

    internal SortedNode Node;
    internal fixed ulong Digests[Places];
    internal fixed ulong Keys[Places];
    internal fixed ulong Children[Places];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Slot(SortedInner* inner, int index) => (nint*)&inner->Children[index];

    /// <summary>The child that a key belongs to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int IndexOf(SortedInner* inner, in SortedKey key)
    {
        // How many keys are at most as large. Without branches, which would be mispredicted half of the time; the first place counts as less than all.
        ulong* digests = inner->Digests;
        ulong digest = key.Digest;
        int low = 1;
        for (int rest = inner->Node.Count - 1; rest > 0;)
        {
            int half = (rest + 1) >> 1;
            low += half & -(digests[low + half - 1] <= digest ? 1 : 0);
            rest -= half;
        }
        if (!key.IsExact && low > 1 && digests[low - 1] == digest) return IndexAmongTies(inner, key, low);
        return low - 1;
    }

    /// <summary>The child before the place where a key belongs: the one with the greatest keys that are less.</summary>
    internal static int IndexBelow(SortedInner* inner, in SortedKey key)
    {
        int low = 1;
        int high = inner->Node.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (key.Compare(inner->Digests[middle], new Value(inner->Keys[middle])) > 0) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    static int IndexAmongTies(SortedInner* inner, in SortedKey key, int high)
    {
        int low = high - 1;
        while (low > 1 && inner->Digests[low - 1] == key.Digest) low--;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (key.CompareTied(new Value(inner->Keys[middle])) >= 0) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }
}

/// <summary>
/// The word that says what a leaf holds: 14 places of 4 bits each in ascending order of their keys, then how many of them count, then how many places were
/// ever filled. While the leaf lives no word comes back: places are filled one after the other, and the set only shrinks in between.
/// </summary>
internal static class LeafOrder
{
    const int PlaceBits = 4;
    const int CountShift = PlaceBits * SortedLeaf.Places;
    const int FilledShift = CountShift + PlaceBits;
    const ulong PlaceMask = (1UL << PlaceBits) - 1;
    const ulong AllPlaces = (1UL << CountShift) - 1;

    internal const int DeadMark = 15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Count(ulong order) => (int)(order >> CountShift & PlaceMask);

    internal static int Filled(ulong order) => (int)(order >> FilledShift);

    /// <summary>Whether the leaf was replaced; the rest of the word then says what it held.</summary>
    internal static bool IsDead(ulong order) => Filled(order) == DeadMark;

    internal static ulong Dead(ulong order) => order | (ulong)DeadMark << FilledShift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Place(ulong order, int position) => (int)(order >> PlaceBits * position & PlaceMask);

    /// <summary>With the next free place at a position.</summary>
    internal static ulong Inserted(ulong order, int position)
    {
        int filled = Filled(order);
        ulong before = (1UL << PlaceBits * position) - 1;
        ulong places = order & before | (ulong)filled << PlaceBits * position | (order & AllPlaces & ~before) << PlaceBits;
        return places & AllPlaces | (ulong)(Count(order) + 1) << CountShift | (ulong)(filled + 1) << FilledShift;
    }

    /// <summary>Without what is at a position.</summary>
    internal static ulong Removed(ulong order, int position)
    {
        ulong before = (1UL << PlaceBits * position) - 1;
        ulong places = order & before | (order & AllPlaces) >> PlaceBits & ~before;
        return places | (ulong)(Count(order) - 1) << CountShift | (ulong)Filled(order) << FilledShift;
    }

    /// <summary>The first places, in their order.</summary>
    internal static ulong First(int count) =>
        0xDCBA9876543210 & (1UL << PlaceBits * count) - 1 | (ulong)count << CountShift | (ulong)count << FilledShift;
}

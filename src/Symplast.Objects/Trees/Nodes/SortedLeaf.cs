using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Symplast.Objects;

/// <summary>
/// A leaf: places that are filled one after the other and never again, and a word that says which of them hold entries, in which
/// order (after the permutation of Masstree's border nodes: Mao, Kohler, Morris, "Cache craftiness for fast multicore key-value
/// storage", EuroSys 2012). Who looks for a key itself compares tags, a byte of each key's hash, and reads two cache lines: the
/// first, and that of the entry. Who wants to know where a key belongs compares the digests. Each key lies beside its value, four
/// entries to a line, and the lock with the places that are filled last: who replaces a value takes little from readers of other
/// keys.
/// </summary>
// Whole cache lines, so that blocks in a row begin with one.
[StructLayout(LayoutKind.Sequential, Size = 384)]
internal unsafe struct SortedLeaf
{
    internal const int Places = 14;

    // As many as are compared at once; the last ones belong to no place.
    const int TagPlaces = 16;

    internal SortedNode Node;
    internal fixed byte Tags[TagPlaces];
    internal fixed long Digests[Places];
    internal int Lock;
    internal SortedNode* Next;

    // Keys and values, those of the last place first.
    fixed ulong _entries[2 * Places];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref ulong Key(SortedLeaf* leaf, int place) => ref leaf->_entries[2 * (Places - 1 - place)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref ulong Value(SortedLeaf* leaf, int place) => ref leaf->_entries[2 * (Places - 1 - place) + 1];

    /// <summary>The places, filled or not, that have a tag, a bit for each; and perhaps bits of no place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Tagged(SortedLeaf* leaf, byte tag) =>
        Vector128.Equals(Vector128.Load(leaf->Tags), Vector128.Create(tag)).ExtractMostSignificantBits();

    /// <summary>The places, filled or not, whose digests are below one, a bit for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Below(SortedLeaf* leaf, long digest)
    {
        return Sse42.IsSupported
            ? Of<Sse42Order>(leaf->Digests, Vector128.Create(digest)) : Of<AnyOrder>(leaf->Digests, Vector128.Create(digest));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static uint Of<TOrder>(long* at, Vector128<long> wanted) where TOrder : struct, IDigestOrder =>
            Pair<TOrder>(at, wanted, 0) | Pair<TOrder>(at, wanted, 2) | Pair<TOrder>(at, wanted, 4) | Pair<TOrder>(at, wanted, 6)
                | Pair<TOrder>(at, wanted, 8) | Pair<TOrder>(at, wanted, 10) | Pair<TOrder>(at, wanted, 12);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static uint Pair<TOrder>(long* at, Vector128<long> wanted, int first) where TOrder : struct, IDigestOrder =>
            TOrder.Above(wanted, Vector128.Load(at + first)).ExtractMostSignificantBits() << first;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryLock(SortedLeaf* leaf) => SortedNode.TryLock(&leaf->Node, &leaf->Lock);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Unlock(SortedLeaf* leaf) => ObjectLock.Exit(&leaf->Lock);

    /// <summary>The place of a key in a leaf to whose range it belongs, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int PlaceOf(SortedLeaf* leaf, ulong order, in Probe key)
    {
        // Among the places may be some that are no entries, of which the keys are not there (any more).
        for (uint places = Tagged(leaf, SortedKey.TagOf(key)); places != 0; places &= places - 1)
        {
            int place = BitOperations.TrailingZeroCount(places);
            if (LeafOrder.Holds(order, place) && key.Matches(new Value(Key(leaf, place)))) return place;
        }
        return -1;
    }

    /// <summary>
    /// The place of a key, or -1, found by the digests, and the position in the order at which the key is or belongs.
    /// </summary>
    internal static int Search(SortedLeaf* leaf, ulong order, in SortedKey key, out int position)
    {
        long digest = key.DigestIn(&leaf->Node);
        // As many entries as are below come before it.
        position = BitOperations.PopCount(Below(leaf, digest) & LeafOrder.Members(order));
        if (position == LeafOrder.Count(order)) return -1;
        int place = LeafOrder.Place(order, position);
        if (leaf->Digests[place] != digest) return -1;
        return key.IsExact ? place : SearchTies(leaf, order, key, digest, ref position);
    }

    static int SearchTies(SortedLeaf* leaf, ulong order, in SortedKey key, long digest, ref int position)
    {
        int low = position;
        int high = LeafOrder.Count(order);
        // As a rule it is one.
        if (low + 1 < high && leaf->Digests[LeafOrder.Place(order, low + 1)] != digest) high = low + 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            int place = LeafOrder.Place(order, middle);
            int found = key.Compare(digest, leaf->Digests[place], new Value(Key(leaf, place)));
            if (found == 0)
            {
                position = middle;
                return place;
            }
            if (found > 0) low = middle + 1;
            else high = middle;
        }
        position = low;
        return -1;
    }

    internal static Value KeyAt(SortedLeaf* leaf, ulong order, int position) =>
        new(Key(leaf, LeafOrder.Place(order, position)));

    internal static Value ValueAt(SortedLeaf* leaf, int position) =>
        new(Value(leaf, LeafOrder.Place(leaf->Node.Order, position)));
}

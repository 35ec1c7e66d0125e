using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The word that says what a leaf holds: 14 places of 4 bits each in ascending order of their keys, then how many of them count,
/// then how many places were ever filled. While the leaf lives no word comes back: places are filled one after the other, and the
/// set only shrinks in between.
/// </summary>
internal static class LeafOrder
{
    const int PlaceBits = 4;
    const int CountShift = PlaceBits * SortedLeaf.Places;
    const int FilledShift = CountShift + PlaceBits;
    const ulong PlaceMask = (1UL << PlaceBits) - 1;
    const ulong Ones = ulong.MaxValue / PlaceMask;
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

    /// <summary>Whether a place is an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Holds(ulong order, int place) =>
        Count(order) == Filled(order) ? place < Count(order) : PositionOf(order, place) < Count(order);

    /// <summary>The position of a place; the number of entries or more if it is none.</summary>
    internal static int PositionOf(ulong order, int place)
    {
        // The lowest four bits that are the same; a borrow only reaches what lies above them.
        ulong others = order ^ (ulong)place * Ones;
        return BitOperations.TrailingZeroCount((others - Ones) & ~others & Ones << (PlaceBits - 1)) / PlaceBits;
    }

    /// <summary>The places that are entries, a bit for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Members(ulong order) => Count(order) == Filled(order) ? (1u << Count(order)) - 1 : MembersOfSome(order);

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

    static uint MembersOfSome(ulong order)
    {
        uint members = 0;
        for (int rest = Count(order); rest > 0; rest--, order >>= PlaceBits) members |= 1u << (int)(order & PlaceMask);
        return members;
    }

    /// <summary>The first places, in their order.</summary>
    internal static ulong First(int count) =>
        0xDCBA9876543210 & (1UL << PlaceBits * count) - 1 | (ulong)count << CountShift | (ulong)count << FilledShift;
}

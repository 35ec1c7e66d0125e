using System.Runtime.CompilerServices;

namespace Symplast.Python.Live;

/// <summary>
/// Pairs of pools of which the first holds the second, as far as one interpreter has lately found out: direct-mapped. No two
/// pools ever have the same number.
/// </summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal struct HeldPools
{
    const int Entries = 8;

    struct Pair
    {
        internal long Holder;
        internal long Target;
    }

    [InlineArray(Entries)]
    struct Pairs
    {
        Pair _first;
    }

    Pairs _pairs;

    /// <summary>Whether that is known of a pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Knows(long holder, long target)
    {
        ref Pair pair = ref _pairs[PlaceOf(holder, target)];
        return pair.Holder == holder && pair.Target == target;
    }

    /// <summary>Notes it.</summary>
    internal void Note(long holder, long target) =>
        _pairs[PlaceOf(holder, target)] = new Pair { Holder = holder, Target = target };

    static int PlaceOf(long holder, long target) => (int)((ulong)(holder * 5 + target) % Entries);
}

using System.Runtime.CompilerServices;

namespace Symplast.Python.Live;

/// <summary>
/// A direct-mapped cache, for one interpreter, of pairs of pools of which the first holds the second. Pools' numbers are never
/// used again.
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

    /// <summary>Whether the cache has the pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Knows(long holder, long target)
    {
        ref Pair pair = ref _pairs[PlaceOf(holder, target)];
        return pair.Holder == holder && pair.Target == target;
    }

    /// <summary>Adds a pair.</summary>
    internal void Note(long holder, long target) =>
        _pairs[PlaceOf(holder, target)] = new Pair { Holder = holder, Target = target };

    static int PlaceOf(long holder, long target) => (int)((ulong)(holder * 5 + target) % Entries);
}

namespace Symplast.Soak;

/// <summary>Random numbers from a seed (G. Marsaglia's xorshift*); of one thread.</summary>
internal sealed class Dice(ulong seed)
{
    ulong _state = (seed + 1) * 0x9E3779B97F4A7C15 | 1;

    /// <summary>From 0 to below <paramref name="sides"/>.</summary>
    internal int Next(int sides)
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return (int)((_state * 0x2545F4914F6CDD1D >> 32) * (ulong)sides >> 32);
    }

    internal bool OneIn(int sides) => Next(sides) == 0;
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key to look for: <see cref="Probe"/>, which can be any, or one that is known to be of a kind. Only ever a type argument, so
/// that what is compared stays in registers.
/// </summary>
public interface IMapKey
{
    /// <summary>The key's hash.</summary>
    ulong Hash { get; }

    /// <summary>The same as a probe.</summary>
    Probe AsProbe { get; }

    /// <summary>Whether a stored value equals this, as Python has it.</summary>
    bool Matches(Value stored);
}

/// <summary>Text of ASCII characters that lies anywhere, with its hash. It must stay while the key is used.</summary>
public readonly unsafe struct TextKey(byte* ascii, nuint length, ulong hash) : IMapKey
{
    /// <inheritdoc/>
    public ulong Hash => hash;

    /// <inheritdoc/>
    public Probe AsProbe => Probe.AsciiText(ascii, length, hash);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Matches(Value stored) =>
        stored.PointsTo(ValueKind.Text) && Equality.SameBytes((Blob*)stored.Pointer, ascii, length);
}

/// <summary>
/// Text or bytes of which only the hash is known: a stored key that matches is written to <paramref name="found"/>, without a
/// reference.
/// </summary>
public readonly unsafe struct HashKey(ValueKind kind, ulong hash, Value* found) : IMapKey
{
    /// <inheritdoc/>
    public ulong Hash => hash;

    /// <inheritdoc/>
    public Probe AsProbe => default;

    /// <inheritdoc/>
    public bool Matches(Value stored)
    {
        if (!stored.PointsTo(kind) || ((Blob*)stored.Pointer)->Hash != hash) return false;
        *found = stored;
        return true;
    }
}

/// <summary>An integer for which <see cref="Value.Fits"/> is true, with its hash.</summary>
public readonly struct IntKey(long number) : IMapKey
{
    readonly Value _word = Value.OfInt(number);
    readonly ulong _hash = Hashing.OfInt(number);

    /// <inheritdoc/>
    public ulong Hash => _hash;

    /// <inheritdoc/>
    public Probe AsProbe => Probe.Of(_word);

    /// <inheritdoc/>
    // Two integers that are inline are equal only if they are the same word.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Matches(Value stored) => stored == _word || !stored.IsInt && Equality.AreEqual(_word, stored);
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key for lookups: <see cref="Probe"/>, which can be of any kind, or a key of a known kind. The interface is used only as the
/// constraint of a type argument, so that the compared words stay in registers.
/// </summary>
public interface IMapKey
{
    /// <summary>The key's hash.</summary>
    ulong Hash { get; }

    /// <summary>The key as a probe.</summary>
    Probe AsProbe { get; }

    /// <summary>Whether a stored value equals this key by Python's rules.</summary>
    bool Matches(Value stored);
}

/// <summary>ASCII text in any memory, with its hash. It must stay as long as the key is used.</summary>
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
/// Text or bytes of which only the hash is known. A stored key that matches is written to <paramref name="found"/> without a
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
    // Two inline integers are equal only if their words are equal.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Matches(Value stored) => stored == _word || !stored.IsInt && Equality.AreEqual(_word, stored);
}

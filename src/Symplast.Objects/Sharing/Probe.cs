using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key or value from outside a pool: a number, or text and bytes that lie anywhere, with its hash. Lookups compare with it, so
/// that looking for a text copies nothing; only what is stored becomes a <see cref="Value"/> of the pool.
/// </summary>
public readonly unsafe struct Probe : IMapKey
{
    // Both are of the data; a word says them itself, to whoever asks.
    readonly ulong _hash;
    readonly ValueKind _kind;
    readonly bool _isAscii;
    readonly Value _word;
    readonly byte* _data;
    readonly nuint _length;

    Probe(Value word) => _word = word;

    Probe(ulong hash, ValueKind kind, byte* data, nuint length, bool isAscii)
    {
        _hash = hash;
        _kind = kind;
        _isAscii = isAscii;
        // Null says that the word counts; empty text may well come with a null pointer.
        _data = data == null ? (byte*)1 : data;
        _length = length;
    }

    /// <summary>The key's hash. That of a number is computed anew each time.</summary>
    public ulong Hash => _data == null ? Hashing.Of(_word) : _hash;

    /// <summary>What it is.</summary>
    public ValueKind Kind => _data == null ? _word.Kind : _kind;

    /// <summary>Its class among sorted keys; <see cref="OrderingClass.None"/> if it cannot be one.</summary>
    // Out of line: inlined, it takes from the callers' paths of the tree what they have room for.
    public OrderingClass Class
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        get => Kind switch
        {
            ValueKind.Text => OrderingClass.Text,
            ValueKind.Bytes => OrderingClass.Bytes,
            _ => Ordering.ClassOf(_word),
        };
    }

    /// <summary>The value, if <see cref="Data"/> is null.</summary>
    internal Value Word => _word;

    /// <summary>The bytes of a text or of bytes from outside the pool, else null.</summary>
    internal byte* Data => _data;

    /// <summary>Number of bytes at <see cref="Data"/>.</summary>
    internal nuint Length => _length;

    /// <inheritdoc/>
    Probe IMapKey.AsProbe => this;

    /// <summary>The value that the probe was made of; empty if it is text or bytes from outside.</summary>
    public Value AsValue => _data == null ? _word : Value.Empty;

    /// <summary>
    /// A probe for a value; of what is counted, the caller must hold a reference for as long as the probe is used.
    /// </summary>
    public static Probe Of(Value value) => new(value);

    /// <summary>
    /// A probe for text: UTF-8, with lone surrogates encoded like other characters. Its bytes must stay while the probe is used.
    /// </summary>
    public static Probe Text(byte* utf8, nuint length, ulong hash) => new(hash, ValueKind.Text, utf8, length, isAscii: false);

    /// <summary>
    /// The same for text that is known to be of ASCII characters only, so that nobody need look when it is stored.
    /// </summary>
    public static Probe AsciiText(byte* ascii, nuint length, ulong hash) =>
        new(hash, ValueKind.Text, ascii, length, isAscii: true);

    /// <summary>A probe for bytes, which must stay while the probe is used.</summary>
    public static Probe Bytes(byte* data, nuint length, ulong hash) => new(hash, ValueKind.Bytes, data, length, isAscii: false);

    /// <summary>Whether a stored value equals this, as Python has it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Matches(Value stored)
    {
        // Two integers that are inline are equal only if they are the same word.
        if (_data == null) return stored == _word || !(stored.IsInt && _word.IsInt) && Equality.AreEqual(_word, stored);
        return stored.PointsTo(_kind) && Equality.SameBytes((Blob*)stored.Pointer, _data, _length);
    }

    /// <summary>The value in the pool, with a reference that is the caller's; empty if there is no memory.</summary>
    public Value ToValue(Participant* me, PoolHeap* heap)
    {
        if (_data != null)
            return _isAscii
            ? Blob.CreateAscii(me, heap, _data, _length, _hash) : Blob.Create(me, heap, _kind, _data, _length, _hash);
        Reference.Take(_word);
        return _word;
    }
}

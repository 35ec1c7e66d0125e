using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key or value from outside a pool with its hash: a number, or text or bytes in any memory. Lookups compare stored values with
/// the probe, so that a lookup copies nothing. Only a probe that is stored becomes a <see cref="Value"/> of the pool.
/// </summary>
public readonly unsafe struct Probe : IMapKey
{
    // The hash and the kind of the data. Those of a word are computed from the word.
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
        // A null pointer means that the word is valid. An empty text may have a null pointer, which is replaced.
        _data = data == null ? (byte*)1 : data;
        _length = length;
    }

    /// <summary>The key's hash. The hash of a number is computed each time.</summary>
    public ulong Hash => _data == null ? Hashing.Of(_word) : _hash;

    /// <summary>The kind of the key.</summary>
    public ValueKind Kind => _data == null ? _word.Kind : _kind;

    /// <summary>The class among sorted keys, <see cref="OrderingClass.None"/> if it cannot be a sorted key.</summary>
    // Not inlined: it would take registers from the search paths of the tree that call it.
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

    /// <summary>The number of bytes at <see cref="Data"/>.</summary>
    internal nuint Length => _length;

    /// <inheritdoc/>
    Probe IMapKey.AsProbe => this;

    /// <summary>The value of which the probe was made, or an empty value for text or bytes from outside.</summary>
    public Value AsValue => _data == null ? _word : Value.Empty;

    /// <summary>
    /// A probe for a value. If the value is counted, the caller must hold a reference as long as the probe is used.
    /// </summary>
    public static Probe Of(Value value) => new(value);

    /// <summary>
    /// A probe for text: UTF-8 in which lone surrogates are encoded like other characters. The bytes must stay as long as the
    /// probe is used.
    /// </summary>
    public static Probe Text(byte* utf8, nuint length, ulong hash) => new(hash, ValueKind.Text, utf8, length, isAscii: false);

    /// <summary>
    /// A probe for text that is known to have only ASCII characters, so that this is not checked when it is stored.
    /// </summary>
    public static Probe AsciiText(byte* ascii, nuint length, ulong hash) =>
        new(hash, ValueKind.Text, ascii, length, isAscii: true);

    /// <summary>A probe for bytes, which must stay as long as the probe is used.</summary>
    public static Probe Bytes(byte* data, nuint length, ulong hash) => new(hash, ValueKind.Bytes, data, length, isAscii: false);

    /// <summary>Whether a stored value equals this key by Python's rules.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Matches(Value stored)
    {
        // Two inline integers are equal only if their words are equal.
        if (_data == null) return stored == _word || !(stored.IsInt && _word.IsInt) && Equality.AreEqual(_word, stored);
        return stored.PointsTo(_kind) && Equality.SameBytes((Blob*)stored.Pointer, _data, _length);
    }

    /// <summary>Makes the value in a pool, with a reference that is the caller's. Empty if there is no memory.</summary>
    public Value ToValue(Participant* me, PoolHeap* heap)
    {
        if (_data != null)
            return _isAscii
            ? Blob.CreateAscii(me, heap, _data, _length, _hash) : Blob.Create(me, heap, _kind, _data, _length, _hash);
        Reference.Take(_word);
        return _word;
    }
}

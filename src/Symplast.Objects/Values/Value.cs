using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>The kind of a <see cref="Value"/>.</summary>
public enum ValueKind : byte
{
    /// <summary>No value: the contents of a free place.</summary>
    Empty,

    /// <summary>A mark that a structure uses internally.</summary>
    Mark,

    /// <summary>Python's None, .NET's null.</summary>
    None,

    /// <summary>Python's Ellipsis.</summary>
    Ellipsis,

    /// <summary>False or true.</summary>
    Bool,

    /// <summary>An integer of 50 bits, inline.</summary>
    Int,

    /// <summary>A double, inline. All NaNs have one representation.</summary>
    Float,

    /// <summary>Another shared object, by reference.</summary>
    Object,

    /// <summary>Text, a <see cref="Blob"/> of UTF-8 (lone surrogates included).</summary>
    Text,

    /// <summary>Bytes, a <see cref="Blob"/>.</summary>
    Bytes,

    /// <summary>
    /// An integer that is too large for <see cref="Int"/>: a <see cref="Blob"/> of its two's complement, little-endian, as short
    /// as possible.
    /// </summary>
    BigInt,

    /// <summary>A complex number, a <see cref="Blob"/> of two doubles.</summary>
    Complex,

    /// <summary>A tuple of values, a <see cref="TupleBlob"/>.</summary>
    Tuple,

    /// <summary>The address of an object of a higher floor, such as a frozen object. Compared by address here.</summary>
    Foreign,

    /// <summary>A frozen set of values, a <see cref="TupleBlob"/> in the order of their hashes.</summary>
    FrozenSet,

    /// <summary>
    /// An object in a form of the floor above, with the values that it refers to: a <see cref="TupleBlob"/>. Only queues hold
    /// these. They are not compared.
    /// </summary>
    Pickle,
}

/// <summary>
/// A value in a shared structure: one 64-bit word that is read and written atomically. Numbers, None and booleans are stored in
/// the word. All other values are pointers into a pool.
/// </summary>
/// <remarks>
/// The representation is NaN-boxing that favours pointers (A. Gudeman, "Representing type information in dynamically typed
/// languages", 1993). The top 16 bits determine the type. 0: a pointer, whose low 4 bits are the kind, or a constant if the word
/// is below 4096. 1 to 0xFFF9: a double plus 2^48. 0xFFFA: the address of the place to which the value has moved, which
/// structures use internally, like marks. 0xFFFC to 0xFFFF: an integer of 50 bits.
/// </remarks>
public readonly unsafe struct Value : IEquatable<Value>
{
    const ulong DoubleOffset = 1UL << 48;
    const ulong ForwardTag = 0xFFFAUL << 48;
    const ulong IntTag = 0xFFFCUL << 48;
    const ulong IntPayload = ~IntTag;
    const ulong KindMask = 15;
    const ulong FirstPointer = 4096;
    const long LargestInt = (1L << 49) - 1;
    const ulong CanonicalNaN = 0x7FF8UL << 48;

    /// <summary>The word.</summary>
    public readonly ulong Bits;

    /// <summary>A value with this word.</summary>
    public Value(ulong bits) => Bits = bits;

    /// <summary>No value.</summary>
    public static Value Empty => default;

    /// <summary>A mark that a structure uses internally. <paramref name="number"/> is from 1 to 15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Mark(int number) => new((ulong)number);

    /// <summary>The contents of a place whose value has moved to another place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Forward(Value* place) => new((ulong)place | ForwardTag);

    /// <summary>None.</summary>
    public static Value None => new(16);

    /// <summary>Ellipsis.</summary>
    public static Value Ellipsis => new(17);

    /// <summary>False.</summary>
    public static Value False => new(18);

    /// <summary>True.</summary>
    public static Value True => new(19);

    /// <summary>False or true.</summary>
    public static Value Of(bool value) => value ? True : False;

    /// <summary>A double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Value Of(double value) =>
        new((double.IsNaN(value) ? CanonicalNaN : BitConverter.DoubleToUInt64Bits(value)) + DoubleOffset);

    /// <summary>Whether an integer can be inline.</summary>
    public static bool Fits(long value) => value is >= -LargestInt - 1 and <= LargestInt;

    /// <summary>An integer for which <see cref="Fits"/> is true.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Value OfInt(long value)
    {
        Debug.Assert(Fits(value));
        return new Value(((ulong)value & IntPayload) | IntTag);
    }

    /// <summary>A pointer into a pool.</summary>
    internal static Value Of(ValueKind kind, void* pointer)
    {
        Debug.Assert(kind >= ValueKind.Object && ((ulong)pointer & KindMask) == 0 && (ulong)pointer >= FirstPointer);
        return new Value((ulong)pointer | (ulong)(kind - ValueKind.Object));
    }

    /// <summary>A reference to a shared object.</summary>
    public static Value Of(Header* shared) => Of(ValueKind.Object, shared);

    /// <summary>The address of an object of a higher floor, aligned to 16 bytes.</summary>
    public static Value Foreign(void* address) => Of(ValueKind.Foreign, address);

    /// <summary>The kind of the value.</summary>
    public ValueKind Kind
    {
        get
        {
            if (IsPointer) return (ValueKind)((ulong)ValueKind.Object + (Bits & KindMask));
            if (Bits >= IntTag) return ValueKind.Int;
            if (Bits >= DoubleOffset) return ValueKind.Float;
            return Bits switch
            {
                0 => ValueKind.Empty,
                16 => ValueKind.None,
                17 => ValueKind.Ellipsis,
                18 or 19 => ValueKind.Bool,
                _ => ValueKind.Mark,
            };
        }
    }

    /// <summary>Whether there is no value.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>Whether this is a mark.</summary>
    internal bool IsMark
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits - 1 < 15;
    }

    /// <summary>Whether the value has moved to <see cref="Place"/>.</summary>
    internal bool IsForward
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits >> 48 == ForwardTag >> 48;
    }

    /// <summary>The place of the value, if <see cref="IsForward"/>.</summary>
    internal Value* Place
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Value*)(Bits & ~ForwardTag);
    }

    /// <summary>Whether this is an inline integer.</summary>
    public bool IsInt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits >= IntTag;
    }

    /// <summary>Whether this is a double.</summary>
    public bool IsFloat => Bits - DoubleOffset < IntTag - DoubleOffset;

    /// <summary>Whether this is a pointer to an object, a blob or a foreign object.</summary>
    public bool IsPointer
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits - FirstPointer < DoubleOffset - FirstPointer;
    }

    /// <summary>Whether the value is a pointer to a counted block, which all pointers except foreign ones are.</summary>
    public bool IsCounted
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsPointer && (Bits & KindMask) != (ulong)(ValueKind.Foreign - ValueKind.Object);
    }

    /// <summary>The integer, if <see cref="IsInt"/>.</summary>
    public long Int => (long)(Bits << 14) >> 14;

    /// <summary>The double, if <see cref="IsFloat"/>.</summary>
    public double Float => BitConverter.UInt64BitsToDouble(Bits - DoubleOffset);

    /// <summary>The address, if <see cref="IsPointer"/>.</summary>
    public void* Pointer => (void*)(Bits & ~KindMask);

    /// <summary>The header of the object or blob, if <see cref="IsCounted"/>.</summary>
    public Header* Head => (Header*)Pointer;

    /// <summary>
    /// Whether this is a pointer of a kind, which is <see cref="ValueKind.Object"/> or a later one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool PointsTo(ValueKind kind) => IsPointer && (Bits & KindMask) == (ulong)kind - (ulong)ValueKind.Object;

    /// <summary>Whether both words are equal, so that both are the same inline value or the same object.</summary>
    public bool Equals(Value other) => Bits == other.Bits;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Bits.GetHashCode();

    /// <inheritdoc/>
    public static bool operator ==(Value left, Value right) => left.Bits == right.Bits;

    /// <inheritdoc/>
    public static bool operator !=(Value left, Value right) => left.Bits != right.Bits;

    /// <summary>For debuggers and test reports.</summary>
    public override string ToString() => Kind switch
    {
        ValueKind.Bool => this == True ? "true" : "false",
        ValueKind.Int => Int.ToString(),
        ValueKind.Float => Float.ToString("R"),
        ValueKind.Text => "'" + Blob.ToText(this) + "'",
        ValueKind kind when IsPointer => $"{kind} {(ulong)Pointer:x}",
        ValueKind kind => kind.ToString(),
    };
}

using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key that is looked for in a sorted map: its class and its digests, which nodes keep beside each key. Digests are ordered as
/// the keys of a node are, but for ties: most comparisons are one of two words, whatever the class. Of text and bytes a digest
/// holds the eight bytes after those that all keys of the node begin with.
/// </summary>
internal readonly unsafe ref struct SortedKey
{
    // Doubles are exact up to 2^53, and a big integer has at least 2^49.
    const double ExactBelow = 1L << 49;
    const int ClassBits = 3;

    /// <summary>Whether a key with the same digest is equal to it.</summary>
    internal readonly bool IsExact;

    /// <summary>None for what cannot be a key.</summary>
    internal readonly OrderingClass Class;

    // Of text and bytes these two say all, of other keys the digest and the word.
    readonly byte* _bytes;
    readonly nuint _length;
    readonly long _digest;
    readonly Value _word;

    /// <summary>A key from outside, which must stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SortedKey(in Probe probe)
    {
        if (probe.Data == null)
        {
            this = new SortedKey(probe.Word);
            return;
        }
        Class = probe.Class;
        _bytes = probe.Data;
        _length = probe.Length;
    }

    /// <summary>A key of a map; the section keeps it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SortedKey(Value key)
    {
        _word = key;
        if (key.IsInt)
        {
            Class = OrderingClass.Number;
            _digest = OfDouble(key.Int);
            IsExact = true;
            return;
        }
        Class = Ordering.ClassOf(key);
        if (Class is OrderingClass.Text or OrderingClass.Bytes)
        {
            _bytes = Blob.Data((Blob*)key.Pointer);
            _length = Blob.LengthOf(key);
            return;
        }
        _digest = RankSlowly(key, Class, out IsExact);
    }

    /// <summary>A text, or bytes, which must stay.</summary>
    internal SortedKey(OrderingClass kind, byte* bytes, nuint length)
    {
        Class = kind;
        _bytes = bytes;
        _length = length;
    }

    /// <summary>The class of a key from outside; None for what cannot be a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static OrderingClass ClassOf(in Probe probe) =>
        probe.Data == null && probe.Word.IsInt ? OrderingClass.Number : probe.Class;

    /// <summary>
    /// A byte that is the same for keys that are equal: of text and bytes one of the hash, which is there, of others one of the
    /// digest.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte TagOf(in Probe probe) => probe.Data != null ? (byte)probe.Hash : TagOf(probe.Word);

    /// <summary>The tag of a key that is in a map, equal to that of an equal probe.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte TagOf(Value key) => key.IsInt || key.IsFloat ? Mix(OfNumber(key)) : TagSlowly(key);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static byte TagSlowly(Value key)
    {
        SortedKey it = new(key);
        return it.HasBytes ? (byte)((Blob*)key.Pointer)->Hash : Mix(it._digest);
    }

    // Multiplicative: the highest bits depend on all others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte Mix(long digest) => (byte)((ulong)digest * 0x9E3779B97F4A7C15 >> 56);

    /// <summary>The digest of an integer or a double, the same in all nodes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long OfNumber(Value key) => OfDouble(key.IsInt ? key.Int : key.Float);

    /// <summary>Whether a key with the digest of an integer or a double is equal to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsExactly(Value key) => key.IsInt || key.IsFloat && Math.Abs(key.Float) < ExactBelow;

    /// <summary>Whether it is text or bytes.</summary>
    internal bool HasBytes => _bytes != null;

    /// <summary>Where it lies in a node to whose range it belongs, roughly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal long DigestIn(SortedNode* node) => _bytes == null ? _digest : OfBytes(_bytes, _length, node->Skip);

    /// <summary>The digest of a key for a node that leaves out so many bytes.</summary>
    internal static long DigestOf(Value key, int skip)
    {
        SortedKey it = new(key);
        return it.HasBytes ? OfBytes(it._bytes, it._length, (nuint)skip) : it._digest;
    }

    /// <summary>
    /// Negative, 0 or positive; for keys whose digests are equal. Of different classes any answer will do: a leaf says of which
    /// its keys are.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int CompareTied(Value stored)
    {
        if (!HasBytes) return Ordering.Compare(_word, stored);
        return stored.PointsTo(ValueKind.Text) || stored.PointsTo(ValueKind.Bytes)
            ? Ordering.CompareBytes(_bytes, _length, (Blob*)stored.Pointer) : 1;
    }

    /// <summary>Negative, 0 or positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Compare(long own, long digest, Value stored) =>
        own != digest ? (own < digest ? -1 : 1) : IsExact ? 0 : CompareTied(stored);

    /// <summary>Negative, 0 or positive, whatever node the stored key lies in.</summary>
    internal int Compare(Value stored) => Compare(HasBytes ? OfBytes(_bytes, _length, 0) : _digest, DigestOf(stored, 0), stored);

    /// <summary>Whether text or bytes begin as a stored key does, up to a length that this one has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasBeginning(byte* data, nuint length, Value stored, nuint count)
    {
        byte* own = Blob.Data((Blob*)stored.Pointer);
        if (length < sizeof(ulong) || count > 2 * sizeof(ulong) || length < count)
            return HasBeginningSlowly(data, length, own, count);
        // Of two words that overlap, or of one whose rest does not count. Of what is stored eight bytes can be read, however
        // short it is: a block is as long as that.
        ulong first = Unsafe.ReadUnaligned<ulong>(own) ^ Unsafe.ReadUnaligned<ulong>(data);
        if (count < sizeof(ulong)) return first << 8 * (sizeof(ulong) - (int)count) == 0;
        return (first
            | Unsafe.ReadUnaligned<ulong>(own + count - sizeof(ulong)) ^ Unsafe.ReadUnaligned<ulong>(
            data + count - sizeof(ulong))) == 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool HasBeginningSlowly(byte* data, nuint length, byte* own, nuint count) =>
        length >= count && new ReadOnlySpan<byte>(data, (int)count).SequenceEqual(new ReadOnlySpan<byte>(own, (int)count));

    /// <summary>
    /// Negative, 0 or positive: how the key begins, compared with the first bytes of a stored one. 0 for keys without bytes.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int CompareBeginning(Value stored, int length)
    {
        int common = (int)Math.Min(_length, (nuint)length);
        int order = new ReadOnlySpan<byte>(_bytes, common).SequenceCompareTo(
            new ReadOnlySpan<byte>(Blob.Data((Blob*)stored.Pointer), common));
        return order != 0 ? order : common < length ? -1 : 0;
    }

    /// <summary>
    /// How many first bytes two stored keys have in common, and so have all between them: what digests can leave out.
    /// </summary>
    internal static byte CommonBeginning(Value lower, Value upper)
    {
        SortedKey from = new(lower);
        SortedKey to = new(upper);
        if (!from.HasBytes || !to.HasBytes) return 0;
        int most = (int)Math.Min(byte.MaxValue, Math.Min(from._length, to._length));
        return (byte)new ReadOnlySpan<byte>(from._bytes, most).CommonPrefixLength(new ReadOnlySpan<byte>(to._bytes, most));
    }

    /// <summary>So many first bytes of a key can be left out before its digest is shorter than it could be.</summary>
    internal static int MostSkipped(Value key)
    {
        SortedKey it = new(key);
        return it.HasBytes ? (int)Math.Min(byte.MaxValue, Math.Max(it._length, sizeof(ulong)) - sizeof(ulong)) : 0;
    }

    static long RankSlowly(Value key, OrderingClass kind, out bool isExact)
    {
        isExact = kind == OrderingClass.Number && key.Kind is ValueKind.Bool || key.IsFloat && Math.Abs(key.Float) < ExactBelow;
        return kind switch
        {
            OrderingClass.Number => OfDouble(key.Kind switch
            {
                ValueKind.Int => key.Int,
                ValueKind.Float => key.Float,
                ValueKind.Bool => key == Value.True ? 1 : 0,
                _ => Nearest((Blob*)key.Pointer),
            }),
            OrderingClass.Tuple => OfTuple((TupleBlob*)key.Pointer),
            _ => 0,
        };
    }

    // The usual bijection from doubles to integers that keeps the order; both zeros are one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long OfDouble(double number)
    {
        long bits = BitConverter.DoubleToInt64Bits(number + 0.0);
        return bits ^ (bits >> 63 & long.MaxValue);
    }

    // A double near a big integer, monotonically: no double lies between the two.
    static double Nearest(Blob* blob)
    {
        ReadOnlySpan<byte> bytes = new(Blob.Data(blob), (int)Math.Min(blob->Length, int.MaxValue));
        bool negative = (bytes[^1] & 0x80) != 0;
        // Two digits more than a double has, so that cutting off the rest cannot pass a double.
        UInt128 magnitude = 0;
        int taken = Math.Min(bytes.Length, 15);
        for (int i = 1; i <= taken; i++) magnitude = magnitude << 8 | (negative ? (byte)~bytes[^i] : bytes[^i]);
        // Of a negative number that is all there is: the complement plus one, exactly.
        if (negative && taken == bytes.Length) magnitude++;
        double number = Math.ScaleB((double)magnitude, Math.Min(bytes.Length - taken, 1 << 20) * 8);
        return negative ? -number : number;
    }

    /// <summary>The digest of text or bytes for a node that leaves out so many bytes.</summary>
    // The greatest number of all stays free: see SortedInner.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long OfBytes(byte* data, nuint length, nuint skip)
    {
        ulong digest = length >= skip + sizeof(ulong) ? Unsafe.ReadUnaligned<ulong>(data + skip) : Tail(data, length, skip);
        return Math.Min((long)(BinaryPrimitives.ReverseEndianness(digest) ^ 1UL << 63), long.MaxValue - 1);
    }

    // Where fewer than eight bytes follow.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong Tail(byte* data, nuint length, nuint skip)
    {
        if (skip >= length) return 0;
        // The last eight bytes, without those before the first that counts.
        if (length >= sizeof(ulong))
            return Unsafe.ReadUnaligned<ulong>(data + length - sizeof(ulong)) >> 8 * (int)(skip + sizeof(ulong) - length);
        ulong digest = 0;
        for (nuint i = 0; i < length - skip; i++) digest |= (ulong)data[skip + i] << 8 * (int)i;
        return digest;
    }

    // The class of the first item, then its digest as far as there is room.
    static long OfTuple(TupleBlob* tuple)
    {
        ulong digest = 0;
        int shift = 0;
        while (shift < 64 && tuple->Length > 0)
        {
            Value first = TupleBlob.Items(tuple)[0];
            OrderingClass kind = Ordering.ClassOf(first);
            digest |= (ulong)kind << (64 - ClassBits) >> shift;
            shift += ClassBits;
            if (kind != OrderingClass.Tuple)
            {
                digest |= ((ulong)DigestOf(first, 0) ^ 1UL << 63) >> shift;
                break;
            }
            tuple = (TupleBlob*)first.Pointer;
        }
        return (long)(digest ^ 1UL << 63);
    }
}

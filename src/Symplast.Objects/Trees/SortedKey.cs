using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key that is looked for in a sorted map: its class and its digests, which nodes keep beside each key. Digests are ordered as the keys of a node are, but for ties:
/// most comparisons are one of two words, whatever the class. Of text and bytes a digest holds the eight bytes after those that all keys of the node begin with.
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
        Class = Ordering.ClassOf(probe);
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

    /// <summary>Negative, 0 or positive; for keys whose digests are equal. Of different classes any answer will do: a leaf says of which its keys are.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int CompareTied(Value stored)
    {
        if (!HasBytes) return Ordering.Compare(_word, stored);
        return stored.PointsTo(ValueKind.Text) || stored.PointsTo(ValueKind.Bytes) ? Ordering.CompareBytes(_bytes, _length, (Blob*)stored.Pointer) : 1;
    }

    /// <summary>Negative, 0 or positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Compare(long own, long digest, Value stored) => own != digest ? (own < digest ? -1 : 1) : IsExact ? 0 : CompareTied(stored);

    /// <summary>Negative, 0 or positive, whatever node the stored key lies in.</summary>
    internal int Compare(Value stored) => Compare(HasBytes ? OfBytes(_bytes, _length, 0) : _digest, DigestOf(stored, 0), stored);

    /// <summary>Negative, 0 or positive: how the key begins, compared with the first bytes of a stored one. 0 for keys without bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int CompareBeginning(Value stored, int length)
    {
        int common = (int)Math.Min(_length, (nuint)length);
        int order = new ReadOnlySpan<byte>(_bytes, common).SequenceCompareTo(new ReadOnlySpan<byte>(Blob.Data((Blob*)stored.Pointer), common));
        return order != 0 ? order : common < length ? -1 : 0;
    }

    /// <summary>How many first bytes two stored keys have in common, and so have all between them: what digests can leave out.</summary>
    internal static byte CommonBeginning(Value lower, Value upper)
    {
        SortedKey from = new(lower);
        SortedKey to = new(upper);
        if (!from.HasBytes || !to.HasBytes) return 0;
        int most = (int)Math.Min(byte.MaxValue, Math.Min(from._length, to._length));
        return (byte)new ReadOnlySpan<byte>(from._bytes, most).CommonPrefixLength(new ReadOnlySpan<byte>(to._bytes, most));
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

    // The greatest number of all stays free: see SortedInner.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long OfBytes(byte* data, nuint length, nuint skip)
    {
        ulong digest;
        if (length >= skip + sizeof(ulong)) digest = Unsafe.ReadUnaligned<ulong>(data + skip);
        else if (skip >= length) return long.MinValue;
        // The last eight bytes, without those before the first that counts.
        else if (length >= sizeof(ulong)) digest = Unsafe.ReadUnaligned<ulong>(data + length - sizeof(ulong)) >> 8 * (int)(skip + sizeof(ulong) - length);
        else digest = Gather(data + skip, length - skip);
        return Math.Min((long)(BinaryPrimitives.ReverseEndianness(digest) ^ 1UL << 63), long.MaxValue - 1);
    }

    // Fewer than eight bytes.
    static ulong Gather(byte* data, nuint length)
    {
        ulong digest = 0;
        for (int i = 0; i < (int)length; i++) digest |= (ulong)data[i] << 8 * i;
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

using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A key that is looked for in a sorted map: its class and its digest, which nodes keep beside each key. Digests are ordered as the keys are, but for ties:
/// most comparisons are one of two words, whatever the class.
/// </summary>
internal readonly unsafe ref struct SortedKey
{
    // Doubles are exact up to 2^53, and a big integer has at least 2^49.
    const double ExactBelow = 1L << 49;
    const int ClassBits = 3;

    /// <summary>Where it lies, roughly.</summary>
    internal readonly ulong Digest;

    /// <summary>Whether a key with the same digest is equal to it.</summary>
    internal readonly bool IsExact;

    /// <summary>None for what cannot be a key.</summary>
    internal readonly OrderingClass Class;

    readonly Value _word;
    readonly ref readonly Probe _probe;

    /// <summary>A key from outside, which must stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SortedKey(in Probe probe)
    {
        _probe = ref probe;
        if (probe.Data == null)
        {
            _word = probe.Word;
            Class = Rank(_word, out Digest, out IsExact);
            return;
        }
        Class = Ordering.ClassOf(probe);
        Digest = OfBytes(probe.Data, probe.Length);
    }

    /// <summary>A key of a map; the section keeps it.</summary>
    internal SortedKey(Value key)
    {
        _word = key;
        Class = Rank(key, out Digest, out IsExact);
    }

    /// <summary>Negative, 0 or positive; for digests that are equal.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int CompareTied(Value stored) => _word.IsEmpty ? Ordering.Compare(_probe, stored) : Ordering.Compare(_word, stored);

    /// <summary>Negative, 0 or positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Compare(ulong digest, Value stored) => Digest != digest ? (Digest < digest ? -1 : 1) : IsExact ? 0 : CompareTied(stored);

    /// <summary>The digest of a stored key.</summary>
    internal static ulong DigestOf(Value key)
    {
        Rank(key, out ulong digest, out _);
        return digest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static OrderingClass Rank(Value key, out ulong digest, out bool isExact)
    {
        if (!key.IsInt) return RankSlowly(key, out digest, out isExact);
        digest = OfDouble(key.Int);
        isExact = true;
        return OrderingClass.Number;
    }

    static OrderingClass RankSlowly(Value key, out ulong digest, out bool isExact)
    {
        OrderingClass kind = Ordering.ClassOf(key);
        isExact = kind == OrderingClass.Number && key.Kind is ValueKind.Bool || key.IsFloat && Math.Abs(key.Float) < ExactBelow;
        digest = kind switch
        {
            OrderingClass.Number => OfDouble(key.Kind switch
            {
                ValueKind.Int => key.Int,
                ValueKind.Float => key.Float,
                ValueKind.Bool => key == Value.True ? 1 : 0,
                _ => Nearest((Blob*)key.Pointer),
            }),
            OrderingClass.Text or OrderingClass.Bytes => OfBytes(Blob.Data((Blob*)key.Pointer), Blob.LengthOf(key)),
            OrderingClass.Tuple => OfTuple((TupleBlob*)key.Pointer),
            _ => 0,
        };
        return kind;
    }

    // The usual bijection from doubles to unsigned numbers that keeps the order; both zeros are one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong OfDouble(double number)
    {
        long bits = BitConverter.DoubleToInt64Bits(number + 0.0);
        return (ulong)(bits ^ (bits >> 63 | long.MinValue));
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong OfBytes(byte* data, nuint length)
    {
        if (length >= sizeof(ulong)) return BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(data));
        ulong digest = 0;
        for (nuint i = 0; i < length; i++) digest |= (ulong)data[i] << (56 - 8 * (int)i);
        return digest;
    }

    // The class of the first item, then its digest as far as there is room.
    static ulong OfTuple(TupleBlob* tuple)
    {
        ulong digest = 0;
        int shift = 0;
        while (shift < 64 && tuple->Length > 0)
        {
            Value first = TupleBlob.Items(tuple)[0];
            OrderingClass kind = Ordering.ClassOf(first);
            digest |= (ulong)kind << (64 - ClassBits) >> shift;
            shift += ClassBits;
            if (kind != OrderingClass.Tuple) return digest | DigestOf(first) >> shift;
            tuple = (TupleBlob*)first.Pointer;
        }
        return digest;
    }
}

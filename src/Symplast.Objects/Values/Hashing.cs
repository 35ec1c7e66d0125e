using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Symplast.Objects;

/// <summary>
/// 64-bit hashes of values, equal for values that are equal as Python has it: 1, 1.0, True and 1+0j have one hash. Numbers hash modulo the prime
/// 2^61 - 1 as in CPython, then mixed. Text and bytes bring their hash along, which is computed once, by the floor above or
/// <see cref="OfBytes"/>; in one process all must use the same function.
/// </summary>
public static unsafe class Hashing
{
    const int ModulusBits = 61;
    const ulong Modulus = (1UL << ModulusBits) - 1;
    const ulong Infinity = 314159;
    const ulong ImaginaryFactor = 1000003;

    /// <summary>The hash of a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(Value value) => value.IsInt ? OfInt(value.Int) : OfOther(value);

    static ulong OfOther(Value value) => value.Kind switch
    {
        ValueKind.Float => OfFloat(value.Float),
        ValueKind.Bool => OfInt(value == Value.True ? 1 : 0),
        ValueKind.Text or ValueKind.Bytes or ValueKind.BigInt or ValueKind.Complex => ((Blob*)value.Pointer)->Hash,
        ValueKind.Tuple or ValueKind.FrozenSet => ((TupleBlob*)value.Pointer)->Hash,
        _ => Mix(value.Bits),
    };

    /// <summary>The hash of an integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Nearly all are less than the prime, and their own remainder.
    public static ulong OfInt(long value) => value is > -(long)Modulus and < (long)Modulus ? MixNumber((ulong)value) : OfLargeInt(value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong OfLargeInt(long value)
    {
        ulong magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        return MixNumber(Signed(magnitude < Modulus ? magnitude : magnitude % Modulus, value < 0));
    }

    /// <summary>The hash of a double.</summary>
    public static ulong OfFloat(double value) => MixNumber(Numeric(value));

    /// <summary>The hash of a complex number.</summary>
    public static ulong OfComplex(double real, double imaginary) => MixNumber(Numeric(real) + ImaginaryFactor * Numeric(imaginary));

    /// <summary>The hash of a big integer: two's complement, little-endian.</summary>
    public static ulong OfBigInt(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(bytes.Length > 0);
        bool negative = (sbyte)bytes[^1] < 0;
        uint flip = negative ? uint.MaxValue : 0;
        // The magnitude modulo the prime, from the top; of a negative number the complement plus one.
        ulong rest = 0;
        int at = bytes.Length;
        while ((at & 3) != 0) rest = Append(rest, 8, (byte)(bytes[--at] ^ flip));
        for (; at > 0; at -= 4) rest = Append(rest, 32, BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at - 4)..]) ^ flip);
        if (negative) rest = (rest + 1) % Modulus;
        return MixNumber(Signed(rest, negative));
    }

    /// <summary>A hash of bytes for programs without Python, which has its own. Keyed, so that nobody can choose keys that collide.</summary>
    /// <remarks>
    /// Up to 16 bytes: two pairs of halves, each plus a part of the key, multiplied and added, as in NH (J. Black, S. Halevi, H. Krawczyk, T. Krovetz, P. Rogaway, "UMAC: fast
    /// and secure message authentication", CRYPTO 1999): of two texts, whichever they are, few keys make the sums the same. More: the rounds of wyhash (Wang Yi), in which words
    /// under a key are multiplied into 128 bits, whose halves are folded; the last 16 bytes go the way of short texts. Then all bits are mixed.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfBytes(ReadOnlySpan<byte> bytes)
    {
        // Acquire: pairs with the release in DrawSecret, so that the key is there too.
        ulong factor = Volatile.Read(ref _factor);
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        nint length = bytes.Length;
        // Most keys. They may overlap.
        if ((nuint)(length - 8) > 8 || factor == 0) return OfOtherBytes(bytes);
        return Finish(Unsafe.ReadUnaligned<ulong>(ref at), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, length - 8)), factor, _key, length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong OfOtherBytes(ReadOnlySpan<byte> bytes)
    {
        // Acquire: pairs with the release in DrawSecret.
        ulong factor = Volatile.Read(ref _factor);
        if (factor == 0) factor = DrawSecret();
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        nint length = bytes.Length;
        if (length > 16) return OfManyBytes(bytes, factor);
        if (length >= 8) return OfBytes(bytes);
        ulong first, last = 0;
        if (length >= 4)
        {
            first = Unsafe.ReadUnaligned<uint>(ref at);
            last = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref at, length - 4));
        }
        else first = length == 0 ? 0 : (ulong)at << 16 | (ulong)Unsafe.Add(ref at, length >> 1) << 8 | Unsafe.Add(ref at, length - 1);
        return Finish(first, last, factor, _key, length);
    }

    static ulong OfManyBytes(ReadOnlySpan<byte> bytes, ulong factor)
    {
        nint length = bytes.Length;
        ulong hash = _key;
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        for (nint rest = length; rest > 16; rest -= 16, at = ref Unsafe.Add(ref at, 16))
        {
            hash = Fold(Unsafe.ReadUnaligned<ulong>(ref at) ^ factor, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 8)) ^ hash);
        }
        // The last 16 bytes may overlap those before.
        ref byte end = ref Unsafe.Add(ref MemoryMarshal.GetReference(bytes), length);
        return Finish(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Subtract(ref end, 16)), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Subtract(ref end, 8)), factor, hash, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Finish(ulong first, ulong last, ulong key, ulong otherKey, nint length)
    {
        // What differs in the length only, differs in the result: all that follows can be undone.
        ulong hash = Product(first, key) + Product(last, otherKey) ^ (ulong)length;
        hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15UL;
        return hash ^ hash >> 32;
    }

    // The sums are modulo 2^32, so that the product has 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Product(ulong word, ulong key) => (ulong)(uint)(word + key) * (uint)((word >> 32) + (key >> 32));

    /// <summary>The hash of a tuple with these items.</summary>
    internal static ulong OfTuple(Value* items, nuint length)
    {
        // xxHash's round, as in CPython's tupleobject.c.
        ulong hash = 2870177450012600261;
        for (nuint i = 0; i < length; i++)
        {
            hash += Of(items[i]) * 14029467366897019727;
            hash = (hash << 31 | hash >> 33) * 11400714785074694791;
        }
        return Mix(hash + (length ^ 2870177450012600261 ^ 3527539));
    }

    // Half of degski's bijection of 64 bits. The high half, by which maps look, keeps numbers in a row apart, whatever their distance, better than chance would: so a search
    // for one of them meets few others. The last shift is not that of the first, with which it would undo some of it in the lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong MixNumber(ulong hash)
    {
        hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93;
        return hash ^ hash >> 40;
    }

    // The finalizer of MurmurHash3 (A. Appleby): a bijection.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mix(ulong hash)
    {
        hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53;
        return hash ^ hash >> 33;
    }

    // CPython's _Py_HashDouble: for x = m * 2^e the hash is m * 2^e modulo the prime.
    static ulong Numeric(double value)
    {
        if (double.IsInfinity(value)) return Signed(Infinity, value < 0);
        if (double.IsNaN(value)) return 0;
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52) & 0x7FF;
        ulong mantissa = (ulong)bits & ((1UL << 52) - 1);
        if (exponent == 0) exponent = 1;
        else mantissa |= 1UL << 52;
        if (mantissa == 0) return 0;
        // Multiplying by 2^k modulo 2^61 - 1 rotates 61 bits by k.
        int shift = (exponent - 1075) % ModulusBits;
        if (shift < 0) shift += ModulusBits;
        ulong rotated = mantissa << shift & Modulus | mantissa >> ModulusBits - shift;
        return Signed(rotated == Modulus ? 0 : rotated, bits < 0);
    }

    // rest * 2^bits + digit modulo the prime; bits up to 32.
    static ulong Append(ulong rest, int bits, uint digit)
    {
        // 2^61 is 1: what is above is added to what is below.
        ulong sum = (rest << bits & Modulus) + (rest >> ModulusBits - bits) + digit;
        return sum >= Modulus ? sum - Modulus : sum;
    }

    static ulong Signed(ulong magnitude, bool negative) => negative ? 0 - magnitude : magnitude;

    // Both halves of the product of 128 bits, xored.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Fold(ulong left, ulong right)
    {
        if (Bmi2.X64.IsSupported || ArmBase.Arm64.IsSupported)
        {
            ulong upper = Math.BigMul(left, right, out ulong lower);
            return upper ^ lower;
        }
        return FoldInParts(left, right);
    }

    // What we compile for on x64 has no MULX, and the library's BigMul is a call then, whose result comes through memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong FoldInParts(ulong left, ulong right)
    {
        ulong leftLow = (uint)left, leftHigh = left >> 32, rightLow = (uint)right, rightHigh = right >> 32;
        ulong low = leftLow * rightLow;
        ulong cross = leftLow * rightHigh;
        // Cannot overflow: (2^32 - 1)^2 + 2 (2^32 - 1) is 2^64 - 1.
        ulong middle = leftHigh * rightLow + (low >> 32) + (uint)cross;
        return leftHigh * rightHigh + (cross >> 32) + (middle >> 32) ^ (middle << 32 | (uint)low);
    }

    // Both are drawn once a process. The second follows from the first, so that threads which come at the same time agree.
    static ulong _key;
    static ulong _factor;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong DrawSecret()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        // Full fence: of several threads the first one's key counts.
        Interlocked.CompareExchange(ref _key, BinaryPrimitives.ReadUInt64LittleEndian(bytes) | 2, 0);
        ulong factor = Mix(_key ^ 0x9E3779B97F4A7C15UL) | 1;
        // Release: pairs with the acquire in OfBytes.
        Volatile.Write(ref _factor, factor);
        return factor;
    }
}

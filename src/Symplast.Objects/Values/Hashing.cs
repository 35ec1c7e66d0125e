using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Symplast.Objects;

/// <summary>
/// 64-bit hashes of values. Values that are equal by Python's rules have equal hashes: 1, 1.0, True and 1+0j have one hash. The
/// hashes of numbers, and of values that are made of numbers, use a key that is drawn once a process. Text and bytes carry a hash
/// that was computed once, by the floor above or by <see cref="OfBytes"/>. All code of a process must use the same function,
/// which should be keyed, too, as Python's is.
/// </summary>
/// <remarks>
/// The key keeps anyone who chooses the keys of a map from choosing keys that collide. Therefore numbers do not hash as in
/// CPython, modulo 2^61 - 1, where all multiples of that number have one hash. A 64-bit integer, and a double that equals it,
/// hash as the integer. A larger integer that equals a double hashes as the bits of the double, and any other integer as its
/// bytes.
/// </remarks>
public static unsafe class Hashing
{
    const double IntegerLimit = 9223372036854775808;

    /// <summary>The hash of a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(Value value) => value.IsInt ? OfInt(value.Int) : OfOther(value);

    static ulong OfOther(Value value) => value.Kind switch
    {
        ValueKind.Float => OfFloat(value.Float),
        ValueKind.Bool => OfInt(value == Value.True ? 1 : 0),
        ValueKind.Text or ValueKind.Bytes or ValueKind.BigInt or ValueKind.Complex => ((Blob*)value.Pointer)->Hash,
        ValueKind.Tuple or ValueKind.FrozenSet or ValueKind.Pickle => ((TupleBlob*)value.Pointer)->Hash,
        _ => MixNumber(value.Bits),
    };

    /// <summary>The hash of an integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfInt(long value) => MixNumber((ulong)value);

    /// <summary>The hash of a double. All NaNs have one hash.</summary>
    public static ulong OfFloat(double value)
    {
        if (value is >= -IntegerLimit and < IntegerLimit && (long)value == value) return OfInt((long)value);
        return MixNumber(BitConverter.DoubleToUInt64Bits(double.IsNaN(value) ? double.NaN : value));
    }

    /// <summary>The hash of a complex number.</summary>
    public static ulong OfComplex(double real, double imaginary) =>
        imaginary == 0 ? OfFloat(real) : MixNumber(OfFloat(real) + Mix(OfFloat(imaginary)));

    /// <summary>The hash of a big integer, given as its two's complement, little-endian.</summary>
    public static ulong OfBigInt(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(bytes.Length > 0);
        while (bytes.Length > sizeof(long) && bytes[^1] == (byte)((sbyte)bytes[^2] >> 7)) bytes = bytes[..^1];
        if (bytes.Length <= sizeof(long)) return OfInt(Window(bytes, 0));
        return TryDouble(bytes, out double number) ? OfFloat(number) : OfBytes(bytes);
    }

    // Whether a double equals the integer. The integer is not 0.
    static bool TryDouble(ReadOnlySpan<byte> bytes, out double number)
    {
        const int MantissaBits = 53;
        const int MostBits = 1024;
        number = 0;
        int zeros = bytes.IndexOfAnyExcept((byte)0);
        int shift = zeros * 8 + BitOperations.TrailingZeroCount(bytes[zeros]);
        byte sign = (sbyte)bytes[^1] < 0 ? byte.MaxValue : (byte)0;
        int top = bytes.Length - 1;
        while (top > 0 && bytes[top] == sign) top--;
        // For a negative number, the bits of its complement are counted: as many, or one less for a power of 2.
        int bits = top * 8 + 32 - BitOperations.LeadingZeroCount((uint)(byte)(bytes[top] ^ sign));
        if (bits - shift > MantissaBits || bits > MostBits) return false;
        number = Math.ScaleB(Window(bytes[zeros..], shift & 7), shift);
        return double.IsFinite(number);
    }

    // Up to 64 bits with the sign, from a bit of the first byte on.
    static long Window(ReadOnlySpan<byte> bytes, int bit)
    {
        Int128 window = (sbyte)bytes[^1] < 0 ? -1 : 0;
        for (int i = Math.Min(bytes.Length, sizeof(long) + 1); --i >= 0;) window = window << 8 | bytes[i];
        return (long)(window >> bit);
    }

    /// <summary>
    /// A keyed hash of bytes, for programs without Python. (Python has its own.) The key keeps anyone from choosing keys that
    /// collide.
    /// </summary>
    /// <remarks>
    /// Up to 16 bytes: the halves of two words, each plus a part of the key, are multiplied in pairs, and the products are added,
    /// as in NH (J. Black, S. Halevi, H. Krawczyk, T. Krovetz, P. Rogaway, "UMAC: fast and secure message authentication", CRYPTO
    /// 1999). For any two texts, few keys make the sums equal. More than 16 bytes: rounds of wyhash (Wang Yi) multiply keyed
    /// words to 128 bits and fold the halves; the last 16 bytes are hashed like a short text. Then all bits are mixed.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfBytes(ReadOnlySpan<byte> bytes)
    {
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        nint length = bytes.Length;
        // Most keys are this short. The two words may overlap.
        if ((nuint)(length - 8) > 8) return OfOtherBytes(bytes);
        return Finish(
            Unsafe.ReadUnaligned<ulong>(ref at), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, length - 8)), _key, _otherKey,
            length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong OfOtherBytes(ReadOnlySpan<byte> bytes)
    {
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        nint length = bytes.Length;
        if (length > 16) return OfManyBytes(bytes);
        if (length >= 8) return OfBytes(bytes);
        ulong first, last = 0;
        if (length >= 4)
        {
            first = Unsafe.ReadUnaligned<uint>(ref at);
            last = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref at, length - 4));
        }
        else first = length == 0
            ? 0 : (ulong)at << 16 | (ulong)Unsafe.Add(ref at, length >> 1) << 8 | Unsafe.Add(ref at, length - 1);
        return Finish(first, last, _key, _otherKey, length);
    }

    static ulong OfManyBytes(ReadOnlySpan<byte> bytes)
    {
        nint length = bytes.Length;
        ulong factor = _key, hash = _otherKey;
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        for (nint rest = length; rest > 16; rest -= 16, at = ref Unsafe.Add(ref at, 16))
        {
            hash = Fold(Unsafe.ReadUnaligned<ulong>(ref at) ^ factor,
                Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 8)) ^ hash);
        }
        // The last 16 bytes may overlap the bytes before them.
        ref byte end = ref Unsafe.Add(ref MemoryMarshal.GetReference(bytes), length);
        return Finish(
            Unsafe.ReadUnaligned<ulong>(ref Unsafe.Subtract(ref end, 16)),
            Unsafe.ReadUnaligned<ulong>(ref Unsafe.Subtract(ref end, 8)), factor, hash, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Finish(ulong first, ulong last, ulong key, ulong otherKey, nint length)
    {
        // Texts that differ only in their length have different hashes, because all following steps are invertible.
        ulong hash = Product(first, key) + Product(last, otherKey) ^ (ulong)length;
        hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15UL;
        return hash ^ hash >> 32;
    }

    // The sums are modulo 2^32, so the product has 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Product(ulong word, ulong key) => (ulong)(uint)(word + key) * (uint)((word >> 32) + (key >> 32));

    /// <summary>The hash of a tuple with these items.</summary>
    internal static ulong OfTuple(Value* items, nuint length)
    {
        // The round of xxHash, as in CPython's tupleobject.c, with a key.
        ulong hash = _key;
        for (nuint i = 0; i < length; i++)
        {
            hash += Of(items[i]) * 14029467366897019727;
            hash = (hash << 31 | hash >> 33) * 11400714785074694791;
        }
        return Mix(hash + (length ^ 2870177450012600261 ^ 3527539));
    }

    /// <summary>The keyed hash of a word. No two words have equal hashes.</summary>
    /// <remarks>
    /// Two multiplications by a secret odd number. For any two different words, the highest k bits of the first products are
    /// equal for at most one key in 2^(k-1) (M. Dietzfelbinger, T. Hagerup, J. Katajainen, M. Penttonen, "A reliable randomized
    /// algorithm for the closest-pair problem", J. Algorithms 1997). The product is folded into its low half and multiplied
    /// again. The high bits thereby affect all bits of the high half, which maps use for lookups.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong MixNumber(ulong word)
    {
        word *= _factor;
        word = (word ^ word >> 32) * _otherFactor;
        return word ^ word >> 32;
    }

    // The finalizer of MurmurHash3 (A. Appleby), which is a bijection.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mix(ulong hash)
    {
        hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53;
        return hash ^ hash >> 33;
    }

    // The exclusive or of the halves of the 128-bit product.
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

    // The x64 baseline that we compile for has no MULX. Math.BigMul would then be a call that returns its result through memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong FoldInParts(ulong left, ulong right)
    {
        ulong leftLow = (uint)left, leftHigh = left >> 32, rightLow = (uint)right, rightHigh = right >> 32;
        ulong low = leftLow * rightLow;
        ulong cross = leftLow * rightHigh;
        // The sum cannot overflow: (2^32 - 1)^2 + 2 (2^32 - 1) is 2^64 - 1.
        ulong middle = leftHigh * rightLow + (low >> 32) + (uint)cross;
        return leftHigh * rightHigh + (cross >> 32) + (middle >> 32) ^ (middle << 32 | (uint)low);
    }

    // The keys are drawn once a process, before anything is hashed, and never change.
    static ulong _key;
    static ulong _otherKey;
    static ulong _factor;
    static ulong _otherFactor;

    // A module initializer runs before all other code of the module, so hashing need not check whether the keys are drawn.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A static constructor would be asked for at each hash.")]
    internal static void DrawKeys()
    {
        _key = Draw();
        _otherKey = Draw();
        _factor = Draw() | 1;
        _otherFactor = Draw() | 1;
    }

    // All but 6 bits of a random GUID come from the system's generator. It needs no other library.
    static ulong Draw()
    {
        Guid random = Guid.NewGuid();
        Span<byte> bytes = stackalloc byte[sizeof(Guid)];
        random.TryWriteBytes(bytes);
        return Mix(BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ Mix(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..])));
    }
}

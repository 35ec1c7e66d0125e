using System.Buffers.Binary;

namespace Symplast.Objects;

/// <summary>
/// Compares numbers of different kinds exactly, by Python's rules, without allocation. Inline integers have 50 bits and booleans
/// one bit, so both convert to doubles without rounding. Big integers are compared as two's complements, to which the whole part
/// of a double is converted.
/// </summary>
internal static unsafe class Numbers
{
    // The largest double is below 2^1024, and the sign needs one more bit. 16 bytes are written at byte 121 or before.
    const int WholeSize = 144;

    /// <summary>
    /// Whether two numbers are equal. NaN equals NaN here; otherwise a key that contains a NaN would never be found again.
    /// </summary>
    internal static bool AreEqual(Value left, Value right)
    {
        if (left.Kind != ValueKind.Complex && right.Kind != ValueKind.Complex) return RealsAreEqual(left, right);
        double leftImaginary = Split(ref left);
        double rightImaginary = Split(ref right);
        return leftImaginary.Equals(rightImaginary) && RealsAreEqual(left, right);
    }

    /// <summary>Compares real numbers. Returns a negative number, 0 or a positive number. NaN is less than all others.</summary>
    internal static int Compare(Value left, Value right)
    {
        bool isLeftBig = left.Kind == ValueKind.BigInt;
        bool isRightBig = right.Kind == ValueKind.BigInt;
        if (!isLeftBig && !isRightBig) return ToDouble(left).CompareTo(ToDouble(right));
        if (isLeftBig && isRightBig) return CompareIntegers(Blob.Bytes(left), Blob.Bytes(right));
        return isLeftBig ? Compare(Blob.Bytes(left), ToDouble(right)) : -Compare(Blob.Bytes(right), ToDouble(left));
    }

    static bool RealsAreEqual(Value left, Value right)
    {
        bool isLeftBig = left.Kind == ValueKind.BigInt;
        if (isLeftBig && right.Kind == ValueKind.BigInt) return Blob.Bytes(left).SequenceEqual(Blob.Bytes(right));
        return Compare(left, right) == 0;
    }

    // Returns the imaginary part. A complex number is replaced by its real part.
    static double Split(ref Value number)
    {
        if (number.Kind != ValueKind.Complex) return 0;
        double* parts = (double*)Blob.Data((Blob*)number.Pointer);
        number = Value.Of(parts[0]);
        return parts[1];
    }

    // The conversion is exact, see above.
    static double ToDouble(Value small) => small.IsFloat ? small.Float : small.IsInt ? small.Int : small == Value.True ? 1 : 0;

    static int Compare(ReadOnlySpan<byte> integer, double real)
    {
        if (double.IsNaN(real)) return 1;
        if (double.IsInfinity(real)) return real > 0 ? -1 : 1;
        Span<byte> buffer = stackalloc byte[WholeSize];
        double whole = Math.Floor(real);
        int order = CompareIntegers(integer, ToInteger(whole, buffer));
        return order != 0 || whole == real ? order : -1;
    }

    // The two's complement, little-endian, of a double without a fraction.
    static ReadOnlySpan<byte> ToInteger(double whole, Span<byte> buffer)
    {
        if (Math.Abs(whole) < long.MaxValue)
        {
            BinaryPrimitives.WriteInt64LittleEndian(buffer, (long)whole);
            return buffer[..8];
        }
        ulong bits = BitConverter.DoubleToUInt64Bits(whole);
        ulong mantissa = bits & ((1UL << 52) - 1) | 1UL << 52;
        int shift = (int)(bits >> 52 & 0x7FF) - 1075;
        buffer.Clear();
        BinaryPrimitives.WriteUInt128LittleEndian(buffer[(shift >> 3)..], (UInt128)mantissa << (shift & 7));
        if (whole < 0)
        {
            int i = 0;
            while (buffer[i] == 0) i++;
            buffer[i] = (byte)-buffer[i];
            while (++i < buffer.Length) buffer[i] = (byte)~buffer[i];
        }
        return buffer;
    }

    // Compares two's complements, little-endian, of any lengths.
    static int CompareIntegers(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        byte leftSign = SignOf(left);
        byte rightSign = SignOf(right);
        if (leftSign != rightSign) return leftSign == 0 ? 1 : -1;
        // Of the same sign the order is that of the digits, extended by the sign.
        int at = Math.Max(left.Length, right.Length);
        while (at > right.Length)
        {
            if (left[--at] != rightSign) return left[at] > rightSign ? 1 : -1;
        }
        while (at > left.Length)
        {
            if (right[--at] != leftSign) return right[at] > leftSign ? -1 : 1;
        }
        for (; at >= 8; at -= 8)
        {
            ulong leftDigits = BinaryPrimitives.ReadUInt64LittleEndian(left[(at - 8)..]);
            ulong rightDigits = BinaryPrimitives.ReadUInt64LittleEndian(right[(at - 8)..]);
            if (leftDigits != rightDigits) return leftDigits > rightDigits ? 1 : -1;
        }
        while (--at >= 0)
        {
            if (left[at] != right[at]) return left[at] > right[at] ? 1 : -1;
        }
        return 0;
    }

    static byte SignOf(ReadOnlySpan<byte> integer) => (sbyte)integer[^1] < 0 ? (byte)0xFF : (byte)0;
}

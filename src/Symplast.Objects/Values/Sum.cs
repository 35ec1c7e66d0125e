using System.Buffers.Binary;

namespace Symplast.Objects;

/// <summary>Adds numbers by Python's rules: integers of any size, booleans and floats.</summary>
public static unsafe class Sum
{
    // The limit for the bytes of an integer, larger than in any use.
    const nuint MostBytes = 1 << 30;

    /// <summary>
    /// Computes <paramref name="left"/> + <paramref name="right"/>, with a reference that is the caller's. WrongKind if one is
    /// not a number of these kinds. Overflow if one is a float and the other an integer beyond all floats. Called inside a
    /// section.
    /// </summary>
    internal static Status Of(Participant* me, PoolHeap* heap, Value left, Value right, out Value sum)
    {
        if (left.IsInt && right.IsInt)
        {
            sum = OfInteger(me, heap, left.Int + right.Int);
            return sum.IsEmpty ? Status.NoMemory : Status.Done;
        }
        if (right.IsFloat) return Of(left, right.Float, out sum);
        Status status = Integer(right, out long number);
        if (status == Status.Done) return Of(me, heap, left, number, out sum);
        if (status == Status.Overflow) return OfLarge(me, heap, left, right, out sum);
        sum = default;
        return status;
    }

    /// <summary>Adds an integer to a value. Called inside a section.</summary>
    internal static Status Of(Participant* me, PoolHeap* heap, Value left, long right, out Value sum)
    {
        sum = default;
        if (left.IsFloat)
        {
            sum = Value.Of(left.Float + right);
            return Status.Done;
        }
        Status status = Integer(left, out long number);
        byte* bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(bytes, sizeof(long)), right);
        if (status == Status.Overflow)
            return OfBytes(me, heap, Blob.Data((Blob*)left.Pointer), Blob.LengthOf(left), bytes, sizeof(long), out sum);
        if (status != Status.Done) return status;
        long total = unchecked(number + right);
        if (((number ^ total) & (right ^ total)) < 0)
        {
            byte* own = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(own, sizeof(long)), number);
            return OfBytes(me, heap, own, sizeof(long), bytes, sizeof(long), out sum);
        }
        sum = OfInteger(me, heap, total);
        return sum.IsEmpty ? Status.NoMemory : Status.Done;
    }

    /// <summary>Adds a double to a value. The sum is a double and needs no memory.</summary>
    internal static Status Of(Value left, double right, out Value sum)
    {
        sum = default;
        double number = 0;
        Status status = Status.Done;
        if (left.IsFloat) number = left.Float;
        else if ((status = Integer(left, out long integer)) == Status.Done) number = integer;
        else if (status == Status.Overflow) status = Nearest(left, out number);
        if (status == Status.Done) sum = Value.Of(number + right);
        return status;
    }

    // The right operand is an integer of more than 64 bits.
    static Status OfLarge(Participant* me, PoolHeap* heap, Value left, Value right, out Value sum)
    {
        sum = default;
        if (left.IsFloat)
        {
            Status near = Nearest(right, out double number);
            if (near == Status.Done) sum = Value.Of(left.Float + number);
            return near;
        }
        Status status = Integer(left, out long integer);
        byte* bytes = Blob.Data((Blob*)right.Pointer);
        nuint length = Blob.LengthOf(right);
        if (status == Status.Overflow)
            return OfBytes(me, heap, Blob.Data((Blob*)left.Pointer), Blob.LengthOf(left), bytes, length, out sum);
        if (status != Status.Done) return status;
        byte* own = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(own, sizeof(long)), integer);
        return OfBytes(me, heap, own, sizeof(long), bytes, length, out sum);
    }

    // Adds two's complements, little-endian. The sum is computed in its final block, which may be a byte or two too large.
    static Status OfBytes(
        Participant* me, PoolHeap* heap, byte* left, nuint leftLength, byte* right, nuint rightLength, out Value sum)
    {
        sum = default;
        nuint length = Math.Max(leftLength, rightLength) + 1;
        if (length > MostBytes) return Status.Overflow;
        Blob* blob = (Blob*)Heap.Allocate(me, heap, (nuint)sizeof(Blob) + length);
        if (blob == null) return Status.NoMemory;
        byte* bytes = Blob.Data(blob);
        int carry = 0;
        for (nuint i = 0; i < length; i++)
        {
            carry += Digit(left, leftLength, i) + Digit(right, rightLength, i);
            bytes[i] = (byte)carry;
            carry >>= 8;
        }
        // The sum is made as short as possible. The last byte must keep the sign.
        while (length > 1 && bytes[length - 1] == (byte)((sbyte)bytes[length - 2] >> 7)) length--;
        ReadOnlySpan<byte> digits = new(bytes, (int)length);
        if (length <= sizeof(long))
        {
            long small = (sbyte)digits[^1];
            for (int i = digits.Length - 2; i >= 0; i--) small = small << 8 | digits[i];
            if (Value.Fits(small))
            {
                Heap.Free(me, blob);
                sum = Value.OfInt(small);
                return Status.Done;
            }
        }
        blob->Head = new Header { Count = 1, Kind = HeaderKind.Blob };
        blob->Hash = Hashing.OfBigInt(digits);
        blob->Length = length;
        sum = Value.Of(ValueKind.BigInt, blob);
        return Status.Done;
    }

    // A byte of the number. Bytes beyond the end are the extension of the sign.
    static int Digit(byte* bytes, nuint length, nuint i) => i < length ? bytes[i] : (byte)((sbyte)bytes[length - 1] >> 7);

    // The double nearest to a large integer; of two, the even one. Overflow if the integer is beyond all doubles.
    static Status Nearest(Value integer, out double number)
    {
        ReadOnlySpan<byte> bytes = Blob.Bytes(integer);
        bool isNegative = (sbyte)bytes[^1] < 0;
        number = 0;
        // Takes the highest 64 bits of the magnitude. If any bit below them is set, the lowest of the 64 is set for it (a sticky
        // bit), far below the bit that decides the rounding.
        int top = bytes.Length - 1;
        int low = 0;
        while (isNegative && low < top && bytes[low] == 0) low++;
        while (top > 0 && Magnitude(bytes, top, isNegative, low) == 0) top--;
        ulong head = 0;
        int taken = 0;
        for (; taken < sizeof(ulong) && top - taken >= 0; taken++)
            head = head << 8 | Magnitude(bytes, top - taken, isNegative, low);
        for (int i = top - taken; i >= 0; i--)
        {
            if (Magnitude(bytes, i, isNegative, low) == 0) continue;
            head |= 1;
            break;
        }
        double magnitude = Math.ScaleB((double)head, Math.Min(top - taken + 1, 1 << 20) * 8);
        if (double.IsInfinity(magnitude)) return Status.Overflow;
        number = isNegative ? -magnitude : magnitude;
        return Status.Done;
    }

    // A byte of the magnitude. The magnitude of a negative number is the complement plus one. The carry ends at the lowest byte
    // that is not 0.
    static byte Magnitude(ReadOnlySpan<byte> bytes, int i, bool isNegative, int low) =>
        !isNegative ? bytes[i] : i < low ? (byte)0 : i == low ? (byte)-bytes[i] : (byte)~bytes[i];

    /// <summary>Returns a 64-bit integer inline or as a blob with one reference; an empty value if there is no memory.</summary>
    public static Value OfInteger(Participant* me, PoolHeap* heap, long number)
    {
        if (Value.Fits(number)) return Value.OfInt(number);
        byte* bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(bytes, sizeof(long)), number);
        // The number is stored as short as possible. The last byte must keep the sign.
        int length = sizeof(long);
        while (number == number << 8 * (sizeof(long) - length + 1) >> 8 * (sizeof(long) - length + 1)) length--;
        return Blob.Create(
            me, heap, ValueKind.BigInt, bytes, (nuint)length, Hashing.OfBigInt(new ReadOnlySpan<byte>(bytes, length)));
    }

    /// <summary>
    /// Gets the integer of a value: inline, boolean, or a blob of at most 64 bits. Overflow for larger integers, WrongKind for
    /// other values.
    /// </summary>
    internal static Status Integer(Value value, out long number)
    {
        number = 0;
        switch (value.Kind)
        {
            case ValueKind.Int:
                number = value.Int;
                return Status.Done;
            case ValueKind.Bool:
                number = value == Value.True ? 1 : 0;
                return Status.Done;
            case ValueKind.BigInt:
                ReadOnlySpan<byte> bytes = Blob.Bytes(value);
                if (bytes.Length > sizeof(long)) return Status.Overflow;
                number = (sbyte)bytes[^1];
                for (int i = bytes.Length - 2; i >= 0; i--) number = number << 8 | bytes[i];
                return Status.Done;
            default:
                return Status.WrongKind;
        }
    }
}

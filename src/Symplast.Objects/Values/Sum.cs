using System.Buffers.Binary;

namespace Symplast.Objects;

/// <summary>Adding numbers in place: integers of 64 bits, booleans and floats, as Python adds them.</summary>
public static unsafe class Sum
{
    /// <summary>
    /// <paramref name="left"/> + <paramref name="right"/>, with a reference that is the caller's. WrongKind if one is no number of these kinds,
    /// Overflow if the sum, or an integer that goes into it, needs more than 64 bits. Inside a section.
    /// </summary>
    internal static Status Of(Participant* me, PoolHeap* heap, Value left, Value right, out Value sum)
    {
        if (right.IsFloat) return Of(left, right.Float, out sum);
        Status status = Integer(right, out long number);
        if (status == Status.Done) return Of(me, heap, left, number, out sum);
        sum = default;
        return status;
    }

    /// <summary>The same for an integer.</summary>
    internal static Status Of(Participant* me, PoolHeap* heap, Value left, long right, out Value sum)
    {
        sum = default;
        if (left.IsFloat)
        {
            sum = Value.Of(left.Float + right);
            return Status.Done;
        }
        Status status = Integer(left, out long number);
        if (status != Status.Done) return status;
        long total = unchecked(number + right);
        if (((number ^ total) & (right ^ total)) < 0) return Status.Overflow;
        sum = OfInteger(me, heap, total);
        return sum.IsEmpty ? Status.NoMemory : Status.Done;
    }

    /// <summary>The same for a double, whose sum is one and needs no memory.</summary>
    internal static Status Of(Value left, double right, out Value sum)
    {
        long number = 0;
        Status status = left.IsFloat ? Status.Done : Integer(left, out number);
        sum = status == Status.Done ? Value.Of((left.IsFloat ? left.Float : number) + right) : default;
        return status;
    }

    /// <summary>An integer of 64 bits, inline or as a blob with one reference; empty if there is no memory.</summary>
    public static Value OfInteger(Participant* me, PoolHeap* heap, long number)
    {
        if (Value.Fits(number)) return Value.OfInt(number);
        byte* bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(bytes, sizeof(long)), number);
        // As short as possible: the sign of the last byte must stay.
        int length = sizeof(long);
        while (number == number << 8 * (sizeof(long) - length + 1) >> 8 * (sizeof(long) - length + 1)) length--;
        return Blob.Create(me, heap, ValueKind.BigInt, bytes, (nuint)length, Hashing.OfBigInt(new ReadOnlySpan<byte>(bytes, length)));
    }

    /// <summary>The integer of a value: inline, boolean, or a blob of at most 64 bits. Overflow for larger ones, WrongKind for other values.</summary>
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

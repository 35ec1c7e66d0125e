using System.Buffers.Binary;

namespace Symplast.Objects;

/// <summary>Adding numbers in place: integers of 64 bits, booleans and floats, as Python adds them.</summary>
internal static unsafe class Sum
{
    /// <summary>
    /// <paramref name="left"/> + <paramref name="right"/>, with a reference that is the caller's. WrongKind if one is no number of these kinds,
    /// Overflow if the sum needs more than 64 bits. Inside a section.
    /// </summary>
    internal static Status Of(Participant* me, PoolHeap* heap, Value left, Value right, out Value sum)
    {
        sum = default;
        bool leftWhole = TryInteger(left, out long a);
        bool rightWhole = TryInteger(right, out long b);
        if (leftWhole && rightWhole)
        {
            long total = unchecked(a + b);
            if (((a ^ total) & (b ^ total)) < 0) return Status.Overflow;
            sum = OfInteger(me, heap, total);
            return sum.IsEmpty ? Status.NoMemory : Status.Done;
        }
        if (!(leftWhole || left.IsFloat) || !(rightWhole || right.IsFloat)) return Status.WrongKind;
        sum = Value.Of((leftWhole ? a : left.Float) + (rightWhole ? b : right.Float));
        return Status.Done;
    }

    /// <summary>An integer of 64 bits, inline or as a blob with one reference; empty if there is no memory.</summary>
    internal static Value OfInteger(Participant* me, PoolHeap* heap, long number)
    {
        if (Value.Fits(number)) return Value.OfInt(number);
        byte* bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(bytes, sizeof(long)), number);
        // As short as possible: the sign of the last byte must stay.
        int length = sizeof(long);
        while (number == number << 8 * (sizeof(long) - length + 1) >> 8 * (sizeof(long) - length + 1)) length--;
        return Blob.Create(me, heap, ValueKind.BigInt, bytes, (nuint)length, Hashing.OfBigInt(new ReadOnlySpan<byte>(bytes, length)));
    }

    /// <summary>The integer of a value: inline, boolean, or a blob of at most 64 bits.</summary>
    internal static bool TryInteger(Value value, out long number)
    {
        switch (value.Kind)
        {
            case ValueKind.Int:
                number = value.Int;
                return true;
            case ValueKind.Bool:
                number = value == Value.True ? 1 : 0;
                return true;
            case ValueKind.BigInt when Blob.LengthOf(value) <= sizeof(long):
                ReadOnlySpan<byte> bytes = Blob.Bytes(value);
                number = (sbyte)bytes[^1];
                for (int i = bytes.Length - 2; i >= 0; i--) number = number << 8 | bytes[i];
                return true;
            default:
                number = 0;
                return false;
        }
    }
}

using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>Converts CPython's ints to two's complement, the form in which pools keep large ones.</summary>
internal static unsafe class TwosComplement
{
    /// <summary>
    /// Writes a number, little-endian and as short as possible. Returns the number of bytes. <paramref name="room"/> must suffice
    /// for one bit more than the number's digits have.
    /// </summary>
    internal static nuint Write(PyLongObject* number, byte* bytes, nuint room)
    {
        bool isNegative = number->IsNegative;
        uint* digits = (uint*)((byte*)number + PyLongObject.DigitsOffset);
        ulong pending = 0;
        int bits = 0;
        nuint at = 0;
        // A negative number is the complement plus one.
        uint carry = 1;
        for (nuint i = 0; i < number->DigitCount; i++)
        {
            pending |= (ulong)digits[i] << bits;
            for (bits += PyLongObject.DigitBits; bits >= 8; bits -= 8, pending >>= 8)
                Put(bytes, ref at, (byte)pending, isNegative, ref carry);
        }
        while (at < room)
        {
            Put(bytes, ref at, (byte)pending, isNegative, ref carry);
            pending = 0;
        }
        // Leading bytes that only repeat the sign are left out.
        byte sign = (byte)(isNegative ? 0xFF : 0);
        while (at > 1 && bytes[at - 1] == sign && (bytes[at - 2] & 0x80) == (sign & 0x80)) at--;
        return at;
    }

    static void Put(byte* bytes, ref nuint at, byte next, bool isNegative, ref uint carry)
    {
        if (isNegative)
        {
            uint sum = (byte)~next + carry;
            carry = sum >> 8;
            next = (byte)sum;
        }
        bytes[at++] = next;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.CPython;

/// <summary>
/// The hash functions of CPython's numbers, tuples and sets (pyhash.c, longobject.c, tupleobject.c, setobject.c; the same in 3.12
/// to 3.15), so that filling the cached hash of a tuple or frozendict needs no call into the interpreter. Tests compare them with
/// hash() itself.
/// </summary>
public static unsafe class Hashes
{
    /// <summary>Hashes of numbers are their values modulo 2^61 − 1 (_PyHASH_BITS).</summary>
    public const int ModulusBits = 61;

    /// <summary>2^61 − 1 (_PyHASH_MODULUS).</summary>
    public const ulong Modulus = (1UL << ModulusBits) - 1;

    /// <summary>The hash of positive infinity (_PyHASH_INF).</summary>
    public const int Infinity = 314159;

    const ulong Prime1 = 11400714785074694791UL;
    const ulong Prime2 = 14029467366897019727UL;
    const ulong Prime5 = 2870177450012600261UL;

    /// <summary>
    /// The hash of a float that is not a NaN: its value modulo 2^61 − 1, where multiplying by 2^e is a rotation by e.
    /// </summary>
    public static nint OfFloat(double value)
    {
        const int FractionBits = 52;
        const int Bias = 1075;
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        int exponent = (int)(bits >> FractionBits) & 0x7FF;
        ulong mantissa = bits & ((1UL << FractionBits) - 1);
        bool negative = (long)bits < 0;
        if (exponent == 0x7FF) return negative ? -Infinity : Infinity;
        if (exponent == 0) exponent = 1;
        else mantissa |= 1UL << FractionBits;
        int turn = (exponent - Bias) % ModulusBits;
        if (turn < 0) turn += ModulusBits;
        ulong hash = ((mantissa << turn) & Modulus) | (mantissa >> (ModulusBits - turn));
        return Signed(hash == Modulus ? 0 : hash, negative);
    }

    /// <summary>The hash of an int: its value modulo 2^61 − 1.</summary>
    public static nint OfInt(PyLongObject* value)
    {
        if (value->IsCompact)
        {
            nint compact = (nint)value->CompactValue;
            return compact == -1 ? -2 : compact;
        }
        ulong hash = 0;
        uint* digits = &value->Digit;
        for (nint i = (nint)value->DigitCount - 1; i >= 0; i--)
        {
            hash = ((hash << PyLongObject.DigitBits) & Modulus) | (hash >> (ModulusBits - PyLongObject.DigitBits));
            hash += digits[i];
            if (hash >= Modulus) hash -= Modulus;
        }
        return Signed(hash, value->IsNegative);
    }

    /// <summary>The hash of an object by identity, which NaNs use.</summary>
    public static nint OfAddress(void* address)
    {
        nint hash = (nint)BitOperations.RotateRight((nuint)address, 4);
        return hash == -1 ? -2 : hash;
    }

    /// <summary>
    /// The start value for the hash of a tuple. Each item is added with <see cref="AddItem"/>; <see cref="FinishTuple"/> ends the
    /// hash. The algorithm is a reduced xxHash.
    /// </summary>
    public const ulong StartTuple = Prime5;

    /// <summary>Adds the hash of the next item.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AddItem(ulong hash, nint item) => BitOperations.RotateLeft(hash + (ulong)item * Prime2, 31) * Prime1;

    /// <summary>The hash of a tuple of <paramref name="count"/> items.</summary>
    public static nint FinishTuple(ulong hash, nint count)
    {
        hash += (ulong)count ^ (Prime5 ^ 3527539UL);
        return hash == ulong.MaxValue ? 1546275796 : (nint)hash;
    }

    /// <summary>The hash of a slice from those of its parts: the hash of a tuple without the final step.</summary>
    public static nint OfSlice(nint start, nint stop, nint step)
    {
        ulong hash = AddItem(AddItem(AddItem(StartTuple, start), stop), step);
        return hash == ulong.MaxValue ? 1546275796 : (nint)hash;
    }

    /// <summary>
    /// The start value for the hash of a frozenset. Each element is added with <see cref="AddMember"/>; <see cref="FinishSet"/>
    /// ends the hash.
    /// </summary>
    public const ulong StartSet = 0;

    /// <summary>Adds the hash of an element, in any order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AddMember(ulong hash, nint member) =>
        hash ^ (((ulong)member ^ 89869747UL ^ ((ulong)member << 16)) * 3644798167UL);

    /// <summary>The hash of a frozenset of <paramref name="count"/> elements.</summary>
    public static nint FinishSet(ulong hash, nint count)
    {
        hash ^= ((ulong)count + 1) * 1927868237UL;
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash * 69069UL + 907133923UL;
        return hash == ulong.MaxValue ? 590923713 : (nint)hash;
    }

    static nint Signed(ulong hash, bool negative)
    {
        nint signed = negative ? -(nint)hash : (nint)hash;
        return signed == -1 ? -2 : signed;
    }
}

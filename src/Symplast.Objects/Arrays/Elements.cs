using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Elements of arrays as <em>words</em>. A word holds the bits of an element as they are in memory; its other bits are zero. An
/// element is never read or written in parts, unless its memory is not aligned.
/// </summary>
public static unsafe class Elements
{
    /// <summary>The number of bytes of an element: 1, 2, 4 or 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf(ElementKind kind) =>
        kind < ElementKind.Float32 ? 1 << ((int)kind >> 1) : kind == ElementKind.Float32 ? 4 : 8;

    /// <summary>Whether the elements are floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReal(ElementKind kind) => kind >= ElementKind.Float32;

    /// <summary>Whether the elements are signed integers.</summary>
    public static bool IsSigned(ElementKind kind) => kind < ElementKind.Float32 && ((int)kind & 1) == 0;

    /// <summary>The least integer that an element can hold.</summary>
    public static Int128 Least(ElementKind kind) => IsSigned(kind) ? -(Int128.One << (8 * SizeOf(kind) - 1)) : 0;

    /// <summary>The greatest integer that an element can hold.</summary>
    public static Int128 Greatest(ElementKind kind) => (Int128.One << (8 * SizeOf(kind) - (IsSigned(kind) ? 1 : 0))) - 1;

    /// <summary>The word of an integer from <see cref="Least"/> to <see cref="Greatest"/>.</summary>
    public static ulong OfInteger(ElementKind kind, Int128 number) =>
        (ulong)(UInt128)number & (ulong.MaxValue >> (64 - 8 * SizeOf(kind)));

    /// <summary>The integer of a word. The kind is not a float.</summary>
    public static Int128 Integer(ElementKind kind, ulong word) => IsSigned(kind) ? Signed(kind, word) : word;

    /// <summary>The integer of a word. The kind is signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Signed(ElementKind kind, ulong word)
    {
        int spare = 64 - 8 * SizeOf(kind);
        return (long)(word << spare) >> spare;
    }

    /// <summary>Adds a number to the integer of a word. Returns false if an element cannot hold the sum.</summary>
    public static bool TryAdd(ElementKind kind, ulong word, Int128 number, out ulong sum)
    {
        long addend = (long)number;
        if (kind == ElementKind.UInt64 || addend != number)
        {
            Int128 total = Integer(kind, word) + number;
            sum = OfInteger(kind, total);
            return total >= Least(kind) && total <= Greatest(kind);
        }
        bool isSigned = IsSigned(kind);
        long old = isSigned ? Signed(kind, word) : (long)word;
        long next = unchecked(old + addend);
        sum = (ulong)next & (ulong.MaxValue >> (64 - 8 * SizeOf(kind)));
        bool isBeyond = ((old ^ next) & (addend ^ next)) < 0;
        return !isBeyond && (isSigned ? Signed(kind, sum) : (long)sum) == next;
    }

    /// <summary>The word of a float, rounded to the precision of an element.</summary>
    public static ulong OfReal(ElementKind kind, double number) =>
        kind == ElementKind.Float32 ? BitConverter.SingleToUInt32Bits((float)number) : BitConverter.DoubleToUInt64Bits(number);

    /// <summary>The float of a word. The kind is a float.</summary>
    public static double Real(ElementKind kind, ulong word) =>
        kind == ElementKind.Float32 ? BitConverter.UInt32BitsToSingle((uint)word) : BitConverter.UInt64BitsToDouble(word);

    /// <summary>
    /// Reads an element that no other thread changes, or whose order relative to other memory does not matter.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong At(byte* place, int size) => size switch
    {
        1 => *place,
        2 => Unsafe.ReadUnaligned<ushort>(place),
        4 => Unsafe.ReadUnaligned<uint>(place),
        _ => Unsafe.ReadUnaligned<ulong>(place),
    };

    /// <summary>
    /// Writes an element that no other thread reads yet, or whose order relative to other memory does not matter.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* place, int size, ulong word)
    {
        switch (size)
        {
            case 1:
                *place = (byte)word;
                break;
            case 2:
                Unsafe.WriteUnaligned(place, (ushort)word);
                break;
            case 4:
                Unsafe.WriteUnaligned(place, (uint)word);
                break;
            default:
                Unsafe.WriteUnaligned(place, word);
                break;
        }
    }

    /// <summary>
    /// Copies elements one by one. The steps are in bytes. All threads see the copied elements when this returns. The two areas
    /// must not overlap.
    /// </summary>
    public static void Copy(int size, byte* to, nint toStep, byte* from, nint fromStep, nint count)
    {
        // A copy of bytes might move an element in parts. A compiler never turns a loop over machine words of one size into such
        // a copy.
        switch (size)
        {
            case 1 when toStep == 1 && fromStep == 1:
                Buffer.MemoryCopy(from, to, count, count);
                break;
            case 1:
                for (; count > 0; count--, to += toStep, from += fromStep) *to = *from;
                break;
            case 2:
                for (; count > 0; count--, to += toStep, from += fromStep)
                    Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ushort>(from));
                break;
            case 4:
                for (; count > 0; count--, to += toStep, from += fromStep)
                    Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<uint>(from));
                break;
            default:
                for (; count > 0; count--, to += toStep, from += fromStep)
                    Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ulong>(from));
                break;
        }
        // Full fence: rule 7 of docs/structures.md.
        Interlocked.MemoryBarrier();
    }

    /// <summary>The index of the first elements that differ, or <paramref name="count"/>.</summary>
    public static nint FirstDifference(ElementKind kind, byte* left, byte* right, nint count)
    {
        int size = SizeOf(kind);
        nint i = 0;
        if (!IsReal(kind))
        {
            while (i < count && At(left + i * size, size) == At(right + i * size, size)) i++;
            return i;
        }
        // 0.0 equals -0.0, and no NaN equals another.
        while (i < count && Real(kind, At(left + i * size, size)) == Real(kind, At(right + i * size, size))) i++;
        return i;
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>A value and its digest, a word. The order of the digests agrees with that of the values.</summary>
internal struct SortDigest
{
    internal ulong Word;
    internal Value Value;
}

/// <summary>
/// Sorts values stably by digests. The digest of a number determines its order. The digest of a text holds eight of its bytes, so
/// texts with equal digests are compared afterwards.
/// </summary>
/// <remarks>
/// Inline numbers are ordered as doubles, to which they all convert exactly. Text is ordered by its UTF-8 bytes, which is the
/// order of its code points. The algorithm is a radix sort from the lowest byte (H. Seward, 1954) that skips bytes in which all
/// digests agree.
/// </remarks>
internal static unsafe class SortDigests
{
    const int Few = 48;
    const int Digits = 8;
    const int Radix = 256;

    /// <summary>
    /// Computes the digest of an inline number. Returns false for other values, and for a NaN, which has no order.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryNumber(Value value, out ulong word)
    {
        word = 0;
        double number;
        if (value.IsInt) number = value.Int;
        else if (value.IsFloat) number = value.Float;
        else if (value == Value.True || value == Value.False) number = value == Value.True ? 1 : 0;
        else return false;
        if (double.IsNaN(number)) return false;
        // Adding 0 turns -0 into +0. The bits of negative numbers are inverted, because they are in reverse order and come first.
        ulong bits = BitConverter.DoubleToUInt64Bits(number + 0.0);
        word = (long)bits < 0 ? ~bits : bits | 1UL << 63;
        return true;
    }

    /// <summary>
    /// The digest of a text or of bytes: eight bytes from an offset on, the first byte highest. Missing bytes are 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong OfBytes(Value text, nuint offset)
    {
        Blob* blob = (Blob*)text.Pointer;
        nuint rest = blob->Length - offset;
        byte* data = Blob.Data(blob) + offset;
        if (rest >= 8) return System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(data));
        ulong word = 0;
        for (nuint i = 0; i < rest; i++) word |= (ulong)data[i] << (56 - 8 * (int)i);
        return word;
    }

    /// <summary>The length of the common prefix of two texts in bytes, at most <paramref name="most"/>.</summary>
    internal static nuint Common(Value left, Value right, nuint most)
    {
        Blob* first = (Blob*)left.Pointer;
        Blob* second = (Blob*)right.Pointer;
        nuint length = Math.Min(most, Math.Min(first->Length, second->Length));
        byte* a = Blob.Data(first);
        byte* b = Blob.Data(second);
        nuint i = 0;
        while (i + 8 <= length && Unsafe.ReadUnaligned<ulong>(a + i) == Unsafe.ReadUnaligned<ulong>(b + i)) i += 8;
        while (i < length && a[i] == b[i]) i++;
        return i;
    }

    /// <summary>Whether the digests are already in order.</summary>
    internal static bool AreSorted(SortDigest* items, long count)
    {
        for (long i = 1; i < count; i++)
        {
            if (items[i].Word < items[i - 1].Word) return false;
        }
        return true;
    }

    /// <summary>
    /// Sorts by the digests. <paramref name="spare"/> has the same size. Returns the one of the two arrays that has the result.
    /// </summary>
    internal static SortDigest* Sort(SortDigest* items, SortDigest* spare, long count)
    {
        if (AreSorted(items, count)) return items;
        if (count <= Few)
        {
            SortFew(items, count);
            return items;
        }
        // The number of occurrences of each digit at each place.
        long* counts = stackalloc long[Digits * Radix];
        new Span<long>(counts, Digits * Radix).Clear();
        ulong all = ulong.MaxValue, any = 0;
        for (long i = 0; i < count; i++)
        {
            ulong word = items[i].Word;
            all &= word;
            any |= word;
        }
        ulong differing = all ^ any;
        for (int digit = 0; digit < Digits; digit++)
        {
            if ((byte)(differing >> 8 * digit) == 0) continue;
            long* places = counts + digit * Radix;
            for (long i = 0; i < count; i++) places[(byte)(items[i].Word >> 8 * digit)]++;
            long place = 0;
            for (int i = 0; i < Radix; i++)
            {
                long here = places[i];
                places[i] = place;
                place += here;
            }
            Debug.Assert(place == count);
            for (long i = 0; i < count; i++) spare[places[(byte)(items[i].Word >> 8 * digit)]++] = items[i];
            SortDigest* sorted = spare;
            spare = items;
            items = sorted;
        }
        return items;
    }

    static void SortFew(SortDigest* items, long count)
    {
        for (long i = 1; i < count; i++)
        {
            SortDigest item = items[i];
            long place = i;
            for (; place > 0 && items[place - 1].Word > item.Word; place--) items[place] = items[place - 1];
            items[place] = item;
        }
    }

    /// <summary>
    /// Writes the values in the order of their digests. Values with equal digests are sorted by <paramref name="order"/>. Returns
    /// false if there is no memory or a comparison failed.
    /// </summary>
    internal static bool Settle<TOrder>(SortDigest* sorted, Value* items, long count, ref TOrder order)
        where TOrder : struct, IValueOrder
    {
        for (long i = 0; i < count; i++) items[i] = sorted[i].Value;
        for (long start = 0, end; start < count; start = end)
        {
            end = start + 1;
            while (end < count && sorted[end].Word == sorted[start].Word) end++;
            if (end - start > 1 && !SettleGroup(items + start, end - start, ref order)) return false;
        }
        return true;
    }

    static bool SettleGroup<TOrder>(Value* items, long count, ref TOrder order) where TOrder : struct, IValueOrder
    {
        SortDigest* spare = Allocate(count);
        if (spare == null) return false;
        Value* sorted = StableSort.Sort(items, (Value*)spare, count, ref order);
        if (sorted != null && sorted != items) Buffer.MemoryCopy(sorted, items, count * sizeof(Value), count * sizeof(Value));
        Free(spare);
        return sorted != null;
    }

    /// <summary>Allocates an array, to be freed by <see cref="Free"/>. Returns null if there is no memory.</summary>
    internal static SortDigest* Allocate(long count)
    {
        try
        {
            return (SortDigest*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(SortDigest));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Frees an array.</summary>
    internal static void Free(SortDigest* items) => NativeMemory.Free(items);
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The sizes of blocks that share a page: 16-byte steps to 512 bytes, then four a doubling to 32 KiB, so that at most a fifth of
/// a larger block is lost. Class 0 has no blocks: a size of 0 has this class, whose page is always empty.
/// </summary>
internal static class SizeClass
{
    internal const int Count = 57;

    /// <summary>
    /// Number of all classes: blocks that begin an object have classes of their own, in the same order, so that no other blocks
    /// lie on their pages.
    /// </summary>
    internal const int CountWithObjects = 2 * Count;

    /// <summary>Larger blocks get pages of their own.</summary>
    internal const nuint Largest = 32 << 10;

    const nuint LargestSmall = 512;

    /// <summary>The class for a size that is at most <see cref="Largest"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nuint Of(nuint size)
    {
        if (size <= LargestSmall) return (size + 15) >> 4;
        int power = BitOperations.Log2(size - 1);
        return 33 + (nuint)(power - 9) * 4 + (((size - 1) >> (power - 2)) & 3);
    }

    /// <summary>The class for a block that begins an object.</summary>
    internal static nuint OfObject(nuint size) => Of(size) + Count;

    /// <summary>Whether the blocks of a class begin objects.</summary>
    internal static bool IsOfObjects(nuint sizeClass) => sizeClass >= Count;

    /// <summary>Bytes of the blocks of a class.</summary>
    internal static nuint BlockSize(nuint sizeClass)
    {
        if (sizeClass >= Count) sizeClass -= Count;
        if (sizeClass <= 32) return sizeClass << 4;
        nuint step = sizeClass - 33;
        return (5 + (step & 3)) << (int)(7 + (step >> 2));
    }
}

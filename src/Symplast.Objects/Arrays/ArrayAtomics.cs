using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The steps without which an array's protocol would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class ArrayAtomics
{
    /// <summary>Marks the array deleted. True for the first caller only.</summary>
    // Full fence: pairs with the acquire in SharedObject.IsDeleted, so that no section begun from here on finds the buffer.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Delete(SharedArray* array) => Interlocked.Exchange(ref array->Object.Head.DeletedFlag, 1) == 0;

    /// <summary>Stores the sum of an addition if the element is what was seen. What it was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong StoreSum(byte* place, int size, ulong sum, ulong seen) =>
        SharedArray.CompareExchange(place, size, sum, seen);
}

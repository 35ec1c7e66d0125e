using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The atomic operations that an array's protocol needs. Tests compile another file in place of this one, in which each operation
/// can be weakened, moved or left out.
/// </summary>
internal static unsafe class ArrayAtomics
{
    /// <summary>Marks the array as deleted. Returns true for the first caller only.</summary>
    // Full fence: pairs with the acquire in SharedObject.IsDeleted, so that no section begun from here on finds the buffer.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Delete(SharedArray* array) => Interlocked.Exchange(ref array->Object.Head.DeletedFlag, 1) == 0;

    /// <summary>Stores the sum of an addition if the element is unchanged. Returns the element that was there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong StoreSum(byte* place, int size, ulong sum, ulong seen) =>
        SharedArray.CompareExchange(place, size, sum, seen);
}

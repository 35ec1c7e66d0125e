using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The steps without which reference counting would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static class CountAtomics
{
    /// <summary>Whether a count that was found may still rise: one of 0 is left alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsAlive(int found) => found > 0;

    /// <summary>Raises the count if it is what was found. What it was.</summary>
    // Full fence; pairs with Lower, which never gets to 0 after this found more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Raise(ref int count, int next, int found) => Interlocked.CompareExchange(ref count, next, found);

    /// <summary>Takes one off the count, and finds out in the same step what is left.</summary>
    // Full fence; pairs with Raise, and makes what others did with the block before they dropped it visible to the one that
    // frees it. Also the fence between the unlinking of the reference, which may have been a plain store, and the tag of what
    // is retired.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Lower(ref int count, int found) => Interlocked.Decrement(ref count);
}

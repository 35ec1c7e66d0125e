using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The steps without which a vector's protocol would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class VectorAtomics
{
    /// <summary>The bounds again, after an element was read.</summary>
    // Acquire, after that in Load: whoever wrote the word after another change had first published the bounds, or Gone.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long BoundsAgain(VectorRoot* root, long seen) => Volatile.Read(ref root->Bounds);

    /// <summary>Elements are about to be stored: only when they are, the bounds become these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void BeginFilling(VectorRoot* root, long next) => Debug.Assert(next >= root->Bounds);

    /// <summary>Says of a root that another one has taken its place, before anything else changes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void PublishGone(VectorRoot* root) => VectorPublication.Publish(root, VectorRoot.Gone);

    /// <summary>Exchanges an element that was copied for the mark Moved, if it is still there. What was there.</summary>
    // Full fence: pairs with TrySet, which either came before and is seen, or fails.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Freeze(Value* from, Value value) =>
        new(Interlocked.CompareExchange(ref *(ulong*)from, VectorRoot.Moved.Bits, value.Bits));

    /// <summary>Sets an element of an open root if it is still the old one.</summary>
    // Full fence: pairs with Freeze and Kill; publishes what the value points to for Load.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TrySet(Value* place, Value next, Value old) =>
        Interlocked.CompareExchange(ref *(ulong*)place, next.Bits, old.Bits) == old.Bits;

    /// <summary>Exchanges an element of a deleted vector for the mark Dead. What it was.</summary>
    // Full fence: pairs with TrySet: a set that comes later finds the mark, one that came before is released by the caller.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Kill(Value* place) => new(Interlocked.Exchange(ref *(ulong*)place, VectorRoot.Dead.Bits));
}

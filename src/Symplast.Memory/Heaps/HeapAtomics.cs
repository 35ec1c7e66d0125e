using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The steps without which remote frees and pins would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class HeapAtomics
{
    /// <summary>Notes for ever that the heap was pinned, before the pin is counted.</summary>
    // Release: pairs with the acquire in WasPinned; the deletion waits for the section that this is in.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void NotePin(PoolHeap* heap) => Volatile.Write(ref heap->WasPinned, 1);

    /// <summary>Whether the heap was deleted, for the thread that took the last pin back.</summary>
    // Acquire, after the decrement in Remove; pairs with the exchange in Delete.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsDeleted(PoolHeap* heap) => PoolHeap.IsDeleted(heap);

    /// <summary>Whether anybody pins the heap, for the thread that has emptied it.</summary>
    // Acquire: pairs with the interlocked operations in Add and Remove.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasPins(PoolHeap* heap) => Volatile.Read(ref heap->Pins) != 0;

    /// <summary>Stores a page's new remote list if the word is what was seen; if not, what it is comes back.</summary>
    // Full fence: pairs with the exchange in Take, which makes the links (and all that was done with the blocks) the owner's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryPush(Page* page, ulong list, ref ulong seen)
    {
        ulong prior = Interlocked.CompareExchange(ref page->Remote, list, seen);
        if (prior == seen) return true;
        seen = prior;
        return false;
    }

    /// <summary>Whether the page was parked before a push, so that who pushed must hand it over to its owner.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsParked(ulong seen) => seen == Page.Parked;

    /// <summary>Parks a page whose remote list is empty.</summary>
    // Full fence: pairs with the exchange in TryPush, which must find what it needs to hand the page back.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryPark(Page* page) => Interlocked.CompareExchange(ref page->Remote, Page.Parked, 0) == 0;

    /// <summary>Takes a parked page back that nobody is about to hand over.</summary>
    // Full fence: pairs with the exchange in TryPush. If that came first, the page is on its way to the ready list.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryUnpark(Page* page) =>
        Interlocked.CompareExchange(ref page->Remote, 0, Page.Parked) == Page.Parked;
}

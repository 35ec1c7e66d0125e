namespace Symplast.Memory;

/// <summary>Steps of pinning and deletion that tests leave out.</summary>
internal enum PinStep
{
    /// <summary>A pin is noted for ever before it is counted.</summary>
    PinIsNoted,

    /// <summary>The thread that removes the last pin checks whether the heap was deleted.</summary>
    LastPinLooks,

    /// <summary>The thread that has emptied a heap checks for pins.</summary>
    EmptierLooks,
}

/// <summary>
/// The protocol that decides which thread releases the addresses of a deleted heap: the last of the thread that empties the heap
/// and the thread that removes the last pin. <see cref="HeapTable"/> uses it.
/// </summary>
internal static unsafe class HeapPins
{
    /// <summary>Adds a pin. Inside a section in which the heap was not deleted, or by a caller that holds a pin.</summary>
    internal static void Add(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // Pairs with the reading in WasPinned; the deletion waits for the section that this is in.
        if (!Interleaving.Omits(PinStep.PinIsNoted)) Volatile.Write(ref heap->WasPinned, 1);
        Interleaving.DeepPoint();
        // Full fence; pairs with the reading in MayRelease.
        Interlocked.Increment(ref heap->Pins);
    }

    /// <summary>True if the heap may have to be released, which is to be settled with <see cref="MayRelease"/>.</summary>
    internal static bool Remove(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // Full fence; pairs with the load in MayRelease: either that load finds 0, or this thread finds the heap deleted.
        if (Interlocked.Decrement(ref heap->Pins) != 0) return false;
        Interleaving.DeepPoint();
        return PoolHeap.IsDeleted(heap) && !Interleaving.Omits(PinStep.LastPinLooks);
    }

    /// <summary>Marks the heap as deleted. The caller must then wait for the open sections.</summary>
    internal static void Delete(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // Full fence: the flag is visible before the grace period begins. Pairs with the acquire in IsDeleted.
        Interlocked.Exchange(ref heap->DeletedFlag, 1);
    }

    /// <summary>
    /// Whether the addresses may be in use elsewhere. Called after the grace period: a deleted heap can be pinned only by a
    /// caller that holds a pin already.
    /// </summary>
    internal static bool WasPinned(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        return Volatile.Read(ref heap->WasPinned) != 0;
    }

    /// <summary>
    /// True for exactly one caller, once the heap is emptied and its last pin removed. The table's gate is held.
    /// </summary>
    internal static bool MayRelease(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // The last pin may be removed before the memory is released. Then the thread that empties the heap calls this again.
        if (!heap->IsEmptied || heap->IsWaiting) return false;
        if (Volatile.Read(ref heap->Pins) != 0 && !Interleaving.Omits(PinStep.EmptierLooks)) return false;
        heap->IsWaiting = true;
        return true;
    }
}

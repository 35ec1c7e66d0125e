namespace Symplast.Memory;

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
        HeapAtomics.NotePin(heap);
        Interleaving.DeepPoint();
        // Full fence; pairs with the acquire in HasPins.
        Interlocked.Increment(ref heap->Pins);
    }

    /// <summary>True if the heap may have to be released, which is to be settled with <see cref="MayRelease"/>.</summary>
    internal static bool Remove(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // Full fence; pairs with the acquire in HasPins: either that finds 0, or this thread finds the heap deleted.
        if (Interlocked.Decrement(ref heap->Pins) != 0) return false;
        Interleaving.DeepPoint();
        return HeapAtomics.IsDeleted(heap);
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
        if (!heap->IsEmptied || heap->IsWaiting || HeapAtomics.HasPins(heap)) return false;
        heap->IsWaiting = true;
        return true;
    }
}

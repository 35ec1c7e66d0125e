namespace Symplast.Memory;

/// <summary>
/// The steps by which it is settled who lets the addresses of a deleted heap go, and nothing else: whoever comes last, the one
/// that empties it or the one that takes the last pin back. How they are used: <see cref="HeapTable"/>.
/// </summary>
internal static unsafe class HeapPins
{
    /// <summary>Inside a section in which the heap was not deleted, or by one who holds a pin.</summary>
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
        // Full fence; pairs with the acquire in HasPins: either that finds 0, or we find the heap deleted.
        if (Interlocked.Decrement(ref heap->Pins) != 0) return false;
        Interleaving.DeepPoint();
        return HeapAtomics.IsDeleted(heap);
    }

    /// <summary>Deletes the heap; the caller waits for the open sections next.</summary>
    internal static void Delete(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // Full fence: the flag is visible before the grace period begins. Pairs with the acquire in IsDeleted.
        Interlocked.Exchange(ref heap->DeletedFlag, 1);
    }

    /// <summary>
    /// Whether the addresses may be in use elsewhere. After the grace period: nobody pins what is deleted, unless he holds a pin
    /// already.
    /// </summary>
    internal static bool WasPinned(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        return Volatile.Read(ref heap->WasPinned) != 0;
    }

    /// <summary>True for one caller, once the heap is emptied and its last pin gone. The table's gate is held.</summary>
    internal static bool MayRelease(PoolHeap* heap)
    {
        Interleaving.DeepPoint();
        // The pin may have gone before the memory; then whoever empties the heap comes here again.
        if (!heap->IsEmptied || heap->IsWaiting || HeapAtomics.HasPins(heap)) return false;
        heap->IsWaiting = true;
        return true;
    }
}

namespace Symplast.Memory;

/// <summary>The invariants of heaps.</summary>
public static unsafe class HeapInvariants
{
    /// <summary>Walks the whole heap. No thread may use the heap meanwhile.</summary>
    public static bool IsValid(PoolHeap* heap)
    {
        if (PoolHeap.IsDeleted(heap)) return true;
        long listed = 0;
        for (LocalHeap* local = heap->Locals; local != null; local = local->Next)
        {
            if (local->Heap != heap || local->Serial != heap->Serial || (local->Owner != null && local->Owner != local->Holder))
                return false;
            if (!AreQueuesValid(local, ref listed)) return false;
        }
        return AreChunksValid(heap, out long owned) && listed == owned && PoolHeap.AreListsValid(heap)
            && ExternalBlock.AreListed(heap);
    }

    /// <summary>The part of it that does not need the local heaps: of a heap that nobody uses any more.</summary>
    internal static bool AreChunksValid(PoolHeap* heap) => AreChunksValid(heap, out _) && PoolHeap.AreListsValid(heap);

    static bool AreQueuesValid(LocalHeap* local, ref long pages)
    {
        for (nuint sizeClass = 0; sizeClass < SizeClass.CountWithObjects; sizeClass++)
        {
            PageQueue* queue = LocalHeap.QueueOf(local, sizeClass);
            Page* previous = null;
            for (Page* page = queue->First; page != null && page != HeapTable.Empty; previous = page, page = page->Next)
            {
                pages++;
                if (page->Local != local || page->SizeClass != sizeClass || page->Previous != previous || page->Attention != 0)
                    return false;
                if (Volatile.Read(ref page->Remote) == Page.Parked) return false;
            }
            if (previous != null && queue->Last != previous) return false;
        }
        Page* before = null;
        for (Page* page = local->Full; page != null; before = page, page = page->Next)
        {
            pages++;
            if (page->Local != local || page->Previous != before || page->Attention != Page.Always || page->Remote == 0)
                return false;
        }
        long ready = 0;
        for (Page* page = (Page*)Volatile.Read(ref local->Ready); page != null; page = page->NextReady, ready++)
        {
            if (page->Local != local || page->Remote is 0 or Page.Parked) return false;
        }
        // A full page is ready exactly if it is not parked any more.
        for (Page* page = local->Full; page != null; page = page->Next)
        {
            if (page->Remote != Page.Parked) ready--;
        }
        return ready == 0;
    }

    static bool AreChunksValid(PoolHeap* heap, out long owned)
    {
        owned = 0;
        for (Chunk* chunk = PoolHeap.Chunks(heap); chunk != null; chunk = chunk->Next)
        {
            if (chunk->Heap != heap || Heap.Of(chunk->Start) != heap || AddressRange.OwnerSlot(chunk->Start) != heap->Slot)
                return false;
            if (chunk->IsLarge) continue;
            for (int i = 0; i < Chunk.PageCount; i++)
            {
                Page* page = Chunk.Pages(chunk) + i;
                bool isFree = (chunk->FreePages >> i & 1) != 0;
                if (isFree != (page->Kind == PageKind.Free) && !IsInsideLarge(chunk, i)) return false;
                if (page->Kind != PageKind.Blocks) continue;
                owned++;
                if (!IsPageValid(page)) return false;
            }
        }
        return true;
    }

    static bool IsInsideLarge(Chunk* chunk, int index)
    {
        for (int i = index - 1; i >= 0; i--)
        {
            Page* page = Chunk.Pages(chunk) + i;
            if (page->Kind == PageKind.Large) return (int)(page->BlockSize >> Page.Shift) > index - i;
            if (page->Kind == PageKind.Blocks) return false;
        }
        return false;
    }

    /// <summary>
    /// Every block is in use, on one of the lists, or not made yet; no block is on a list twice. The caller holds the page's
    /// local heap, so other threads at most push on the remote list: what was on it stays as it is.
    /// </summary>
    internal static bool IsPageValid(Page* page)
    {
        if (page->BlockSize != SizeClass.BlockSize(page->SizeClass) || page->Made > page->Capacity) return false;
        int words = (page->Capacity + 63) / 64;
        ulong* seen = stackalloc ulong[words];
        for (int i = 0; i < words; i++) seen[i] = 0;
        long free = 0;
        for (byte* block = (byte*)page->Free; block != null; block = *(byte**)block, free++)
        {
            if (!Note(page, block, seen)) return false;
        }
        // Acquire: pairs with the exchange in TryPush, so that the blocks are linked.
        ulong list = Volatile.Read(ref page->Remote) & ~Page.Parked;
        int remote = (int)(list >> 32);
        byte* other = page->Start + (uint)list;
        for (int i = 0; i < remote; i++, other = *(byte**)other)
        {
            if (!Note(page, other, seen)) return false;
        }
        if (remote > 0 && other != null) return false;
        return remote <= page->Used && page->Used + free == page->Made;
    }

    static bool Note(Page* page, byte* block, ulong* seen)
    {
        nuint offset = (nuint)(block - page->Start);
        nuint index = offset / page->BlockSize;
        if (offset % page->BlockSize != 0 || index >= (nuint)page->Made || (seen[index >> 6] >> (int)(index & 63) & 1) != 0)
            return false;
        seen[index >> 6] |= 1ul << (int)(index & 63);
        return true;
    }
}

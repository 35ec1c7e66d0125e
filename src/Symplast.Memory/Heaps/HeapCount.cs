namespace Symplast.Memory;

/// <summary>The contents of a heap, counted page by page. Exact if no thread allocates or frees meanwhile.</summary>
/// <param name="LiveBlocks">Blocks, including external ones, that were allocated and neither freed nor retired.</param>
/// <param name="LiveBytes">Their bytes.</param>
/// <param name="LimboBlocks">Blocks retired and not yet freed.</param>
/// <param name="LimboBytes">Their bytes.</param>
/// <param name="ReservedBytes">Bytes of address space, in chunks of 2 MiB, and those of external blocks.</param>
internal readonly unsafe record struct HeapCount(
    long LiveBlocks, long LiveBytes, long LimboBlocks, long LimboBytes, long ReservedBytes)
{
    /// <summary>Counts the contents of a heap. Thread-safe, also outside sections.</summary>
    internal static HeapCount Of(PoolHeap* heap)
    {
        long blocks = 0;
        long bytes = 0;
        // The gate keeps the list of chunks and the division into pages unchanged. Blocks may still be allocated and freed.
        heap->Gate.Enter();
        for (Chunk* chunk = PoolHeap.Chunks(heap); chunk != null; chunk = chunk->Next)
        {
            for (int i = 0; i < Chunk.PageCount; i++)
            {
                Page* page = Chunk.Pages(chunk) + i;
                if (page->Kind == PageKind.Free) continue;
                long used = page->Kind == PageKind.Large
                    ? 1 : Math.Max(Volatile.Read(ref page->Used) - Page.RemoteCount(page), 0);
                blocks += used;
                bytes += used * (long)page->BlockSize;
            }
        }
        blocks += heap->ExternalCount;
        bytes += heap->ExternalBytes;
        long reserved = PoolHeap.ReservedBytes(heap) + heap->ExternalBytes;
        heap->Gate.Exit();

        if (PoolHeap.IsDeleted(heap)) return new HeapCount(0, 0, 0, 0, reserved);
        long limboBlocks = 0;
        long limboBytes = 0;
        HeapTable.Enter();
        for (LocalHeap* local = heap->Locals; local != null; local = local->Next)
        {
            limboBlocks += local->Limbo.Blocks;
            limboBytes += local->Limbo.Bytes;
        }
        if (heap->Quarantine != null)
        {
            blocks -= Quarantine.Blocks(heap->Quarantine);
            bytes -= Quarantine.Bytes(heap->Quarantine);
        }
        HeapTable.Exit();
        return new HeapCount(blocks - limboBlocks, bytes - limboBytes, limboBlocks, limboBytes, reserved);
    }
}

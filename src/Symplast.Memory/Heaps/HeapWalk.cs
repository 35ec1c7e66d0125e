using System.Diagnostics;

namespace Symplast.Memory;

/// <summary>The visitor of a <see cref="HeapWalk"/>.</summary>
public unsafe interface IBlockVisitor
{
    /// <summary>Called without any lock, before at most so many calls of <see cref="Visit"/>.</summary>
    void Prepare(int most);

    /// <summary>
    /// Called with a block that may begin an object: <see cref="Heap.AllocateObject"/> returned it once, and its first word is
    /// not that of a free block. Called inside a section, with the heap's gate held. It must not allocate, release or free
    /// anything, and must not throw.
    /// </summary>
    void Visit(void* block);
}

/// <summary>
/// Finds the blocks that begin objects, page by page, while other threads allocate and free, at no cost to these. Such blocks lie
/// on pages of their own. The first word of a free block is 0 or points to another free block of its page. A new page is
/// published by the store of its kind, and new blocks by the store of their number.
/// </summary>
/// <remarks>A chunk and its division into pages are unchanged while the heap's gate is held. The gate is released, and the
/// section left, after each chunk. Blocks that are made meanwhile may be missed.</remarks>
public static unsafe class HeapWalk
{
    // Nothing smaller begins an object.
    const nuint SmallestObject = 32;

    /// <summary>
    /// Visits all blocks of a heap that begin objects. Visits no block, or no further one, if the heap is deleted, and none if it
    /// is null. The pool must not be collected meanwhile. Thread-safe, not inside a section.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory for a list of chunks.</exception>
    public static void Run<TVisitor>(Participant* me, PoolHeap* heap, ref TVisitor visitor) where TVisitor : struct, IBlockVisitor
    {
        if (heap == null) return;
        NativeList<nint> chunks = default;
        try
        {
            List(heap, ref chunks);
            for (int i = 0; i < chunks.Count; i++)
            {
                Chunk* chunk = (Chunk*)*chunks[i];
                visitor.Prepare(Chunk.PageCount * (int)(Page.Size / SmallestObject));
                Epoch.Enter(me);
                heap->Gate.Enter();
                if (!PoolHeap.IsDeleted(heap) && IsListed(heap, chunk))
                {
                    for (int page = 0; page < Chunk.PageCount; page++) Visit(Chunk.Pages(chunk) + page, ref visitor);
                }
                heap->Gate.Exit();
                Epoch.Exit(me);
            }
        }
        finally
        {
            chunks.Dispose();
        }
    }

    /// <summary>
    /// Visits the block at an address of the range, if a block of the heap that begins an object is there now. Any address may be
    /// given. Otherwise like <see cref="Run"/>.
    /// </summary>
    public static void At<TVisitor>(Participant* me, PoolHeap* heap, void* address, ref TVisitor visitor)
        where TVisitor : struct, IBlockVisitor
    {
        if (heap == null || !AddressRange.Contains(address)) return;
        visitor.Prepare(1);
        Epoch.Enter(me);
        heap->Gate.Enter();
        if (!PoolHeap.IsDeleted(heap) && Heap.Of(address) == heap && IsListed(heap, ChunkTable.EntryOf(address)->Chunk))
        {
            Page* page = ChunkTable.PageOf(address);
            nuint offset = (nuint)((byte*)address - page->Start);
            if (IsOfObjects(page, out int made) && offset % page->BlockSize == 0 && offset / page->BlockSize < (nuint)made)
                Visit(page, (byte*)address, ref visitor);
        }
        heap->Gate.Exit();
        Epoch.Exit(me);
    }

    // Descriptors are reused, but never freed.
    static bool IsListed(PoolHeap* heap, Chunk* chunk) =>
        chunk != null && chunk->Heap == heap && chunk->IsListed && !chunk->IsLarge;

    static void List(PoolHeap* heap, ref NativeList<nint> chunks)
    {
        for (bool complete = false; !complete;)
        {
            int room = 16 + (int)(PoolHeap.ReservedBytes(heap) >> AddressRange.ChunkShift);
            chunks.Clear();
            chunks.Reserve(room);
            heap->Gate.Enter();
            Chunk* chunk = PoolHeap.Chunks(heap);
            for (; chunk != null && chunks.Count < room; chunk = chunk->Next)
            {
                if (!chunk->IsLarge) chunks.Add((nint)chunk);
            }
            complete = chunk == null;
            heap->Gate.Exit();
        }
    }

    static void Visit<TVisitor>(Page* page, ref TVisitor visitor) where TVisitor : struct, IBlockVisitor
    {
        if (!IsOfObjects(page, out int made)) return;
        byte* block = page->Start;
        for (int i = 0; i < made; i++, block += page->BlockSize) Visit(page, block, ref visitor);
    }

    static bool IsOfObjects(Page* page, out int made)
    {
        made = 0;
        // Acquire: pairs with the release in LocalHeap.NewPage. A page that is released meanwhile keeps its memory until the gate
        // is free.
        if (Volatile.Read(ref *(byte*)&page->Kind) != (byte)PageKind.Blocks || !SizeClass.IsOfObjects(page->SizeClass))
            return false;
        // Acquire: pairs with the release in Page.Extend.
        made = Volatile.Read(ref page->Made);
        Debug.Assert(made <= page->Capacity);
        return true;
    }

    static void Visit<TVisitor>(Page* page, byte* block, ref TVisitor visitor) where TVisitor : struct, IBlockVisitor
    {
        // Acquire: pairs with the release store of the object's maker.
        nuint first = Volatile.Read(ref *(nuint*)block);
        if (first != 0 && first - (nuint)page->Start >= Page.Size) visitor.Visit(block);
    }
}

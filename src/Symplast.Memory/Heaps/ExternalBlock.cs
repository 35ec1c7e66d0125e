namespace Symplast.Memory;

/// <summary>
/// The header of memory that belongs to a heap, but lies outside its chunks and may outlive it. The heap lists all its external
/// blocks, for its statistics and its end. Retired external blocks wait in <see cref="Limbo"/> with the other blocks.
/// </summary>
internal unsafe struct ExternalBlock
{
    // Under the heap's gate, except the size and the function, which do not change.

    internal PoolHeap* Heap;
    ExternalBlock* _next;
    ExternalBlock* _previous;

    /// <summary>Bytes, including all headers.</summary>
    internal nuint Size;

    /// <summary>Called when the grace period is over, or the heap is deleted. The block is not listed any more then.</summary>
    internal delegate*<ExternalBlock*, void> End;

    /// <summary>Enters a block in the list of a heap. Thread-safe.</summary>
    internal static void List(PoolHeap* heap, ExternalBlock* block)
    {
        heap->Gate.Enter();
        block->Heap = heap;
        block->_next = heap->External;
        if (block->_next != null) block->_next->_previous = block;
        heap->External = block;
        heap->ExternalCount++;
        heap->ExternalBytes += (long)block->Size;
        heap->Gate.Exit();
    }

    /// <summary>Ends a block whose grace period is over. Thread-safe.</summary>
    internal static void LetGo(ExternalBlock* block)
    {
        Unlist(block);
        block->End(block);
    }

    /// <summary>Ends all blocks of a heap that no thread may use any more.</summary>
    internal static void LetAllGo(PoolHeap* heap)
    {
        // The gate protects against threads that count the heap's blocks.
        heap->Gate.Enter();
        ExternalBlock* block = heap->External;
        heap->External = null;
        heap->ExternalCount = heap->ExternalBytes = 0;
        heap->Gate.Exit();
        while (block != null)
        {
            ExternalBlock* next = block->_next;
            block->End(block);
            block = next;
        }
    }

    /// <summary>Whether a heap's list is in order. Its gate is held.</summary>
    internal static bool AreListed(PoolHeap* heap)
    {
        long count = 0;
        long bytes = 0;
        ExternalBlock* previous = null;
        for (ExternalBlock* block = heap->External; block != null; previous = block, block = block->_next)
        {
            if (block->Heap != heap || block->_previous != previous) return false;
            count++;
            bytes += (long)block->Size;
        }
        return count == heap->ExternalCount && bytes == heap->ExternalBytes;
    }

    static void Unlist(ExternalBlock* block)
    {
        PoolHeap* heap = block->Heap;
        heap->Gate.Enter();
        if (block->_previous != null) block->_previous->_next = block->_next;
        else heap->External = block->_next;
        if (block->_next != null) block->_next->_previous = block->_previous;
        heap->ExternalCount--;
        heap->ExternalBytes -= (long)block->Size;
        heap->Gate.Exit();
    }
}

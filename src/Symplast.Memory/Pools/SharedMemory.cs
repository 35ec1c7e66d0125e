namespace Symplast.Memory;

/// <summary>The start of this floor: what a program calls once, before its first pool.</summary>
public static unsafe class SharedMemory
{
    /// <summary>
    /// Reserves the addresses of all pools, and starts the heaps and the epochs, each with what an upper one does for it.
    /// Idempotent, not thread-safe.
    /// </summary>
    /// <exception cref="OutOfMemoryException">Not even 1 GiB of address space can be had, or there is no memory for the
    /// heaps.</exception>
    public static void Start()
    {
        AddressRange.Reserve();
        HeapTable.Start(&PoolTable.HeapReleased);
        Epoch.Start(&LocalHeap.AbandonAll);
    }
}

using Symplast.Memory;

namespace Symplast.Objects.Tests;

/// <summary>Heaps in which what is freed is poisoned, held back and checked, so that a use after the free shows.</summary>
internal static unsafe class CheckedHeap
{
    /// <summary>The heap of a new pool.</summary>
    internal static PoolHeap* Create(string name)
    {
        HeapDebug.Start(1 << 20);
        PoolHeap* heap = Pool.Create(name).LiveHeap();
        HeapDebug.Stop();
        return heap;
    }
}

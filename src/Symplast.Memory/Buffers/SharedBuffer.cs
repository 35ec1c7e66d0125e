using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// Memory that belongs to an object of a pool and can outlive it and the pool: it is <em>exported</em> to code that asks nobody
/// before it reads or writes, and stays until the last export has ended. This is the descriptor; the memory follows it.
/// </summary>
/// <remarks>
/// <para>It lies outside the pool's chunks, so that everything else of a deleted pool goes back at once. It counts against the
/// pool's limit, and in its statistics, until its owner dies or is deleted. Large ones are mapped, so that what nobody has
/// written costs nothing. They are not left to wait with the blocks: if no other section is open when the owner dies, which
/// sections are short enough for, they go at once.</para>
/// <para>The heap has a list of its buffers, by which the deletion of the pool finds them. How owner, exports and memory end:
/// <see cref="BufferLife"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = HeaderSize)]
public unsafe struct SharedBuffer
{
    /// <summary>Bytes before the memory, which is aligned to as many: a cache line.</summary>
    public const int HeaderSize = 64;

    // How often to look whether other sections have ended.
    const int Tries = 8;
    const nuint Smallest = 128;
    const nuint SystemPage = 4096;
    const ulong Largest = 1ul << 46;

    /// <summary>Larger ones are mapped.</summary>
    internal const nuint LargestAllocated = 2 * Page.Size;

    // What the heap knows of it.
    [FieldOffset(0)]
    ExternalBlock _block;

    [FieldOffset(40)]
    long _life;

    /// <summary>For the owner's use, and that of those to whom it is exported: the number of elements.</summary>
    [FieldOffset(48)]
    public nint Count;

    [FieldOffset(56)]
    bool _isMapped;

    /// <summary>All its bytes.</summary>
    public static nuint SizeOf(SharedBuffer* buffer) => buffer->_block.Size;

    /// <summary>The memory.</summary>
    public static byte* Data(SharedBuffer* buffer) => (byte*)buffer + HeaderSize;

    /// <summary>
    /// A buffer with so many bytes, all zero, which is its owner's to <see cref="Retire"/>; null if there is no memory or the
    /// pool is full (<see cref="Participant.Failure"/> says which). Inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedBuffer* Create(Participant* me, PoolHeap* heap, nuint bytes)
    {
        Debug.Assert(Epoch.IsInside(me));
        if (HeapDebug.IsFailing() || bytes > Largest || heap == HeapTable.Gone) return Refuse(me, AllocationFailure.OutOfMemory);
        nuint size = bytes + HeaderSize;
        // A checked heap maps all, so that whoever comes too late dies.
        bool isMapped = size > LargestAllocated || heap->Quarantine != null;
        nuint granule = isMapped ? SystemPage : Smallest;
        size = (size + granule - 1) & ~(granule - 1);
        if (heap->Charge != null && !PoolCharge.TryTake(heap->Charge, (long)size)) return Refuse(me, AllocationFailure.PoolFull);
        SharedBuffer* buffer = isMapped ? Map(size) : (SharedBuffer*)Native.Allocate(size);
        if (buffer == null)
        {
            if (heap->Charge != null) PoolCharge.GiveBack(heap->Charge, (long)size);
            return Refuse(me, AllocationFailure.OutOfMemory);
        }
        buffer->_block.Size = size;
        buffer->_block.End = &LetGo;
        buffer->_isMapped = isMapped;
        ExternalBlock.List(heap, &buffer->_block);
        return buffer;
    }

    /// <summary>
    /// One more export: the memory stays until <see cref="EndExport"/>, whatever becomes of owner and pool. False if the owner
    /// died. Inside the section in which the buffer was found, or by one who exports it. Thread-safe.
    /// </summary>
    public static bool TryExport(SharedBuffer* buffer) => BufferLife.TryExport(ref buffer->_life);

    /// <summary>Ends an export. Thread-safe, anywhere, also after the pool was deleted.</summary>
    public static void EndExport(SharedBuffer* buffer)
    {
        if (BufferLife.EndExport(ref buffer->_life)) Free(buffer);
    }

    /// <summary>
    /// The owner died, or was deleted: the buffer ends when no section looks at it and nobody exports it. Once, inside a section
    /// in which the pool was not deleted, and after an interlocked operation since which no section finds it.
    /// </summary>
    public static void Retire(Participant* me, SharedBuffer* buffer)
    {
        Debug.Assert(Epoch.IsInside(me));
        PoolHeap* heap = buffer->_block.Heap;
        // What is gone does not count against the limit, as with blocks. What is still exported is those who do so.
        if (heap->Charge != null) PoolCharge.GiveBack(heap->Charge, (long)buffer->_block.Size);
        if (buffer->_block.Size > LargestAllocated && IsAlone(me))
        {
            ExternalBlock.LetGo(&buffer->_block);
            return;
        }
        BufferLife.Retire(ref buffer->_life);
        LocalHeap* local = LocalHeap.Of(me, heap);
        if (local != null) Limbo.Add(local, &buffer->_block);
    }

    // No section looks at it any more. The block is what the buffer begins with.
    static void LetGo(ExternalBlock* block)
    {
        SharedBuffer* buffer = (SharedBuffer*)block;
        if (BufferLife.LetGo(ref buffer->_life)) Free(buffer);
    }

    static SharedBuffer* Map(nuint size)
    {
        byte* memory = Libc.Map(null, size, Libc.ProtReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        return memory == Libc.MapFailed ? null : (SharedBuffer*)memory;
    }

    static bool IsAlone(Participant* me)
    {
        for (int turn = 0; turn < Tries; turn++)
        {
            if (Epoch.IsAlone(me)) return true;
            // Others' sections may be in the midst of something; they take less than a microsecond, unless they were preempted.
            Thread.Yield();
        }
        return false;
    }

    static void Free(SharedBuffer* buffer)
    {
        if (buffer->_isMapped) Libc.Unmap(buffer, buffer->_block.Size);
        else Native.Free(buffer);
    }

    static SharedBuffer* Refuse(Participant* me, AllocationFailure failure)
    {
        me->Failure = failure;
        return null;
    }
}

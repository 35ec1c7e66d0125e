using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// The descriptor of memory that belongs to an object of a pool and can outlive the object and the pool. The memory is
/// <em>exported</em> to code that reads and writes it without asking, and stays until the last export has ended. It follows the
/// descriptor.
/// </summary>
/// <remarks>
/// <para>A buffer lies outside the pool's chunks, so everything else of a deleted pool is freed at once. It counts against the
/// pool's limit, and in its statistics, until its owner dies or is deleted. Large buffers are mapped, so parts that were never
/// written cost nothing. A large buffer does not wait with the retired blocks: it is freed at once if no other section is open
/// when the owner dies. Since sections are short, that is the usual case.</para>
/// <para>The heap has a list of its buffers, by which the deletion of the pool finds them. How owner, exports and memory end:
/// <see cref="BufferLife"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = HeaderSize)]
public unsafe struct SharedBuffer
{
    /// <summary>Bytes before the memory, which is aligned to as many: a cache line.</summary>
    public const int HeaderSize = 64;

    // How often to check whether other sections have ended.
    const int Tries = 8;
    const nuint Smallest = 128;
    const nuint SystemPage = 4096;
    const ulong Largest = 1ul << 46;

    /// <summary>Larger buffers are mapped.</summary>
    internal const nuint LargestAllocated = 2 * Page.Size;

    // The heap's descriptor of the buffer.
    [FieldOffset(0)]
    ExternalBlock _block;

    [FieldOffset(40)]
    long _life;

    /// <summary>The number of elements, for the use of the owner and of exports.</summary>
    [FieldOffset(48)]
    public nint Count;

    [FieldOffset(56)]
    bool _isMapped;

    /// <summary>All its bytes.</summary>
    public static nuint SizeOf(SharedBuffer* buffer) => buffer->_block.Size;

    /// <summary>The memory.</summary>
    public static byte* Data(SharedBuffer* buffer) => (byte*)buffer + HeaderSize;

    /// <summary>
    /// Makes a buffer with so many bytes, all zero, which its owner must <see cref="Retire"/>. Null if there is no memory or the
    /// pool is full (<see cref="Participant.Failure"/> says which). Inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedBuffer* Create(Participant* me, PoolHeap* heap, nuint bytes)
    {
        Debug.Assert(Epoch.IsInside(me));
        if (HeapDebug.IsFailing() || bytes > Largest || heap == HeapTable.Gone) return Refuse(me, AllocationFailure.OutOfMemory);
        nuint size = bytes + HeaderSize;
        // A checked heap maps every buffer, so that a late access is a segmentation fault.
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
    /// Adds an export: the memory stays until <see cref="EndExport"/>, also if the owner or the pool is deleted. False if the
    /// owner died. Inside the section in which the buffer was found, or by a caller that has an export. Thread-safe.
    /// </summary>
    public static bool TryExport(SharedBuffer* buffer) => BufferLife.TryExport(ref buffer->_life);

    /// <summary>Ends an export. Thread-safe, anywhere, also after the pool was deleted.</summary>
    public static void EndExport(SharedBuffer* buffer)
    {
        if (BufferLife.EndExport(ref buffer->_life)) Free(buffer);
    }

    /// <summary>
    /// Called once when the owner dies or is deleted. The buffer ends when no section reads it and no export is left. Inside a
    /// section in which the pool was not deleted, and after the interlocked operation that unlinked the buffer.
    /// </summary>
    public static void Retire(Participant* me, SharedBuffer* buffer)
    {
        Debug.Assert(Epoch.IsInside(me));
        PoolHeap* heap = buffer->_block.Heap;
        // A retired buffer does not count against the limit, nor does a retired block. Memory that is still exported is charged
        // to no pool.
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

    // No section reads the buffer any more. The external block is the beginning of the buffer.
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
            // Sections of other threads may be open. They take less than a microsecond, unless their threads were preempted.
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

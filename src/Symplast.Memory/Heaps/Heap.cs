using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The blocks of live objects, which any thread allocates and frees one by one. Every call is inside a section in which the pool
/// was found not deleted, unless stated otherwise.
/// </summary>
/// <remarks>
/// <para>After mimalloc and snmalloc (D. Leijen et al., 2019; P. Liétar et al., 2019): chunks of 2 MiB are divided into pages of
/// 64 KiB, a page into blocks of one <see cref="SizeClass"/>; larger blocks get neighbouring pages, or chunks. The descriptor of
/// a page lies beside it (<see cref="Page"/>), so freeing needs no size and blocks have no header. A page belongs to a thread's
/// <see cref="LocalHeap"/>; that thread allocates and frees in it without atomic operations. All other threads free a block by
/// one compare-and-swap.</para>
/// <para>Levels, from the fastest: the free list of the first page of the class; blocks of this page that other threads freed;
/// untouched memory in this page; other pages of the class; full pages in which other threads have freed blocks since; pages of
/// threads that have ended; a free page of the pool (<see cref="PoolHeap"/>); a chunk of the address range.</para>
/// <para>A forked child must not call these methods: threads that it does not have may hold the gates
/// (<see cref="ForkGuard"/>).</para>
/// </remarks>
public static unsafe class Heap
{
    const nuint LargestInChunk = 1 << 20;
    const ulong LargestBlock = 1ul << 46;

    /// <summary>
    /// The heap that owns the address of a block, or null if its pool was deleted. The block must be in the address range. A
    /// caller that keeps an address of another pool across that pool's deletion must pin the heap. Thread-safe, inside a section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Acquire: pairs with the release in ChunkTable.Set.
    public static PoolHeap* Of(void* block) => (PoolHeap*)Volatile.Read(ref *(nint*)&ChunkTable.EntryOf(block)->Heap);

    /// <summary>
    /// Begins a section, as <see cref="Section.Enter"/>, and tells whether the pool of a block was deleted. If not, its
    /// memory stays until the section ends.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Section Enter(Participant* me, void* block, out bool isDeleted)
    {
        Section section = Section.Enter(me);
        isDeleted = PoolHeap.IsDeleted(Of(block));
        return section;
    }

    /// <summary>
    /// A block of at least <paramref name="size"/> bytes, aligned to 16, whose contents are undefined; null if there is no memory
    /// or the pool is full (<see cref="Participant.Failure"/> says which).
    /// </summary>
    public static void* Allocate(Participant* me, PoolHeap* heap, nuint size)
    {
        uint slot = (uint)heap->Slot;
        if (slot < (uint)me->CacheCount && HeapEntry.Of(me)[slot].Serial == heap->Pass && size <= SizeClass.Largest)
        {
            Page* page = LocalHeap.QueueOf(HeapEntry.Of(me)[slot].Local, SizeClass.Of(size))->First;
            void* block = page->Free;
            if (block != null)
            {
                page->Free = *(void**)block;
                page->Used++;
                return block;
            }
        }
        return AllocateSlowly(me, heap, size);
    }

    /// <summary>
    /// Allocates a block that replaces one at least as large, which the caller retires before its section ends. The pool's limit
    /// does not apply, so a full pool can be emptied.
    /// </summary>
    public static void* AllocateInExchange(Participant* me, PoolHeap* heap, nuint size) =>
        heap->Charge == null ? Allocate(me, heap, size) : AllocateSlowly(me, heap, size, isExchange: true);

    /// <summary>
    /// Allocates a block that begins an object, of at most <see cref="SizeClass.Largest"/> bytes. Such blocks lie on pages of
    /// their own, where <see cref="HeapWalk"/> finds them. The first word of a block that is not yet, or no longer, an object
    /// must not look like an object's: the maker of an object stores it last.
    /// </summary>
    public static void* AllocateObject(Participant* me, PoolHeap* heap, nuint size)
    {
        Debug.Assert(size <= SizeClass.Largest);
        uint slot = (uint)heap->Slot;
        if (slot < (uint)me->CacheCount && HeapEntry.Of(me)[slot].Serial == heap->Pass)
        {
            Page* page = LocalHeap.QueueOf(HeapEntry.Of(me)[slot].Local, SizeClass.OfObject(size))->First;
            void* block = page->Free;
            if (block != null)
            {
                page->Free = *(void**)block;
                page->Used++;
                return block;
            }
        }
        return AllocateSlowly(me, heap, size, SizeClass.Count);
    }

    /// <summary>Frees a block that no other thread can have seen, or whose grace period is over.</summary>
    public static void Free(Participant* me, void* block)
    {
        Page* page = ChunkTable.PageOf(block);
        if (page->Local->Owner == me) LocalHeap.Free(page, block);
        else FreeSlowly(me, page, block);
    }

    /// <summary>
    /// Retires a block that was just unlinked by an interlocked operation. It is freed once no section that may have seen it is
    /// open.
    /// </summary>
    public static void Retire(Participant* me, void* block)
    {
        Debug.Assert(Epoch.IsInside(me));
        PoolHeap* heap = ChunkTable.EntryOf(block)->Heap;
        Page* page = ChunkTable.PageOf(block);
        if (heap->IsRouted) CheckRetired(heap, page, block);
        LocalHeap* local = LocalHeap.Of(me, heap);
        if (local != null) Limbo.Add(local, block, page->BlockSize);
    }

    /// <summary>Usable bytes of a block.</summary>
    public static nuint SizeOf(void* block) => ChunkTable.PageOf(block)->BlockSize;

    /// <summary>
    /// Frees the blocks that the calling thread has retired or that ended threads left, as far as no open section prevents it,
    /// and returns unused memory to the system. Most effective outside a section. The pool may be deleted.
    /// </summary>
    public static void Collect(Participant* me, PoolHeap* heap)
    {
        Epoch.BuryDead();
        // The grace period of blocks that are retired now is over after two advances, if no section is open.
        for (int turn = 0; turn < 3; turn++)
        {
            Epoch.Enter(me);
            if (!PoolHeap.IsDeleted(heap))
            {
                LocalHeap* local = LocalHeap.Of(me, heap);
                if (local != null) LocalHeap.Collect(local);
                PoolHeap.Trim(heap, all: true);
            }
            Epoch.Exit(me);
            Epoch.TryAdvance();
        }
        HeapTable.Sweep();
    }

    /// <summary>
    /// Notes a reference into the heap from outside its pool. Until <see cref="Unpin"/> the addresses stay the pool's even if the
    /// pool is deleted, so that <see cref="Of(void*)"/> returns the deleted heap. Inside a section in which the heap was not
    /// deleted, or by a caller that holds a pin. Thread-safe.
    /// </summary>
    public static void Pin(PoolHeap* heap) => HeapPins.Add(heap);

    /// <summary>Removes a pin. Thread-safe, also outside sections.</summary>
    public static void Unpin(PoolHeap* heap)
    {
        if (HeapPins.Remove(heap)) HeapTable.Unpinned(heap);
    }

    /// <summary>
    /// The number of blocks that were allocated and neither freed nor retired. Exact if no thread allocates or frees meanwhile.
    /// Thread-safe, also outside sections.
    /// </summary>
    public static long LiveBlocks(PoolHeap* heap) => HeapCount.Of(heap).LiveBlocks;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void* AllocateSlowly(Participant* me, PoolHeap* heap, nuint size, nuint firstClass = 0, bool isExchange = false)
    {
        Debug.Assert(Epoch.IsInside(me));
        if (HeapDebug.IsFailing() || size > LargestBlock || heap == HeapTable.Gone)
            return Refuse(me, AllocationFailure.OutOfMemory);
        if (size == 0) size = 1;
        size = RoundUp(size);
        if (isExchange) PoolCharge.Take(heap->Charge, (long)size);
        else if (heap->Charge != null && !PoolCharge.TryTake(heap->Charge, (long)size))
            return Refuse(me, AllocationFailure.PoolFull);
        void* block = size <= SizeClass.Largest
            ? AllocateSmall(me, heap, firstClass + SizeClass.Of(size)) : AllocateLarge(heap, size);
        if (block != null)
        {
            if (heap->Quarantine != null) HeapDebug.Allocated(block);
            return block;
        }
        if (heap->Charge != null) PoolCharge.GiveBack(heap->Charge, (long)size);
        return Refuse(me, AllocationFailure.OutOfMemory);
    }

    // The usable bytes of a block of this size.
    static nuint RoundUp(nuint size) =>
        size <= SizeClass.Largest ? SizeClass.BlockSize(SizeClass.Of(size)) : (size + Page.Size - 1) & ~(Page.Size - 1);

    static void* Refuse(Participant* me, AllocationFailure failure)
    {
        me->Failure = failure;
        return null;
    }

    static void* AllocateSmall(Participant* me, PoolHeap* heap, nuint sizeClass)
    {
        LocalHeap* local = LocalHeap.Of(me, heap);
        return local == null ? null : LocalHeap.Allocate(local, sizeClass);
    }

    static void* AllocateLarge(PoolHeap* heap, nuint size)
    {
        if (size > LargestInChunk) return PoolHeap.TakeLarge(heap, size);
        int pages = (int)(size >> Page.Shift);
        Page* page = PoolHeap.TakePages(heap, pages);
        if (page == null) return null;
        page->BlockSize = size;
        page->Kind = PageKind.Large;
        return page->Start;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void FreeSlowly(Participant* me, Page* page, void* block)
    {
        PoolHeap* heap = page->Chunk->Heap;
        if (heap->Charge != null) PoolCharge.GiveBack(heap->Charge, (long)page->BlockSize);
        if (heap->Quarantine != null) HeapDebug.Free(me, page, block, wasRetired: false);
        else FreeNow(me, page, block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void CheckRetired(PoolHeap* heap, Page* page, void* block)
    {
        if (heap->Quarantine != null) HeapDebug.Retired(page, block);
        // A retired block does not count against the limit. Limbo bounds the bytes that wait.
        if (heap->Charge != null) PoolCharge.GiveBack(heap->Charge, (long)page->BlockSize);
    }

    /// <summary>Frees a block without checking or counting it.</summary>
    internal static void FreeNow(Participant* me, Page* page, void* block)
    {
        if (page->Local->Holder == me) LocalHeap.Free(page, block);
        else if (page->Kind == PageKind.Large) FreeLarge(page);
        else RemoteList.Push(page, block, block, 1);
    }

    /// <summary>Frees a block that has pages or chunks of its own.</summary>
    internal static void FreeLarge(Page* page)
    {
        Chunk* chunk = page->Chunk;
        if (chunk->IsLarge) PoolHeap.GiveLarge(chunk->Heap, chunk);
        else PoolHeap.GivePages(chunk->Heap, page, (int)(page->BlockSize >> Page.Shift));
    }
}

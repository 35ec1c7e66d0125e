using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>A participant's part of a pool's heap; valid if the serial number is that of the heap.</summary>
internal unsafe struct HeapEntry
{
    internal ulong Serial;
    internal LocalHeap* Local;

    /// <summary>The entries of a participant, by the pool's slot; made at first use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static HeapEntry* Of(Participant* participant) => (HeapEntry*)participant->Caches;
}

/// <summary>
/// The pages of one class that may have free blocks; the first is never null, but may be <see cref="HeapTable.Empty"/>.
/// </summary>
internal unsafe struct PageQueue
{
    internal Page* First;
    internal Page* Last;
}

/// <summary>
/// A thread's part of a pool's heap: the pages from which the thread allocates, and its <see cref="Limbo"/>. When the thread
/// ends, its local heap is abandoned to the pool. The next thread that needs a local heap takes it over as a whole, or other
/// threads take its pages one by one.
/// </summary>
/// <remarks>
/// Only the thread that holds the local heap uses it, except <see cref="Owner"/>, <see cref="Holder"/> and <see cref="Ready"/>.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = Queues + SizeClass.CountWithObjects * 16)]
internal unsafe struct LocalHeap
{
    const int Queues = 384;

    // Before a page is requested, so many retired blocks are freed if possible.
    const int LimboPortion = 64;

    /// <summary>The participant that may free blocks of these pages without any check; null if none may.</summary>
    [FieldOffset(0)]
    internal Participant* Owner;

    /// <summary>The participant that holds the local heap; null if the local heap is abandoned.</summary>
    [FieldOffset(8)]
    internal Participant* Holder;

    [FieldOffset(16)]
    internal PoolHeap* Heap;

    /// <summary>The heap's number; 0 once the heap is gone.</summary>
    [FieldOffset(24)]
    internal ulong Serial;

    /// <summary>Next in the list of all local heaps of the heap.</summary>
    [FieldOffset(32)]
    internal LocalHeap* Next;

    /// <summary>Next in the list of abandoned local heaps.</summary>
    [FieldOffset(40)]
    internal LocalHeap* NextIdle;

    /// <summary>
    /// Page*: the list of formerly full pages in which another thread has freed a block. Any thread pushes on it; the holder
    /// takes the whole list.
    /// </summary>
    [FieldOffset(128)]
    internal nint Ready;

    /// <summary>Pages without a free block.</summary>
    [FieldOffset(256)]
    internal Page* Full;

    /// <summary>See <see cref="Memory.Limbo"/>.</summary>
    [FieldOffset(264)]
    internal Limbo Limbo;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PageQueue* QueueOf(LocalHeap* local, nuint sizeClass) => (PageQueue*)((byte*)local + Queues) + sizeClass;

    /// <summary>The thread's local heap, made or taken over at first use; null if there is no memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static LocalHeap* Of(Participant* me, PoolHeap* heap)
    {
        uint slot = (uint)heap->Slot;
        return slot < (uint)me->CacheCount && HeapEntry.Of(me)[slot].Serial == heap->Serial
            ? HeapEntry.Of(me)[slot].Local : Make(me, heap);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static LocalHeap* Make(Participant* me, PoolHeap* heap)
    {
        if (heap->Slot >= me->CacheCount && !Grow(me, heap->Slot + 1)) return null;
        Epoch.BuryDead();
        HeapTable.Enter();
        LocalHeap* local = TakeAbandoned(heap, evenEmpty: true);
        if (local == null)
        {
            local = HeapTable.TakeLocal();
            if (local != null) Initialize(local, heap);
        }
        HeapTable.Exit();
        if (local == null) return null;
        local->Holder = me;
        local->Owner = heap->IsRouted ? null : me;
        HeapEntry.Of(me)[heap->Slot] = new HeapEntry { Serial = heap->Serial, Local = local };
        return local;
    }

    static bool Grow(Participant* me, int needed)
    {
        int capacity = Math.Max(needed, Math.Max(me->CacheCount * 2, 16));
        HeapEntry* larger = (HeapEntry*)Native.Allocate((nuint)capacity * (nuint)sizeof(HeapEntry));
        if (larger == null) return false;
        for (int i = 0; i < me->CacheCount; i++) larger[i] = HeapEntry.Of(me)[i];
        Native.Free(me->Caches);
        me->Caches = larger;
        me->CacheCount = capacity;
        return true;
    }

    // HeapTable's gate is held.
    static void Initialize(LocalHeap* local, PoolHeap* heap)
    {
        *local = new LocalHeap { Heap = heap, Serial = heap->Serial, Next = heap->Locals };
        for (nuint i = 0; i < SizeClass.CountWithObjects; i++) *QueueOf(local, i) = new PageQueue { First = HeapTable.Empty };
        heap->Locals = local;
    }

    /// <summary>
    /// Abandons to their pools all local heaps of a participant that leaves or is dead. No other thread advances meanwhile.
    /// </summary>
    internal static void AbandonAll(Participant* participant)
    {
        HeapTable.Enter();
        for (int i = 0; i < participant->CacheCount; i++)
        {
            HeapEntry entry = HeapEntry.Of(participant)[i];
            // Serial numbers of local heaps change under the gate that is held now. If the number is unchanged, the heap exists,
            // and this is the participant's part of it.
            if (entry.Serial == 0 || entry.Local->Serial != entry.Serial) continue;
            entry.Local->Owner = null;
            entry.Local->Holder = null;
            GiveAbandoned(entry.Local, isEmpty: false);
        }
        HeapTable.Exit();
        Native.Free(participant->Caches);
        participant->Caches = null;
        participant->CacheCount = 0;
    }

    // A local heap with contents is preferred. Only a thread that has none takes an empty one.
    static LocalHeap* TakeAbandoned(PoolHeap* heap, bool evenEmpty)
    {
        heap->Gate.Enter();
        LocalHeap* local = heap->Abandoned;
        if (local != null) heap->Abandoned = local->NextIdle;
        else if (evenEmpty && heap->Unused != null)
        {
            local = heap->Unused;
            heap->Unused = local->NextIdle;
        }
        heap->Gate.Exit();
        return local;
    }

    static void GiveAbandoned(LocalHeap* local, bool isEmpty)
    {
        PoolHeap* heap = local->Heap;
        heap->Gate.Enter();
        LocalHeap** link = isEmpty ? &heap->Unused : &heap->Abandoned;
        // Appended at the end, so that a local heap from which nothing can be taken now does not stand before others.
        while (!isEmpty && *link != null) link = &(*link)->NextIdle;
        local->NextIdle = *link;
        *link = local;
        heap->Gate.Exit();
    }

    /// <summary>
    /// Allocates a block of a class by every available means; null if there is no memory. The caller holds the local heap.
    /// </summary>
    internal static void* Allocate(LocalHeap* local, nuint sizeClass)
    {
        PageQueue* queue = QueueOf(local, sizeClass);
        bool adopted = false;
        bool relieved = false;
        while (true)
        {
            Page* page = FindFree(local, queue);
            if (page == null)
            {
                if (TakeReady(local)) continue;
                if (Limbo.FreeSome(local, LimboPortion)) continue;
                if (!adopted && local->Heap->Abandoned != null)
                {
                    adopted = true;
                    Adopt(local);
                    continue;
                }
                page = NewPage(local, sizeClass);
                if (page == null)
                {
                    if (relieved || !Limbo.Relieve(local)) return null;
                    relieved = true;
                    continue;
                }
            }
            void* block = page->Free;
            page->Free = *(void**)block;
            page->Used++;
            return block;
        }
    }

    // The first page of the queue that has a free block. Full pages before it are moved to the list of full pages.
    static Page* FindFree(LocalHeap* local, PageQueue* queue)
    {
        while (queue->First != HeapTable.Empty)
        {
            Page* page = queue->First;
            if (page->Free == null) RemoteList.Take(page);
            if (page->Free == null && page->Made < page->Capacity) Page.Extend(page);
            if (page->Free != null) return page;
            Park(local, queue, page);
        }
        return null;
    }

    static void Park(LocalHeap* local, PageQueue* queue, Page* page)
    {
        // A page in which other threads have just freed blocks stays.
        if (!RemoteList.TryPark(page)) return;
        Unlink(queue, page);
        page->Attention = Page.Always;
        page->Previous = null;
        page->Next = local->Full;
        if (page->Next != null) page->Next->Previous = page;
        local->Full = page;
        Invariants.Check(page, &HeapInvariants.IsPageValid);
    }

    // Removes a page from the list of full pages. No thread is about to push it on the ready list.
    static void Unpark(LocalHeap* local, Page* page)
    {
        UnlinkFull(local, page);
        page->Attention = 0;
        Append(QueueOf(local, page->SizeClass), page);
        Invariants.Check(page, &HeapInvariants.IsPageValid);
    }

    static void UnlinkFull(LocalHeap* local, Page* page)
    {
        if (page->Previous != null) page->Previous->Next = page->Next;
        else local->Full = page->Next;
        if (page->Next != null) page->Next->Previous = page->Previous;
    }

    // Takes back the full pages in which other threads have freed blocks; false if there were none.
    static bool TakeReady(LocalHeap* local)
    {
        Page* page = RemoteList.TakeReady(local);
        if (page == null) return false;
        while (page != null)
        {
            Page* next = page->NextReady;
            RemoteList.Join(page);
            Unpark(local, page);
            if (page->Used == 0) Empty(local, page);
            page = next;
        }
        return true;
    }

    /// <summary>Frees a block of a page of the local heap. The caller holds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Free(Page* page, void* block)
    {
        *(void**)block = page->Free;
        page->Free = block;
        if (--page->Used <= page->Attention) Attend(page);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Attend(Page* page)
    {
        LocalHeap* local = page->Local;
        if (page->Attention == Page.Always)
        {
            if (!RemoteList.TryUnpark(page)) return;
            Unpark(local, page);
        }
        if (page->Used == 0) Empty(local, page);
    }

    // The page has no block in use any more, so no other thread has a pointer into it. The first page of a queue stays: it would
    // soon be needed again.
    static void Empty(LocalHeap* local, Page* page)
    {
        PageQueue* queue = QueueOf(local, page->SizeClass);
        if (queue->First == page) return;
        Invariants.Check(page, &HeapInvariants.IsPageValid);
        Unlink(queue, page);
        PoolHeap.GivePages(local->Heap, page, 1);
    }

    static Page* NewPage(LocalHeap* local, nuint sizeClass)
    {
        Page* page = PoolHeap.TakePages(local->Heap, 1);
        if (page == null) return null;
        PageQueue* queue = QueueOf(local, sizeClass);
        page->Free = null;
        page->Used = 0;
        page->Attention = 0;
        page->BlockSize = SizeClass.BlockSize(sizeClass);
        page->SizeClass = (byte)sizeClass;
        page->Made = 0;
        page->Capacity = (int)(Page.Size / page->BlockSize);
        page->Local = local;
        page->Remote = 0;
        // Release: pairs with the acquire in HeapWalk, which sees no more of a new page than what was made of it.
        Volatile.Write(ref *(byte*)&page->Kind, (byte)PageKind.Blocks);
        Append(queue, page);
        Page.Extend(page);
        Invariants.Check(page, &HeapInvariants.IsPageValid);
        return page;
    }

    static void Append(PageQueue* queue, Page* page)
    {
        page->Next = null;
        if (queue->First == HeapTable.Empty)
        {
            page->Previous = null;
            queue->First = page;
        }
        else
        {
            page->Previous = queue->Last;
            queue->Last->Next = page;
        }
        queue->Last = page;
    }

    static void Unlink(PageQueue* queue, Page* page)
    {
        if (page->Next != null) page->Next->Previous = page->Previous;
        else queue->Last = page->Previous;
        if (page->Previous != null) page->Previous->Next = page->Next;
        else queue->First = page->Next != null ? page->Next : HeapTable.Empty;
    }

    /// <summary>
    /// Takes over as much as possible of one abandoned local heap. False if there is none, or if something is left in it. The
    /// caller holds <paramref name="local"/>.
    /// </summary>
    static bool Adopt(LocalHeap* local)
    {
        PoolHeap* heap = local->Heap;
        LocalHeap* abandoned = TakeAbandoned(heap, evenEmpty: false);
        if (abandoned == null) return false;
        Limbo.Move(abandoned, local);
        TakeReady(abandoned);
        Page* next;
        for (Page* page = abandoned->Full; page != null; page = next)
        {
            next = page->Next;
            // If that fails, the page is on its way to the ready list of this local heap.
            if (RemoteList.TryUnpark(page)) Unpark(abandoned, page);
        }
        for (nuint i = 1; i < SizeClass.CountWithObjects; i++)
        {
            PageQueue* from = QueueOf(abandoned, i);
            while (from->First != HeapTable.Empty)
            {
                Page* page = from->First;
                Unlink(from, page);
                // Others compare it with theirs, or look at it for a page that is parked, which this is not.
                page->Local = local;
                RemoteList.Join(page);
                if (page->Used == 0) PoolHeap.GivePages(heap, page, 1);
                else Append(QueueOf(local, i), page);
            }
        }
        bool isEmpty = abandoned->Full == null;
        GiveAbandoned(abandoned, isEmpty);
        return isEmpty;
    }

    /// <summary>
    /// Takes back all blocks that other threads have freed, takes over abandoned local heaps, and releases empty pages. The
    /// caller holds the local heap.
    /// </summary>
    internal static void Collect(LocalHeap* local)
    {
        while (Adopt(local)) { }
        Limbo.FreeAll(local);
        if (local->Heap->Quarantine != null) HeapDebug.Release(local->Holder, local->Heap->Quarantine, all: true);
        TakeReady(local);
        for (nuint i = 1; i < SizeClass.CountWithObjects; i++)
        {
            PageQueue* queue = QueueOf(local, i);
            Page* next;
            for (Page* page = queue->First; page != HeapTable.Empty && page != null; page = next)
            {
                next = page->Next;
                RemoteList.Join(page);
                if (page->Used != 0) continue;
                Unlink(queue, page);
                PoolHeap.GivePages(local->Heap, page, 1);
            }
        }
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The protocol by which a page passes between its owner and the threads that free its blocks. <see cref="Page"/>'s remarks list
/// the states and transitions.
/// </summary>
internal static unsafe class RemoteList
{
    /// <summary>
    /// Frees a chain of blocks of the page, linked through their first words, from a thread that does not own it. Thread-safe.
    /// </summary>
    internal static void Push(Page* page, void* first, void* last, int count)
    {
        nuint start = (nuint)first & ~(Page.Size - 1);
        Interleaving.DeepPoint();
        // No order is needed for this load: the compare-and-swap decides.
        ulong seen = Volatile.Read(ref page->Remote);
        while (true)
        {
            ulong listed = seen & ~Page.Parked;
            *(nuint*)last = listed == 0 ? 0 : start + (uint)listed;
            ulong list = (((listed >> 32) + (ulong)count) << 32) | (uint)((nuint)first - start);
            Interleaving.DeepPoint();
            if (HeapAtomics.TryPush(page, list, ref seen)) break;
        }
        // The exchange that parked the page came after all changes of the page by its owner, so Local is the local heap that
        // waits for the page until this thread hands it over.
        if (HeapAtomics.IsParked(seen)) PushReady(page->Local, page);
    }

    /// <summary>The owner takes the blocks that other threads freed. The page must have no free block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Take(Page* page)
    {
        Debug.Assert(page->Free == null);
        Interleaving.DeepPoint();
        // Only avoids useless exchanges.
        if (Volatile.Read(ref page->Remote) == 0) return;
        Interleaving.DeepPoint();
        // Full fence: pairs with the exchange in TryPush.
        ulong list = Interlocked.Exchange(ref page->Remote, 0);
        page->Free = page->Start + (uint)list;
        page->Used -= (int)(list >> 32);
    }

    /// <summary>The owner takes the blocks that other threads freed, for a page that may have free blocks.</summary>
    internal static void Join(Page* page)
    {
        void* free = page->Free;
        page->Free = null;
        Take(page);
        if (free == null) return;
        void* last = page->Free;
        if (last == null)
        {
            page->Free = free;
            return;
        }
        while (*(void**)last != null) last = *(void**)last;
        *(void**)last = free;
    }

    /// <summary>The owner parks the page until it is handed over. False if other threads have just freed blocks.</summary>
    internal static bool TryPark(Page* page)
    {
        Interleaving.DeepPoint();
        return HeapAtomics.TryPark(page);
    }

    /// <summary>
    /// The owner takes a parked page back; false if another thread has pushed, and with that begun to hand it over.
    /// </summary>
    internal static bool TryUnpark(Page* page)
    {
        Interleaving.DeepPoint();
        return HeapAtomics.TryUnpark(page);
    }

    /// <summary>Hands a page back to its local heap, from any thread.</summary>
    static void PushReady(LocalHeap* local, Page* page)
    {
        Interleaving.DeepPoint();
        nint seen = Volatile.Read(ref local->Ready);
        while (true)
        {
            page->NextReady = (Page*)seen;
            Interleaving.DeepPoint();
            // Full fence: pairs with the exchange in TakeReady.
            nint prior = Interlocked.CompareExchange(ref local->Ready, (nint)page, seen);
            if (prior == seen) return;
            seen = prior;
        }
    }

    /// <summary>The pages that were handed back, linked by <see cref="Page.NextReady"/>; null if there are none.</summary>
    internal static Page* TakeReady(LocalHeap* local)
    {
        Interleaving.DeepPoint();
        // Only avoids useless exchanges.
        if (Volatile.Read(ref local->Ready) == 0) return null;
        Interleaving.DeepPoint();
        // Full fence: pairs with the exchange in PushReady.
        return (Page*)Interlocked.Exchange(ref local->Ready, 0);
    }
}

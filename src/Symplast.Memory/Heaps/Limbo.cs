using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// Retired blocks that wait for their grace period, in bags of 64. A bag is closed when it is full. Its tag is the epoch of that
/// moment, which is not older than the epoch in which any of its blocks was retired. Closed bags are emptied oldest first, a few
/// blocks with each operation (T. Brown et al., "Are your epochs too epic?", 2024).
/// </summary>
/// <remarks>
/// Part of a <see cref="LocalHeap"/>. Used by the thread that holds the local heap, inside a section, without any lock. External
/// blocks wait here, too.
/// </remarks>
internal unsafe struct Limbo
{
    /// <summary>The bytes in limbo, in all pools, above which writers are delayed.</summary>
    internal const long Pressure = 64 << 20;

    const int BagSize = 64;
    const long BagBytes = 1 << 20;
    const int Portion = 16;
    const int Chains = 8;
    const ulong IsExternal = 1;   // all are aligned

    struct Bag
    {
        internal Bag* Next;
        internal ulong Tag;
        internal long Bytes;
        internal int Count;
        internal int Done;
        internal fixed ulong Blocks[BagSize];
    }

    // Blocks of one page, to be freed at once.
    struct Chain
    {
        internal Page* Page;
        internal void* First;
        internal void* Last;
        internal int Count;
    }

    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal long Bytes;
        internal long Events;
    }

    static State _state;

    Bag* _open;
    Bag* _oldest;
    Bag* _newest;
    Bag* _spare;
    long _blocks;
    long _bytes;
    ulong _lastTag;

    /// <summary>Blocks here.</summary>
    internal readonly long Blocks => _blocks;

    /// <summary>Bytes here.</summary>
    internal readonly long Bytes => _bytes;

    /// <summary>How often a writer found too much in limbo and could free nothing.</summary>
    internal static long Events => Volatile.Read(ref _state.Events);

    /// <summary>Bytes in closed bags, in all pools.</summary>
    internal static long TotalBytes => Volatile.Read(ref _state.Bytes);

    /// <summary>Notes a block that was just unlinked.</summary>
    internal static void Add(LocalHeap* local, void* block, nuint size) => Add(local, (ulong)block, size);

    /// <summary>Notes an external block that was just retired.</summary>
    internal static void Add(LocalHeap* local, ExternalBlock* block) => Add(local, (ulong)block | IsExternal, block->Size);

    static void Add(LocalHeap* local, ulong block, nuint size)
    {
        Limbo* limbo = &local->Limbo;
        Bag* bag = limbo->_open;
        if (bag == null)
        {
            bag = NewBag(limbo);
            // The block leaks until the pool is deleted: there is no memory to list it, and it cannot be freed yet.
            if (bag == null)
            {
                Interlocked.Increment(ref _state.Events);
                return;
            }
        }
        bag->Blocks[bag->Count++] = block;
        bag->Bytes += (long)size;
        limbo->_blocks++;
        limbo->_bytes += (long)size;
        if (bag->Count == BagSize || bag->Bytes >= BagBytes) CloseAndRelieve(local);
        else if ((bag->Count & 7) == 0) FreeSome(local, Portion);
    }

    /// <summary>Frees at most so many blocks whose grace period is over; false if it found none.</summary>
    internal static bool FreeSome(LocalHeap* local, int count)
    {
        Bag* bag = local->Limbo._oldest;
        if (bag == null || !Epoch.HasPassed(bag->Tag)) return false;
        FreePassed(local, count);
        return true;
    }

    /// <summary>Closes the open bag and frees everything whose grace period is over.</summary>
    internal static void FreeAll(LocalHeap* local)
    {
        Close(local);
        FreeSome(local, int.MaxValue);
    }

    /// <summary>Frees everything that can be freed now, when memory is short. False if nothing could be freed.</summary>
    internal static bool Relieve(LocalHeap* local)
    {
        Close(local);
        // Two epochs are as far as an advance can go while the caller's own section is open.
        Epoch.TryAdvance();
        Epoch.TryAdvance();
        return FreeSome(local, int.MaxValue);
    }

    /// <summary>
    /// Closes the open bag, so that its blocks can be freed after their grace period. False if the epoch has advanced since the
    /// last call.
    /// </summary>
    internal static bool Close(LocalHeap* local)
    {
        Limbo* limbo = &local->Limbo;
        Bag* bag = limbo->_open;
        if (bag == null) return false;
        limbo->_open = null;
        // This is also the full fence between the unlinking of the bag's blocks, which may have been a plain store, and the load
        // of the tag; see EpochProtocol.
        Interlocked.Add(ref _state.Bytes, bag->Bytes);
        bag->Tag = Epoch.Now;
        bool isSame = bag->Tag == limbo->_lastTag;
        limbo->_lastTag = bag->Tag;
        if (limbo->_newest == null) limbo->_oldest = bag;
        else limbo->_newest->Next = bag;
        limbo->_newest = bag;
        return isSame;
    }

    /// <summary>Takes over the blocks in another local heap's limbo. The caller holds both local heaps.</summary>
    internal static void Move(LocalHeap* from, LocalHeap* to)
    {
        Close(from);
        Limbo* source = &from->Limbo;
        if (source->_oldest == null) return;
        Limbo* target = &to->Limbo;
        // Behind younger bags, the bags wait a little longer than necessary.
        if (target->_newest == null) target->_oldest = source->_oldest;
        else target->_newest->Next = source->_oldest;
        target->_newest = source->_newest;
        target->_blocks += source->_blocks;
        target->_bytes += source->_bytes;
        source->_oldest = source->_newest = null;
        source->_blocks = source->_bytes = 0;
    }

    /// <summary>Forgets all blocks. Their memory is released with the chunks.</summary>
    internal static void Drop(LocalHeap* local)
    {
        Limbo* limbo = &local->Limbo;
        // Closed bags count as a whole until all their blocks are freed; the open one does not yet.
        long counted = 0;
        for (Bag* bag = limbo->_oldest; bag != null; bag = bag->Next) counted += bag->Bytes;
        Interlocked.Add(ref _state.Bytes, -counted);
        Native.Free(limbo->_open);
        FreeBags(limbo->_oldest);
        FreeBags(limbo->_spare);
        *limbo = default;
    }

    static void FreeBags(Bag* bag)
    {
        while (bag != null)
        {
            Bag* next = bag->Next;
            Native.Free(bag);
            bag = next;
        }
    }

    static Bag* NewBag(Limbo* limbo)
    {
        Bag* bag = limbo->_spare;
        if (bag != null) limbo->_spare = bag->Next;
        else bag = (Bag*)Native.Allocate((nuint)sizeof(Bag));
        if (bag == null) return null;
        bag->Next = null;
        bag->Bytes = 0;
        bag->Count = 0;
        bag->Done = 0;
        limbo->_open = bag;
        return bag;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void CloseAndRelieve(LocalHeap* local)
    {
        // An advance by another thread since the last time suffices: the barrier interrupts all running threads, so it is not
        // repeated.
        bool advance = Close(local);
        if (advance) Epoch.TryAdvance();
        FreeSome(local, 2 * BagSize);
        if (TotalBytes < Pressure) return;
        Thread.Yield();
        Relieve(local);
        // The remaining blocks wait for other sections, or for the caller's own. The caller must therefore not wait here.
        if (TotalBytes >= Pressure) Interlocked.Increment(ref _state.Events);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void FreePassed(LocalHeap* local, int count)
    {
        Limbo* limbo = &local->Limbo;
        Chain* chains = stackalloc Chain[Chains];
        for (int i = 0; i < Chains; i++) chains[i].Page = null;
        bool isChecked = local->Heap->Quarantine != null;
        Bag* bag = limbo->_oldest;
        do
        {
            void* block = (void*)bag->Blocks[bag->Done++];
            limbo->_blocks--;
            if (((ulong)block & IsExternal) != 0) LetGo(limbo, (ExternalBlock*)((ulong)block - IsExternal));
            else FreeBlock(local, block, isChecked, chains);
            if (bag->Done == bag->Count)
            {
                limbo->_oldest = bag->Next;
                if (bag->Next == null) limbo->_newest = null;
                Interlocked.Add(ref _state.Bytes, -bag->Bytes);
                bag->Next = limbo->_spare;
                limbo->_spare = bag;
                bag = limbo->_oldest;
                if (bag == null || !Epoch.HasPassed(bag->Tag)) break;
            }
        } while (--count > 0);
        for (int i = 0; i < Chains; i++) Send(chains + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FreeBlock(LocalHeap* local, void* block, bool isChecked, Chain* chains)
    {
        Page* page = ChunkTable.PageOf(block);
        local->Limbo._bytes -= (long)page->BlockSize;
        if (isChecked) HeapDebug.Free(local->Holder, page, block, wasRetired: true);
        else if (page->Local->Holder == local->Holder) LocalHeap.Free(page, block);
        else if (page->Kind == PageKind.Large) Heap.FreeLarge(page);
        else Gather(chains + (((nuint)page >> 7) & (Chains - 1)), page, block);
    }

    // Out of line: external blocks are few, and inline code for them would cost each other block 5 ns.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void LetGo(Limbo* limbo, ExternalBlock* block)
    {
        limbo->_bytes -= (long)block->Size;
        ExternalBlock.LetGo(block);
    }

    static void Gather(Chain* chain, Page* page, void* block)
    {
        if (chain->Page != page)
        {
            Send(chain);
            *chain = new Chain { Page = page, First = block, Last = block, Count = 1 };
            return;
        }
        *(void**)block = chain->First;
        chain->First = block;
        chain->Count++;
    }

    static void Send(Chain* chain)
    {
        if (chain->Page != null) RemoteList.Push(chain->Page, chain->First, chain->Last, chain->Count);
    }
}

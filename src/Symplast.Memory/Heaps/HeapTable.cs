namespace Symplast.Memory;

/// <summary>
/// The state that all heaps share: descriptors, which are reused but never freed, so that a late read of one is harmless; and the
/// heaps of deleted pools that wait for their release.
/// </summary>
/// <remarks>
/// Lock order: the gate of the table is taken before the gate of a heap. A thread that holds either must not advance the epoch,
/// because an advance may find a dead thread and abandon its local heaps, which takes both gates. A fork while a thread is inside
/// leaves the child with held gates: see <see cref="ForkGuard"/>.
/// </remarks>
internal static unsafe class HeapTable
{
    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal WordLock Gate;
        internal Page* Empty;
        internal LocalHeap* Nobody;
        internal PoolHeap* Gone;
        internal Chunk* SpareChunks;
        internal LocalHeap* SpareLocals;
        internal PoolHeap* SpareHeaps;   // of pools that nothing can name any more
        internal PoolHeap* All;          // of pools that are not deleted
        internal PoolHeap* Waiting;      // emptied and not pinned, whose addresses may still be looked at
        internal delegate*<int, void> Released;
        internal ulong LastSerial;
        internal bool IsRouted;
    }

    static State _state;

    /// <summary>A page without blocks, which means "none" in queues.</summary>
    internal static Page* Empty => _state.Empty;

    /// <summary>The local heap of pages that belong to no thread.</summary>
    internal static LocalHeap* Nobody => _state.Nobody;

    /// <summary>A deleted heap, which represents a pool that had no heap when it was deleted.</summary>
    internal static PoolHeap* Gone => _state.Gone;

    /// <summary>Called once the address range is reserved. Idempotent, not thread-safe.</summary>
    /// <param name="released">Called with the slot of a deleted heap whose addresses were released after
    /// <see cref="Delete"/>.</param>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static void Start(delegate*<int, void> released)
    {
        if (_state.Gone != null) return;
        ChunkTable.Locate();
        ParkingLot.Start();
        _state.Released = released;
        _state.Gate = WordLock.Create();
        _state.Empty = (Page*)Native.Allocate((nuint)sizeof(Page));
        _state.Nobody = (LocalHeap*)Native.Allocate((nuint)sizeof(LocalHeap));
        PoolHeap* gone = (PoolHeap*)Native.Allocate((nuint)sizeof(PoolHeap));
        if (_state.Empty == null || _state.Nobody == null || gone == null) throw new InsufficientMemoryException();
        _state.Empty->Local = _state.Nobody;
        *gone = new PoolHeap { Slot = -1, DeletedFlag = 1, Pass = PoolHeap.NoPass, Gate = WordLock.Create() };
        _state.Gone = gone;
    }

    internal static void Enter() => _state.Gate.Enter();

    internal static void Exit() => _state.Gate.Exit();

    /// <summary>A heap for a pool.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static PoolHeap* Create(int slot, PoolCharge* charge)
    {
        Enter();
        PoolHeap* heap = TakePassed(ref _state.SpareHeaps);
        Exit();
        WordLock gate = heap == null ? WordLock.Create() : heap->Gate;
        if (heap == null) heap = (PoolHeap*)Native.Allocate((nuint)sizeof(PoolHeap));
        if (heap == null) throw new InsufficientMemoryException();
        Quarantine* quarantine = HeapDebug.NewQuarantine();
        *heap = new PoolHeap
        {
            Slot = slot,
            Charge = charge,
            Quarantine = quarantine,
            IsRouted = charge != null
            || quarantine != null,
            Gate = gate
        };
        Enter();
        heap->Serial = ++_state.LastSerial;
        heap->Pass = _state.IsRouted || heap->IsRouted ? PoolHeap.NoPass : heap->Serial;
        heap->NextHeap = _state.All;
        _state.All = heap;
        Exit();
        return heap;
    }

    /// <summary>Makes all allocations of the process take the slow path, or ends that.</summary>
    internal static void Route(bool routed)
    {
        Enter();
        _state.IsRouted = routed;
        for (PoolHeap* heap = _state.All; heap != null; heap = heap->NextHeap)
        {
            heap->Pass = routed || heap->IsRouted ? PoolHeap.NoPass : heap->Serial;
        }
        Exit();
    }

    /// <summary>
    /// Deletes a heap: new users are refused, open sections are waited for, and the memory is released. True if the addresses
    /// were released too; otherwise they are released after the last pin, and the pool is told. Not inside a section. Called once
    /// for a heap.
    /// </summary>
    internal static bool Delete(PoolHeap* heap)
    {
        HeapPins.Delete(heap);
        ParkingLot.UnparkAll(heap);
        Epoch.Synchronize();
        Enter();
        Unlist(heap);
        DropLocals(heap);
        if (heap->Quarantine != null) Quarantine.Destroy(heap->Quarantine);
        heap->Quarantine = null;
        Exit();
        ExternalBlock.LetAllGo(heap);
        Invariants.Check(heap, &HeapInvariants.AreChunksValid);
        bool wasPinned = HeapPins.WasPinned(heap);
        if (!wasPinned)
        {
            PoolHeap.ReleaseChunks(heap);
        }
        else
        {
            PoolHeap.EmptyChunks(heap);
            Enter();
            heap->IsEmptied = true;
            AwaitRelease(heap);
            Exit();
        }
        Sweep();
        return !wasPinned;
    }

    /// <summary>Must be called when the last pin of a deleted heap was removed.</summary>
    internal static void Unpinned(PoolHeap* heap)
    {
        Enter();
        AwaitRelease(heap);
        Exit();
        Sweep();
    }

    /// <summary>Releases the addresses of heaps whose last pin was removed a grace period ago.</summary>
    internal static void Sweep()
    {
        // Only a hint: a heap that is missed now is found by the next call.
        while (_state.Waiting != null)
        {
            Enter();
            PoolHeap* heap = TakePassed(ref _state.Waiting);
            Exit();
            if (heap == null) return;
            PoolHeap.ReleaseChunks(heap);
            _state.Released(heap->Slot);
        }
    }

    /// <summary>
    /// Recycles the descriptor of a heap to which nothing refers any more, except a section that found it by an address.
    /// </summary>
    internal static void Recycle(PoolHeap* heap)
    {
        Enter();
        heap->Tag = Epoch.Now;
        heap->NextHeap = _state.SpareHeaps;
        _state.SpareHeaps = heap;
        Exit();
    }

    /// <summary>A descriptor of a chunk, with undefined contents, or null.</summary>
    internal static Chunk* TakeChunk()
    {
        Enter();
        Chunk* chunk = _state.SpareChunks;
        if (chunk != null) _state.SpareChunks = chunk->Next;
        Exit();
        return chunk != null ? chunk : (Chunk*)Native.Allocate(Chunk.DescriptorSize);
    }

    internal static void GiveChunk(Chunk* chunk)
    {
        Enter();
        chunk->Next = _state.SpareChunks;
        _state.SpareChunks = chunk;
        Exit();
    }

    /// <summary>A descriptor of a local heap, with undefined contents, or null. The gate is held.</summary>
    internal static LocalHeap* TakeLocal()
    {
        LocalHeap* local = _state.SpareLocals;
        if (local == null) return (LocalHeap*)Native.Allocate((nuint)sizeof(LocalHeap));
        _state.SpareLocals = local->NextIdle;
        return local;
    }

    // The gate is held.
    static void Unlist(PoolHeap* heap)
    {
        if (_state.All == heap)
        {
            _state.All = heap->NextHeap;
            return;
        }
        PoolHeap* previous = _state.All;
        while (previous->NextHeap != heap) previous = previous->NextHeap;
        previous->NextHeap = heap->NextHeap;
    }

    // The gate is held.
    static void DropLocals(PoolHeap* heap)
    {
        LocalHeap* local = heap->Locals;
        while (local != null)
        {
            LocalHeap* next = local->Next;
            Limbo.Drop(local);
            local->Owner = null;
            local->Holder = null;
            local->Serial = 0;
            local->NextIdle = _state.SpareLocals;
            _state.SpareLocals = local;
            local = next;
        }
        heap->Locals = null;
        heap->Abandoned = null;
        heap->Unused = null;
    }

    // The gate is held.
    static void AwaitRelease(PoolHeap* heap)
    {
        if (!HeapPins.MayRelease(heap)) return;
        heap->Tag = Epoch.Now;
        heap->NextHeap = _state.Waiting;
        _state.Waiting = heap;
    }

    // The gate is held.
    static PoolHeap* TakePassed(ref PoolHeap* list)
    {
        PoolHeap* previous = null;
        for (PoolHeap* heap = list; heap != null; previous = heap, heap = heap->NextHeap)
        {
            if (!Epoch.HasPassed(heap->Tag)) continue;
            if (previous == null) list = heap->NextHeap;
            else previous->NextHeap = heap->NextHeap;
            return heap;
        }
        return null;
    }
}

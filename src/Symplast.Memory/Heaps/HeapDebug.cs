namespace Symplast.Memory;

/// <summary>An event that a test makes happen at an allocation.</summary>
internal interface IAllocationEvent
{
    /// <summary>
    /// Called inside the section of the allocation, by its thread. True if the allocation goes on, false if it fails.
    /// </summary>
    bool Happens();

    /// <summary>Waits until everything that the event has begun is over. Not inside a section.</summary>
    void AwaitEnd();
}

/// <summary>
/// Checks and faults on demand, for tests. A heap that was made while the checks were on keeps the state of each of its blocks.
/// It fills freed blocks with a pattern and holds them back for a while, so that a second free, a free of an address that is no
/// block, and a write after the free are found. Other heaps pay nothing: only checked heaps, and all heaps while a failure is
/// awaited, take the allocator's slow path.
/// </summary>
public static unsafe class HeapDebug
{
    /// <summary>The byte with which new blocks of a checked heap are filled.</summary>
    public const byte Fresh = 0xCD;

    /// <summary>The byte with which freed blocks of a checked heap are filled.</summary>
    public const byte Poison = 0xDD;

    // Of larger blocks only the beginning is filled and checked.
    const nuint Filled = 64 << 10;

    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal long Countdown;
        internal long Quarantine;
        internal int IsOn;
    }

    static State _state;

    // The event that happens at the chosen allocation, or null.
    static IAllocationEvent? _event;

    /// <summary>
    /// Makes the <paramref name="n"/>-th allocation from now on, in any heap and by any thread, return null as if there were no
    /// memory. 0 ends the mode. While the mode is on, all allocations are slow. Thread-safe.
    /// </summary>
    public static void FailAt(long n)
    {
        _event?.AwaitEnd();
        _event = null;
        Begin(n);
    }

    /// <summary>
    /// Makes an event happen at the n-th allocation from now on. The event decides whether the allocation goes on.
    /// </summary>
    internal static void MeetAt(long n, IAllocationEvent what)
    {
        FailAt(0);
        _event = what;
        Begin(n);
    }

    static void Begin(long n)
    {
        // Release: the event is stored. Pairs with the acquire in IsFailing.
        Volatile.Write(ref _state.Countdown, n);
        HeapTable.Route(n != 0);
    }

    /// <summary>True if the allocation that <see cref="FailAt"/> or <see cref="MeetAt"/> chose has come.</summary>
    public static bool HasFailed => Volatile.Read(ref _state.Countdown) < 0;

    /// <summary>
    /// Makes new heaps checked ones. Each holds back at most <paramref name="quarantineBytes"/> of freed blocks. Must be called
    /// while no other thread makes heaps.
    /// </summary>
    public static void Start(long quarantineBytes = 16 << 20)
    {
        _state.Quarantine = quarantineBytes;
        _state.IsOn = 1;
    }

    /// <summary>Makes new heaps ordinary ones again.</summary>
    public static void Stop() => _state.IsOn = 0;

    /// <summary>Whether this allocation is the one to fail.</summary>
    internal static bool IsFailing()
    {
        // Acquire: pairs with the release in Begin.
        if (Volatile.Read(ref _state.Countdown) <= 0) return false;
        long left = Interlocked.Decrement(ref _state.Countdown);
        if (left != 0) return false;
        Volatile.Write(ref _state.Countdown, -1);
        return _event is not { } what || !what.Happens();
    }

    /// <summary>The quarantine of a new heap, or null if the checks are off.</summary>
    internal static Quarantine* NewQuarantine() => _state.IsOn == 0 ? null : Quarantine.Create(_state.Quarantine);

    /// <summary>Notes a block that is handed out.</summary>
    internal static void Allocated(void* block)
    {
        Page* page = ChunkTable.PageOf(block);
        if (page->States == null)
        {
            page->States = (byte*)Native.Allocate(Page.Size >> 4);
            if (page->States == null) throw new InsufficientMemoryException();
        }
        Move(page, block, BlockState.None, BlockState.Live, "handed out twice");
        new Span<byte>(block, (int)Math.Min(page->BlockSize, Filled)).Fill(Fresh);
    }

    /// <summary>Notes a block that is retired.</summary>
    internal static void Retired(Page* page, void* block) =>
        Move(page, block, BlockState.Live, BlockState.Retired, "retired after it was retired or freed");

    /// <summary>Holds a freed block back, and frees it later.</summary>
    internal static void Free(Participant* me, Page* page, void* block, bool wasRetired)
    {
        Move(page, block, wasRetired
            ? BlockState.Retired : BlockState.Live, BlockState.Quarantined, "freed after it was retired or freed");
        new Span<byte>(block, (int)Math.Min(page->BlockSize, Filled)).Fill(Poison);
        Quarantine* quarantine = page->Chunk->Heap->Quarantine;
        Quarantine.Put(quarantine, block, (long)page->BlockSize);
        Release(me, quarantine, all: false);
    }

    /// <summary>Frees blocks that were held back: the oldest, as far as there are too many, or all.</summary>
    internal static void Release(Participant* me, Quarantine* quarantine, bool all)
    {
        void* block;
        while ((block = Quarantine.Take(quarantine, all)) != null)
        {
            Page* page = ChunkTable.PageOf(block);
            if (new Span<byte>(block, (int)Math.Min(page->BlockSize, Filled)).ContainsAnyExcept(Poison))
                Fail(block, "written to after it was freed");
            Move(page, block, BlockState.Quarantined, BlockState.None, "let go twice");
            Heap.FreeNow(me, page, block);
        }
    }

    static void Move(Page* page, void* block, BlockState from, BlockState to, string fault)
    {
        nuint offset = (nuint)((byte*)block - page->Start);
        if (page->Kind == PageKind.Free || page->States == null
            || (page->Kind == PageKind.Large ? offset : offset % page->BlockSize) != 0) Fail(block, "no block");
        byte* state = page->States + (offset >> 4);
        // Full fence: two threads that free one block at once are told apart.
        if (Interlocked.CompareExchange(ref *state, (byte)to, (byte)from) != (byte)from) Fail(block, fault);
    }

    static void Fail(void* block, string fault) => throw new InvalidOperationException($"block {(nuint)block:x}: {fault}");
}

/// <summary>The state of a block in a checked heap.</summary>
internal enum BlockState : byte
{
    None,
    Live,
    Retired,
    Quarantined,
}

/// <summary>Freed blocks of a checked heap that are held back, oldest first. Thread-safe.</summary>
internal unsafe struct Quarantine
{
    const int Capacity = 1 << 16;

    WordLock _gate;
    nint* _ring;
    long _first;
    long _end;
    long _max;
    long _bytes;

    internal static long Blocks(Quarantine* quarantine) => quarantine->_end - quarantine->_first;

    internal static long Bytes(Quarantine* quarantine) => quarantine->_bytes;

    internal static Quarantine* Create(long max)
    {
        Quarantine* quarantine = (Quarantine*)Native.Allocate((nuint)sizeof(Quarantine));
        nint* ring = (nint*)Native.Allocate(Capacity * (nuint)sizeof(nint));
        if (quarantine == null || ring == null) throw new InsufficientMemoryException();
        *quarantine = new Quarantine { _gate = WordLock.Create(), _ring = ring, _max = max };
        return quarantine;
    }

    internal static void Destroy(Quarantine* quarantine)
    {
        quarantine->_gate.Dispose();
        Native.Free(quarantine->_ring);
        Native.Free(quarantine);
    }

    // There is always room for one more block: each Put is followed by enough Takes.
    internal static void Put(Quarantine* quarantine, void* block, long size)
    {
        quarantine->_gate.Enter();
        while (quarantine->_end - quarantine->_first == Capacity)
        {
            quarantine->_gate.Exit();
            Thread.Yield();
            quarantine->_gate.Enter();
        }
        quarantine->_ring[quarantine->_end++ & (Capacity - 1)] = (nint)block;
        quarantine->_bytes += size;
        quarantine->_gate.Exit();
    }

    /// <summary>The oldest block, if too much is held back or <paramref name="any"/>; else null.</summary>
    internal static void* Take(Quarantine* quarantine, bool any)
    {
        void* block = null;
        quarantine->_gate.Enter();
        long count = quarantine->_end - quarantine->_first;
        if (count > 0 && (any || quarantine->_bytes > quarantine->_max || count > Capacity / 2))
        {
            block = (void*)quarantine->_ring[quarantine->_first++ & (Capacity - 1)];
            quarantine->_bytes -= (long)Heap.SizeOf(block);
        }
        quarantine->_gate.Exit();
        return block;
    }
}

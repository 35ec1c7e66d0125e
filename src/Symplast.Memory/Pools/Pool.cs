namespace Symplast.Memory;

/// <summary>What a pool holds at one moment. Bytes count whole 16-byte granules.</summary>
/// <param name="UsedBytes">Bytes of live objects; 0 once deleted.</param>
/// <param name="ReservedBytes">Bytes of address space taken, in chunks of 2 MiB and by the elements of arrays; untouched parts of
/// it cost no memory.</param>
/// <param name="PendingBytes">Bytes of a deleted pool that wait for interpreters which may still hold pointers to end.</param>
/// <param name="Objects">Number of frozen objects.</param>
/// <param name="Interpreters">Number of interpreters that were given pointers into the pool and have not ended.</param>
/// <param name="LiveBlocks">Number of blocks that live objects consist of.</param>
/// <param name="LiveBytes">Their bytes, which are part of UsedBytes.</param>
/// <param name="LimboBytes">Bytes of retired blocks, which an open section may still read.</param>
public readonly record struct PoolStatistics(
    long UsedBytes, long ReservedBytes, long PendingBytes, long Objects, int Interpreters, long LiveBlocks = 0, long LiveBytes =
        0, long LimboBytes = 0);

/// <summary>
/// A named region of shared memory that is deleted as a whole. Objects are made in it through <see cref="PoolWriter"/>;
/// interpreters that receive pointers into it hold leases, and the memory of a deleted pool returns to the system with the last
/// of them.
/// </summary>
/// <remarks>All members are thread-safe. Locks are held for a few microseconds at most.</remarks>
public sealed unsafe class Pool
{
    struct Run
    {
        internal byte* Start;
        internal byte* Used;     // beyond it nothing was made
        internal nuint Chunks;
    }

    static long _lastId;
    static long _allPending;

    WordLock _gate = WordLock.Create();
    NativeList<Run> _runs;
    NativeList<long> _leases;
    PoolWriter.Region _tail;
    long _used;
    long _objects;
    readonly PoolCharge* _charge;     // null if there is no limit
    nint _heap;              // PoolHeap* of live objects; null until there are some
    bool _holdsHeap;         // its addresses are the pool's
    int _writers;
    bool _deleted;
    bool _reclaimed;
    bool _removed;
    bool _trimmed;
    bool _hasDateTimes;
    bool _hasDefault;

    Pool(string name, long maxBytes)
    {
        Name = name;
        MaxBytes = maxBytes;
        if (maxBytes != long.MaxValue) _charge = PoolCharge.Create(maxBytes);
        // Only uniqueness matters here; nothing is published through the counter.
        Id = Interlocked.Increment(ref _lastId);
    }

    /// <summary>
    /// Makes an empty pool and lists it in <see cref="PoolTable"/>. <paramref name="maxBytes"/> limits the bytes of its objects.
    /// </summary>
    public static Pool Create(string name, long maxBytes = long.MaxValue)
    {
        Pool pool = new(name, maxBytes);
        pool.Slot = PoolTable.Add(pool);
        return pool;
    }

    /// <summary>The pool that <see cref="PoolTable.Default"/> makes.</summary>
    internal static Pool CreateDefault()
    {
        Pool pool = new("default", long.MaxValue);
        pool.Slot = PoolTable.Insert(pool);
        return pool;
    }

    /// <summary>
    /// Frees the native parts when nothing refers to the pool any more. Its chunks were released before, or stay for the life of
    /// the process.
    /// </summary>
    ~Pool()
    {
        _gate.Dispose();
        _runs.Dispose();
        _leases.Dispose();
        if (_heap != 0) HeapTable.Recycle((PoolHeap*)_heap);
        Native.Free(_charge);
    }

    /// <summary>A number that no other pool of the process ever has.</summary>
    public long Id { get; }

    /// <summary>The name given at creation; not necessarily unique.</summary>
    public string Name { get; }

    /// <summary>Limit for the bytes of objects, <see cref="long.MaxValue"/> if there is none.</summary>
    public long MaxBytes { get; }

    /// <summary>Index in <see cref="PoolTable"/>, the same as in the owner table of <see cref="AddressRange"/>.</summary>
    internal int Slot { get; private set; }

    /// <summary>True once <see cref="Delete"/> was called.</summary>
    public bool Deleted
    {
        // Acquire: pairs with the release in Delete; a reader that sees false may still lose the race, which EndWrite and Lease
        // re-check.
        get => Volatile.Read(ref _deleted);
    }

    /// <summary>The <see cref="PoolStatistics.PendingBytes"/> of all pools.</summary>
    // Only a figure: any value that it had will do.
    public static long AllPendingBytes => Volatile.Read(ref _allPending);

    /// <summary>
    /// True if some object in the pool is a datetime. CPython 3.13 initialises those types in each interpreter when it imports
    /// the module, so receivers must import it before they touch such an object.
    /// </summary>
    public bool HasDateTimes
    {
        // Acquire and release: whoever got a pointer got it after the writer set the flag.
        get => Volatile.Read(ref _hasDateTimes);
        set => Volatile.Write(ref _hasDateTimes, value);
    }

    /// <summary>
    /// True if some interpreter has set a default function for this pool, which converts objects that cannot be shared. Used in
    /// error messages.
    /// </summary>
    public bool HasDefault
    {
        // Volatile only so that the flag is seen; no other data depend on it.
        get => Volatile.Read(ref _hasDefault);
        set => Volatile.Write(ref _hasDefault, value);
    }

    /// <summary>The state of the pool. The figures on live objects are exact if no thread changes them meanwhile.</summary>
    public PoolStatistics Statistics()
    {
        HeapCount heap = _heap == 0 ? default : HeapCount.Of((PoolHeap*)_heap);
        _gate.Enter();
        nuint chunks = 0;
        for (int i = 0; i < _runs.Count; i++) chunks += _runs[i]->Chunks;
        PoolStatistics statistics = new(
            UsedBytes: _deleted ? 0 : _used + heap.LiveBytes,
            ReservedBytes: (long)(chunks << AddressRange.ChunkShift) + heap.ReservedBytes,
            PendingBytes: _deleted && !_reclaimed ? _used : 0,
            Objects: _deleted ? 0 : _objects,
            Interpreters: _leases.Count,
            LiveBlocks: _deleted ? 0 : heap.LiveBlocks,
            LiveBytes: _deleted ? 0 : heap.LiveBytes,
            LimboBytes: _deleted ? 0 : heap.LimboBytes);
        _gate.Exit();
        return statistics;
    }

    /// <summary>
    /// Notes that <paramref name="interpreter"/> is being given a pointer into the pool. Returns false if the pool is deleted:
    /// the pointer must not be handed over then.
    /// </summary>
    public bool Lease(long interpreter)
    {
        _gate.Enter();
        try
        {
            if (_deleted) return false;
            AddLease(interpreter);
            return true;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Deletes the pool. Returns false if it was deleted before. The memory of frozen objects is released now if no lease is
    /// left, otherwise with the last lease. The memory of live objects is released now, after waiting for the open sections.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section (<see cref="Epoch"/>), whose end it
    /// would wait for. Nothing has changed.</exception>
    public bool Delete()
    {
        if (Epoch.IsInsideAny()) throw new InvalidOperationException("a thread cannot delete a pool inside a section of its own");
        _gate.Enter();
        bool first = !_deleted;
        // What can be committed was, from here on; nothing is published through the sum.
        if (first) Interlocked.Add(ref _allPending, _used);
        // Release: pairs with the acquire in Deleted.
        Volatile.Write(ref _deleted, true);
        PoolHeap* heap = (PoolHeap*)_heap;
        _gate.Exit();
        if (!first) return false;
        if (heap != null && HeapTable.Delete(heap)) HeapReleased();
        else ReclaimIfUnused();
        return true;
    }

    /// <summary>
    /// Ends the leases of interpreters for which <paramref name="ended"/> is true, and reclaims the memory if that was the last
    /// reason to keep it.
    /// </summary>
    internal void EndLeases(Func<long, bool> ended)
    {
        _gate.Enter();
        for (int i = _leases.Count - 1; i >= 0; i--)
        {
            if (!ended(*_leases[i])) continue;
            PoolTable.NoteEnd(*_leases[i]);
            _leases.RemoveAtUnordered(i);
        }
        bool unused = _deleted && _leases.Count == 0;
        _gate.Exit();
        if (unused) ReclaimIfUnused();
    }

    /// <summary>Counts a writer in and lends it the unused end of the last region, if no other writer has it.</summary>
    internal bool BeginWrite(out PoolWriter.Region tail)
    {
        _gate.Enter();
        bool alive = !_deleted;
        tail = default;
        if (alive)
        {
            _writers++;
            tail = _tail;
            _tail = default;
        }
        _gate.Exit();
        return alive;
    }

    /// <summary>
    /// Counts the writer out and takes over its regions. Returns false, having done nothing, if the pool is deleted.
    /// </summary>
    internal bool EndWrite(ref NativeList<PoolWriter.Region> regions, long bytes, long objects, long charged, long interpreter)
    {
        _gate.Enter();
        try
        {
            if (_deleted) return false;
            // The steps that can fail come first, so that either everything is taken over or nothing.
            _runs.Reserve(regions.Count);
            AddLease(interpreter);
            for (int i = 0; i < regions.Count; i++)
            {
                PoolWriter.Region region = *regions[i];
                if (region.Chunks != 0) _runs.Add(new Run { Start = region.Start, Used = region.Used, Chunks = region.Chunks });
                else NoteUsed(region);
                KeepTail(region);
            }
            _used += bytes;
            _objects += objects;
            _writers--;
            return true;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Counts the writer out after it gave everything back but the tail it was lent.</summary>
    internal void CancelWrite(PoolWriter.Region tail, long charged)
    {
        if (charged != 0) Uncharge(charged);
        _gate.Enter();
        tail.Used = tail.Start;
        if (tail.Start != null) KeepTail(tail);
        _writers--;
        bool unused = _deleted;
        _gate.Exit();
        if (unused) ReclaimIfUnused();
    }

    /// <summary>
    /// Reserves part of <see cref="MaxBytes"/> for a writer; false if it would be exceeded, by this and all other reservations
    /// together.
    /// </summary>
    internal bool TryCharge(long bytes) => _charge == null || PoolCharge.TryTake(_charge, bytes);

    /// <summary>Takes back a reservation whose bytes were not used.</summary>
    internal void Uncharge(long bytes)
    {
        if (_charge != null) PoolCharge.GiveBack(_charge, bytes);
    }

    // The region is the end of an earlier run. The gate is held.
    void NoteUsed(PoolWriter.Region region)
    {
        for (int i = _runs.Count - 1; i >= 0; i--)
        {
            Run* run = _runs[i];
            if (region.Start < run->Start || region.Start >= run->Start + (run->Chunks << AddressRange.ChunkShift)) continue;
            if (region.Used > run->Used) run->Used = region.Used;
            return;
        }
    }

    // The larger of two unused ends is worth more; the other one stays unused. The gate is held.
    void KeepTail(PoolWriter.Region region)
    {
        nuint alignment = PoolProtection.RegionAlignment;
        byte* start = (byte*)(((nuint)region.Used + alignment - 1) & ~(alignment - 1));
        if (region.Limit <= start || region.Limit - start <= _tail.Limit - _tail.Start) return;
        byte* ready = region.Ready > start ? region.Ready : start;
        _tail = new PoolWriter.Region { Start = start, Used = start, Ready = ready, Limit = region.Limit };
    }

    void AddLease(long interpreter)
    {
        for (int i = 0; i < _leases.Count; i++)
        {
            if (*_leases[i] == interpreter) return;
        }
        // What can fail comes first.
        _leases.Reserve(1);
        PoolTable.NoteLease(interpreter);
        _leases.Add(interpreter);
    }

    /// <summary>
    /// The heap of the pool's live objects, made now if there is none; a deleted one if the pool is deleted. Valid as long as the
    /// pool is not collected.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public PoolHeap* LiveHeap()
    {
        // Acquire: pairs with the release below.
        PoolHeap* heap = (PoolHeap*)Volatile.Read(ref _heap);
        return heap != null ? heap : MakeHeap();
    }

    /// <summary>The heap of the pool's live objects; null if there is none.</summary>
    // Acquire: pairs with the release below.
    public PoolHeap* KnownHeap => (PoolHeap*)Volatile.Read(ref _heap);

    PoolHeap* MakeHeap()
    {
        _gate.Enter();
        try
        {
            if (_heap != 0) return (PoolHeap*)_heap;
            if (_deleted) return HeapTable.Gone;
            PoolHeap* heap = HeapTable.Create(Slot, _charge);
            _holdsHeap = true;
            // Release: pairs with the acquire above.
            Volatile.Write(ref _heap, (nint)heap);
            return heap;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>The addresses of the heap are no longer the pool's.</summary>
    internal void HeapReleased()
    {
        _gate.Enter();
        _holdsHeap = false;
        _gate.Exit();
        ReclaimIfUnused();
    }

    void ReclaimIfUnused()
    {
        _gate.Enter();
        bool isUnused = _deleted && !_reclaimed && _writers == 0;
        bool reclaim = isUnused && _leases.Count == 0;
        if (reclaim)
        {
            _reclaimed = true;
            Interlocked.Add(ref _allPending, -_used);
        }
        else if (isUnused && !_trimmed)
        {
            _trimmed = true;
            TrimRuns();
        }
        _gate.Exit();
        if (reclaim) ReleaseRuns();

        _gate.Enter();
        bool remove = _reclaimed && _runs.Count == 0 && !_holdsHeap && !_removed;
        if (remove) _removed = true;
        _gate.Exit();
        if (remove) PoolTable.Remove(this);
    }

    // Leases keep what was made in a deleted pool; what lies beyond it in the runs was asked for in advance, and no pointer leads
    // there. The gate is held, and no writer fills the end of a run: only so nobody else touches these pages.
    void TrimRuns()
    {
        for (int i = 0; i < _runs.Count; i++)
            PoolWriter.GiveBack(_runs[i]->Used, _runs[i]->Start + (_runs[i]->Chunks << AddressRange.ChunkShift));
    }

    void ReleaseRuns()
    {
        // Nobody else can reach the runs now: no writer, no lease, and deletion is final.
        for (int i = 0; i < _runs.Count; i++) AddressRange.Release(_runs[i]->Start, _runs[i]->Chunks);
        _gate.Enter();
        _runs.Clear();
        _gate.Exit();
    }
}

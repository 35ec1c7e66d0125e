using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// One transaction of allocations in a pool: memory is bumped off a region that this writer alone holds, and belongs to the pool
/// after <see cref="Commit"/>, or never, after <see cref="Abort"/>. Several writers may be open on one pool, each in its own
/// region.
/// </summary>
/// <remarks>
/// Not thread-safe: a writer belongs to one thread. Exactly one of Commit and Abort must follow Open, or Abort a Commit that
/// threw.
/// </remarks>
public unsafe struct PoolWriter
{
    /// <summary>
    /// A stretch of memory that the writer bumps through; Chunks is 0 for the pool's tail, which existed before.
    /// </summary>
    internal struct Region
    {
        internal byte* Start;
        internal byte* Used;    // end of what was allocated
        internal byte* Limit;
        internal byte* Ready;   // end of the memory that was asked for already
        internal nuint Chunks;
    }

    const nuint Granule = 16;
    const nuint PageSize = 4096;
    const nuint LargestRun = 32;
    const nuint SmallestBatch = 16 << 10;
    const nuint LargestBatch = 4 << 20;

    byte* _cursor;
    byte* _limit;       // end of the memory that is ready; the region may go on
    byte* _regionEnd;
    nuint _ready;       // bytes to make ready next time
    Pool _pool;
    NativeList<Region> _regions;
    nuint _nextRun;
    long _charged;
    bool _limited;
    long _bytes;

    /// <summary>Number of objects made, counted by the caller; becomes part of the pool's statistics with Commit.</summary>
    public long Objects;

    /// <summary>Why the last <see cref="Allocate"/> returned null.</summary>
    public AllocationFailure Failure { get; private set; }

    /// <summary>The pool this writer was opened on.</summary>
    public readonly Pool Pool => _pool;

    /// <summary>Begins a transaction. Returns false if the pool is deleted; nothing needs closing then.</summary>
    public bool Open(Pool pool)
    {
        this = default;
        _pool = pool;
        _limited = pool.MaxBytes != long.MaxValue;
        _nextRun = 1;
        _ready = SmallestBatch;
        _regions.Reserve(1);
        if (!pool.BeginWrite(out Region tail)) return false;
        if (tail.Start != null) UseRegion(tail);
        return true;
    }

    /// <summary>
    /// Returns <paramref name="size"/> bytes of zeroes, aligned to 16, or null (see <see cref="Failure"/>).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Allocate(nuint size)
    {
        size = (size + (Granule - 1)) & ~(Granule - 1);
        byte* block = _cursor;
        if (size > (nuint)(_limit - block) || _limited) return AllocateSlowly(size);
        _cursor = block + size;
        _bytes += (long)size;
        return block;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    byte* AllocateSlowly(nuint size)
    {
        if (size > (nuint)1 << 46)
        {
            Failure = AllocationFailure.OutOfMemory;
            return null;
        }
        if (_limited)
        {
            if (!_pool.TryCharge((long)size))
            {
                Failure = AllocationFailure.PoolFull;
                return null;
            }
            _charged += (long)size;
        }
        bool fits = size <= (nuint)(_regionEnd - _cursor);
        if (fits) MakeReady(size);
        else if (!TakeRun(size))
        {
            if (_limited)
            {
                _pool.Uncharge((long)size);
                _charged -= (long)size;
            }
            Failure = AllocationFailure.OutOfMemory;
            return null;
        }
        byte* block = _cursor;
        _cursor = block + size;
        _bytes += (long)size;
        return block;
    }

    // A page fault for each page costs more than filling the page; so pages are asked for in growing batches, which waste little
    // in a small pool.
    void MakeReady(nuint size)
    {
        if (size <= (nuint)(_limit - _cursor)) return;
        byte* from = (byte*)(((nuint)_limit + PageSize - 1) & ~(PageSize - 1));
        byte* to = (byte*)Math.Min((nuint)_regionEnd, ((nuint)_cursor + size + _ready + PageSize - 1) & ~(PageSize - 1));
        // Only a hint: where the kernel does not know it (before 5.14), pages come one by one.
        if (to > from) Libc.Advise(from, (nuint)(to - from), Libc.AdvisePopulateWrite);
        _ready = Math.Min(_ready * 2, LargestBatch);
        _limit = to;
    }

    bool TakeRun(nuint size)
    {
        nuint needed = (size + AddressRange.ChunkSize - 1) >> AddressRange.ChunkShift;
        nuint chunks = Math.Max(needed, _nextRun);
        _regions.Reserve(1);
        byte* start = AddressRange.Take(chunks, _pool.Slot);
        if (start == null && chunks > needed) start = AddressRange.Take(chunks = needed, _pool.Slot);
        if (start == null) return false;
        _nextRun = Math.Min(_nextRun * 2, LargestRun);
        UseRegion(new Region
        {
            Start = start,
            Ready = start,
            Limit = start + (chunks << AddressRange.ChunkShift),
            Chunks =
            chunks
        });
        MakeReady(size);
        return true;
    }

    void UseRegion(Region region)
    {
        LeaveRegion();
        _regions.Add(region);
        _cursor = region.Start;
        _limit = region.Ready;
        _regionEnd = region.Limit;
    }

    void LeaveRegion()
    {
        if (_regions.Count == 0) return;
        _regions.Last->Used = _cursor;
        _regions.Last->Ready = _limit;
    }

    /// <summary>
    /// Makes everything allocated part of the pool, gives interpreter <paramref name="interpreter"/> a lease on the pool and
    /// closes the writer. Returns false if the pool was deleted meanwhile: then nothing was committed and the memory is back.
    /// </summary>
    /// <exception cref="OutOfMemoryException">Nothing was committed, and <see cref="Abort"/> must follow.</exception>
    public bool Commit(long interpreter)
    {
        LeaveRegion();
        for (int i = 0; i < _regions.Count; i++) PoolProtection.Lock(_regions[i]->Start, _regions[i]->Used);
        if (!_pool.EndWrite(ref _regions, _bytes, Objects, _charged, interpreter))
        {
            Abort();
            return false;
        }
        _regions.Dispose();
        return true;
    }

    /// <summary>Takes back everything allocated and closes the writer; the pool is as it was before Open.</summary>
    public void Abort()
    {
        LeaveRegion();
        Region tail = default;
        for (int i = 0; i < _regions.Count; i++)
        {
            Region region = *_regions[i];
            if (region.Chunks != 0)
            {
                AddressRange.Release(region.Start, region.Chunks);
                continue;
            }
            PoolProtection.Unlock(region.Start, region.Used);
            Wipe(region.Start, region.Used);
            tail = region;
        }
        _regions.Dispose();
        _pool.CancelWrite(tail, _charged);
    }

    /// <summary>Returns the whole pages of a stretch to the system; they are zero if they are touched again.</summary>
    internal static void GiveBack(byte* start, byte* end)
    {
        byte* firstPage = (byte*)(((nuint)start + PageSize - 1) & ~(PageSize - 1));
        if (end > firstPage) Libc.Advise(firstPage, (nuint)(end - firstPage), Libc.AdviseDontNeed);
    }

    // Memory is handed out as zeros, so written memory must become zero again: whole pages by dropping them, the rest by stores.
    static void Wipe(byte* start, byte* end)
    {
        Debug.Assert((nuint)start % 64 == 0);
        byte* firstPage = (byte*)(((nuint)start + PageSize - 1) & ~(PageSize - 1));
        if (end <= firstPage)
        {
            new Span<byte>(start, (int)(end - start)).Clear();
        }
        else
        {
            new Span<byte>(start, (int)(firstPage - start)).Clear();
            Libc.Advise(firstPage, ((nuint)(end - firstPage) + PageSize - 1) & ~(PageSize - 1), Libc.AdviseDontNeed);
        }
        ObjectMarks.Wipe(start, ((nuint)(end - start) + 63) & ~(nuint)63);
    }
}

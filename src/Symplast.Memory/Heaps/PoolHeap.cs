using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// The heap of a pool: its chunks and their free pages. It lies in native memory, and is valid as long as the <see cref="Pool"/>
/// is referenced.
/// </summary>
/// <remarks>
/// Free pages are found by the length of the longest run of them in a chunk, so that finding takes constant time and full chunks
/// are filled first.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 640)]
public unsafe struct PoolHeap
{
    /// <summary>
    /// The value of <see cref="Pass"/> if every allocation must be checked. No participant ever has this value.
    /// </summary>
    internal const ulong NoPass = ulong.MaxValue;

    // The empty chunks that are kept in reserve: this number of them, and one in so many of all chunks.
    const int EmptyChunksKept = 2;
    const int EmptyShareKept = 8;

    /// <summary>Index of the pool.</summary>
    [FieldOffset(0)]
    public int Slot;

    [FieldOffset(4)]
    internal int DeletedFlag;

    /// <summary>A number that no other heap of the process ever has; not 0.</summary>
    [FieldOffset(8)]
    public ulong Serial;

    /// <summary>The serial number, or <see cref="NoPass"/> to make allocations take the slow path.</summary>
    [FieldOffset(16)]
    internal ulong Pass;

    /// <summary>The account of a limited pool, else null.</summary>
    [FieldOffset(24)]
    internal PoolCharge* Charge;

    /// <summary>The quarantine of a checked heap, else null.</summary>
    [FieldOffset(32)]
    internal Quarantine* Quarantine;

    /// <summary>Whether allocations and frees must be checked or counted.</summary>
    [FieldOffset(40)]
    internal bool IsRouted;

    // From here to the gate: under the gate of HeapTable.

    [FieldOffset(128)]
    internal PoolHeap* NextHeap;

    /// <summary>All local heaps.</summary>
    [FieldOffset(136)]
    internal LocalHeap* Locals;

    /// <summary>The epoch since which no further thread can find the heap.</summary>
    [FieldOffset(144)]
    internal ulong Tag;

    [FieldOffset(152)]
    internal bool IsEmptied;

    [FieldOffset(153)]
    internal bool IsWaiting;

    /// <summary>References into the heap from outside; see <see cref="Heap.Pin"/>.</summary>
    [FieldOffset(160)]
    internal long Pins;

    [FieldOffset(168)]
    internal int WasPinned;

    /// <summary>Over what follows.</summary>
    [FieldOffset(256)]
    internal WordLock Gate;

    /// <summary>The abandoned local heaps. May be read without the gate, as a hint.</summary>
    [FieldOffset(264)]
    internal LocalHeap* Abandoned;

    /// <summary>Empty ones.</summary>
    [FieldOffset(272)]
    internal LocalHeap* Unused;

    /// <summary>All chunks and runs of chunks.</summary>
    [FieldOffset(280)]
    Chunk* _chunks;

    [FieldOffset(288)]
    long _chunkCount;

    [FieldOffset(296)]
    long _emptyChunks;

    /// <summary>Bit n: there is a chunk whose longest run of free pages is n.</summary>
    [FieldOffset(304)]
    ulong _lengths;

    /// <summary>The chunks by length of their longest run.</summary>
    [FieldOffset(312)]
    fixed ulong _byLength[Chunk.PageCount + 1];

    /// <summary>All external blocks that were not let go.</summary>
    [FieldOffset(576)]
    internal ExternalBlock* External;

    [FieldOffset(584)]
    internal long ExternalCount;

    [FieldOffset(592)]
    internal long ExternalBytes;

    /// <summary>
    /// True once the pool was deleted, and for null. Inside a section in which this was false, the pool's memory stays.
    /// </summary>
    // Acquire: pairs with the exchange in HeapTable.Delete. The deletion waits for a thread that reads false inside a section.
    public static bool IsDeleted(PoolHeap* heap) => heap == null || Volatile.Read(ref heap->DeletedFlag) != 0;

    /// <summary>
    /// Begins a section, as <see cref="Section.Enter"/>, and tells whether the pool was deleted. If not, its memory stays until
    /// the section ends.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Section Enter(Participant* me, PoolHeap* heap, out bool isDeleted)
    {
        Section section = Section.Enter(me);
        isDeleted = IsDeleted(heap);
        return section;
    }

    internal static Chunk* Chunks(PoolHeap* heap) => heap->_chunks;

    internal static long ReservedBytes(PoolHeap* heap) => Volatile.Read(ref heap->_chunkCount) << AddressRange.ChunkShift;

    /// <summary>
    /// The first of so many neighbouring pages that are free no longer, or null if there is no memory. Thread-safe.
    /// </summary>
    internal static Page* TakePages(PoolHeap* heap, int count)
    {
        while (true)
        {
            heap->Gate.Enter();
            ulong lengths = heap->_lengths >> count << count;
            if (lengths != 0)
            {
                Chunk* chunk = (Chunk*)heap->_byLength[BitOperations.TrailingZeroCount(lengths)];
                int first = Chunk.FindRun(chunk->FreePages, count);
                uint pages = Bits(first, count);
                if (chunk->FreePages == Chunk.AllFree) heap->_emptyChunks--;
                Unlist(heap, chunk);
                chunk->FreePages &= ~pages;
                bool populate = (chunk->TouchedPages & pages) == 0 && heap->_chunkCount > 1;
                chunk->TouchedPages |= pages;
                List(heap, chunk);
                Invariants.Check(heap, &AreListsValid);
                heap->Gate.Exit();
                Page* page = Chunk.Pages(chunk) + first;
                // A page fault for each page of the system costs several times as much. It is only a hint, which kernels before
                // 5.14 do not know. It is not given for the first blocks of a small pool, which would keep memory that they do
                // not need.
                if (populate) Libc.Advise(page->Start, (nuint)count << Page.Shift, Libc.AdvisePopulateWrite);
                return page;
            }
            heap->Gate.Exit();
            if (!AddChunk(heap)) return null;
        }
    }

    /// <summary>Releases pages. Chunks may return to the address range. Thread-safe.</summary>
    internal static void GivePages(PoolHeap* heap, Page* page, int count)
    {
        Chunk* chunk = page->Chunk;
        page->Kind = PageKind.Free;
        page->Local = HeapTable.Nobody;
        heap->Gate.Enter();
        Unlist(heap, chunk);
        chunk->FreePages |= Bits((int)(page - Chunk.Pages(chunk)), count);
        List(heap, chunk);
        if (chunk->FreePages == Chunk.AllFree) heap->_emptyChunks++;
        bool trim = heap->_emptyChunks > KeptChunks(heap);
        Invariants.Check(heap, &AreListsValid);
        heap->Gate.Exit();
        if (trim) Trim(heap, all: false);
    }

    /// <summary>Returns empty chunks to the address range: all, or those above the reserve. Thread-safe.</summary>
    internal static void Trim(PoolHeap* heap, bool all)
    {
        while (true)
        {
            heap->Gate.Enter();
            Chunk* chunk = heap->_emptyChunks > (all ? 0 : KeptChunks(heap)) ? (Chunk*)heap->_byLength[Chunk.PageCount] : null;
            if (chunk != null)
            {
                Unlist(heap, chunk);
                Remove(heap, chunk);
                heap->_emptyChunks--;
            }
            Invariants.Check(heap, &AreListsValid);
            heap->Gate.Exit();
            if (chunk == null) return;
            ReleaseChunk(chunk);
        }
    }

    /// <summary>A block that has a run of chunks of its own, or null if there is no memory. Thread-safe.</summary>
    internal static void* TakeLarge(PoolHeap* heap, nuint size)
    {
        Chunk* chunk = MakeChunk(heap, (size + AddressRange.ChunkSize - 1) >> AddressRange.ChunkShift);
        if (chunk == null) return null;
        chunk->IsLarge = true;
        Page* page = Chunk.Pages(chunk);
        page->Kind = PageKind.Large;
        page->BlockSize = size;
        heap->Gate.Enter();
        Add(heap, chunk);
        Invariants.Check(heap, &AreListsValid);
        heap->Gate.Exit();
        return chunk->Start;
    }

    /// <summary>Frees such a block. Thread-safe.</summary>
    internal static void GiveLarge(PoolHeap* heap, Chunk* chunk)
    {
        heap->Gate.Enter();
        Remove(heap, chunk);
        Invariants.Check(heap, &AreListsValid);
        heap->Gate.Exit();
        ReleaseChunk(chunk);
    }

    /// <summary>Releases all memory and all addresses. No thread may use the heap any more.</summary>
    internal static void ReleaseChunks(PoolHeap* heap)
    {
        Chunk* chunk = DetachChunks(heap);
        while (chunk != null)
        {
            Chunk* next = chunk->Next;
            ReleaseChunk(chunk);
            chunk = next;
        }
    }

    /// <summary>Releases all memory and keeps the addresses. No thread may use the heap any more.</summary>
    internal static void EmptyChunks(PoolHeap* heap)
    {
        for (Chunk* chunk = heap->_chunks; chunk != null; chunk = chunk->Next) AddressRange.Empty(chunk->Start, chunk->Chunks);
    }

    /// <summary>
    /// Whether each chunk with free pages is in the list for the length of its longest run, and the counts are right.
    /// </summary>
    internal static bool AreListsValid(PoolHeap* heap)
    {
        long paged = 0;
        long withFree = 0;
        long count = 0;
        for (Chunk* chunk = heap->_chunks; chunk != null; chunk = chunk->Next)
        {
            count += (long)chunk->Chunks;
            if (!chunk->IsLarge && chunk->FreePages != 0) withFree++;
        }
        for (int length = 0; length <= Chunk.PageCount; length++)
        {
            long here = 0;
            for (Chunk* chunk = (Chunk*)heap->_byLength[length]; chunk != null; chunk = chunk->NextSimilar, here++)
            {
                if (chunk->IsLarge || Chunk.LongestRun(chunk->FreePages) != length) return false;
            }
            if ((here != 0) != ((heap->_lengths >> length & 1) != 0)) return false;
            if (length == Chunk.PageCount && here != heap->_emptyChunks) return false;
            paged += here;
        }
        return count == heap->_chunkCount && paged == withFree;
    }

    static Chunk* DetachChunks(PoolHeap* heap)
    {
        // The gate protects against threads that count the heap's blocks.
        heap->Gate.Enter();
        Chunk* chunks = heap->_chunks;
        heap->_chunks = null;
        heap->_chunkCount = 0;
        heap->_emptyChunks = 0;
        heap->_lengths = 0;
        for (int i = 0; i <= Chunk.PageCount; i++) heap->_byLength[i] = 0;
        heap->Gate.Exit();
        return chunks;
    }

    static bool AddChunk(PoolHeap* heap)
    {
        Chunk* chunk = MakeChunk(heap, 1);
        if (chunk == null) return false;
        chunk->FreePages = Chunk.AllFree;
        heap->Gate.Enter();
        Add(heap, chunk);
        heap->_emptyChunks++;
        List(heap, chunk);
        Invariants.Check(heap, &AreListsValid);
        heap->Gate.Exit();
        return true;
    }

    static Chunk* MakeChunk(PoolHeap* heap, nuint chunks)
    {
        Chunk* chunk = HeapTable.TakeChunk();
        if (chunk == null) return null;
        byte* start = AddressRange.Take(chunks, heap->Slot);
        if (start == null)
        {
            HeapTable.GiveChunk(chunk);
            return null;
        }
        *chunk = new Chunk { Start = start, Heap = heap, Chunks = chunks };
        for (int i = 0; i < Chunk.PageCount; i++)
        {
            Chunk.Pages(chunk)[i] = new Page { Chunk = chunk, Start = start + (nuint)i * Page.Size, Local = HeapTable.Nobody };
        }
        ChunkTable.Set(chunk, heap);
        return chunk;
    }

    static void ReleaseChunk(Chunk* chunk)
    {
        for (int i = 0; i < Chunk.PageCount; i++) Native.Free(Chunk.Pages(chunk)[i].States);
        ChunkTable.Clear(chunk);
        AddressRange.Release(chunk->Start, chunk->Chunks);
        HeapTable.GiveChunk(chunk);
    }

    static long KeptChunks(PoolHeap* heap) => EmptyChunksKept + heap->_chunkCount / EmptyShareKept;

    static uint Bits(int first, int count) => (uint)((1ul << count) - 1) << first;

    // The lists of chunks. The gate is held.

    static void Add(PoolHeap* heap, Chunk* chunk)
    {
        chunk->Next = heap->_chunks;
        if (chunk->Next != null) chunk->Next->Previous = chunk;
        heap->_chunks = chunk;
        chunk->IsListed = true;
        heap->_chunkCount += (long)chunk->Chunks;
    }

    static void Remove(PoolHeap* heap, Chunk* chunk)
    {
        if (chunk->Previous != null) chunk->Previous->Next = chunk->Next;
        else heap->_chunks = chunk->Next;
        if (chunk->Next != null) chunk->Next->Previous = chunk->Previous;
        chunk->IsListed = false;
        heap->_chunkCount -= (long)chunk->Chunks;
    }

    static void List(PoolHeap* heap, Chunk* chunk)
    {
        int length = Chunk.LongestRun(chunk->FreePages);
        if (length == 0) return;
        Chunk* first = (Chunk*)heap->_byLength[length];
        chunk->PreviousSimilar = null;
        chunk->NextSimilar = first;
        if (first != null) first->PreviousSimilar = chunk;
        heap->_byLength[length] = (ulong)chunk;
        heap->_lengths |= 1ul << length;
    }

    static void Unlist(PoolHeap* heap, Chunk* chunk)
    {
        int length = Chunk.LongestRun(chunk->FreePages);
        if (length == 0) return;
        Chunk* next = chunk->NextSimilar;
        if (next != null) next->PreviousSimilar = chunk->PreviousSimilar;
        if (chunk->PreviousSimilar != null)
        {
            chunk->PreviousSimilar->NextSimilar = next;
            return;
        }
        heap->_byLength[length] = (ulong)next;
        if (next == null) heap->_lengths &= ~(1ul << length);
    }
}

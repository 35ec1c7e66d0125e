using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// The descriptor of a chunk, or of a run of chunks that hold one large block. 32 page descriptors follow it. Its memory is never
/// freed, only reused.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal unsafe struct Chunk
{
    internal const int PageCount = 32;
    internal const uint AllFree = uint.MaxValue;

    [FieldOffset(0)]
    internal byte* Start;

    [FieldOffset(8)]
    internal PoolHeap* Heap;

    /// <summary>Neighbours in the list of all chunks of the heap; <see cref="Next"/> links unused descriptors too.</summary>
    [FieldOffset(16)]
    internal Chunk* Next;

    [FieldOffset(24)]
    internal Chunk* Previous;

    /// <summary>Neighbours in the list of chunks with an equally long longest run of free pages.</summary>
    [FieldOffset(32)]
    internal Chunk* NextSimilar;

    [FieldOffset(40)]
    internal Chunk* PreviousSimilar;

    /// <summary>Chunks in the run; more than one, or <see cref="IsLarge"/>, if they hold one large block.</summary>
    [FieldOffset(48)]
    internal nuint Chunks;

    /// <summary>A bit for each free page.</summary>
    [FieldOffset(56)]
    internal uint FreePages;

    /// <summary>A bit for each page that was handed out once and so has memory behind it.</summary>
    [FieldOffset(60)]
    internal uint TouchedPages;

    [FieldOffset(64)]
    internal bool IsLarge;

    /// <summary>Whether it is in the list of all chunks of the heap. Under the heap's gate.</summary>
    [FieldOffset(65)]
    internal bool IsListed;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Page* Pages(Chunk* chunk) => (Page*)(chunk + 1);

    internal static nuint DescriptorSize => (nuint)(sizeof(Chunk) + PageCount * sizeof(Page));

    /// <summary>Length of the longest run of set bits.</summary>
    internal static int LongestRun(uint bits)
    {
        int length = 0;
        for (; bits != 0; bits &= bits << 1) length++;
        return length;
    }

    /// <summary>Index of the first run of <paramref name="count"/> set bits; there must be one.</summary>
    internal static int FindRun(uint bits, int count)
    {
        for (; count > 1; count--) bits &= bits >> 1;
        Debug.Assert(bits != 0);
        return BitOperations.TrailingZeroCount(bits);
    }
}

/// <summary>Maps an address to the heap's descriptors of it: two words for each chunk of the address range.</summary>
internal static unsafe class ChunkTable
{
    /// <summary>Both are null if no heap owns the chunk.</summary>
    internal struct Entry
    {
        internal PoolHeap* Heap;
        internal Chunk* Chunk;
    }

    // A blittable struct without initialiser has no class constructor. It holds the address of the entry for address 0, so that a
    // lookup needs no subtraction.
    struct State
    {
        internal Entry* Zeroth;
    }

    static State _state;

    /// <summary>Called once the address range is reserved.</summary>
    internal static void Locate()
    {
        Debug.Assert((nuint)sizeof(Entry) == AddressRange.NoteSize);
        _state.Zeroth = (Entry*)AddressRange.Notes - ((nuint)AddressRange.At(0) >> AddressRange.ChunkShift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Entry* EntryOf(void* block)
    {
        Debug.Assert(AddressRange.Contains(block));
        return _state.Zeroth + ((nuint)block >> AddressRange.ChunkShift);
    }

    /// <summary>The descriptor of the page of a block, which must be of a heap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Page* PageOf(void* block) =>
        Chunk.Pages(EntryOf(block)->Chunk) + (((nuint)block >> Page.Shift) & (Chunk.PageCount - 1));

    internal static void Set(Chunk* chunk, PoolHeap* heap)
    {
        Entry* entry = EntryOf(chunk->Start);
        for (nuint i = 0; i < chunk->Chunks; i++)
        {
            entry[i].Chunk = chunk;
            // Release: pairs with the acquire in Heap.Of.
            Volatile.Write(ref *(nint*)&entry[i].Heap, (nint)heap);
        }
    }

    internal static void Clear(Chunk* chunk)
    {
        Entry* entry = EntryOf(chunk->Start);
        for (nuint i = 0; i < chunk->Chunks; i++)
        {
            Volatile.Write(ref *(nint*)&entry[i].Heap, 0);
            entry[i].Chunk = null;
        }
    }
}

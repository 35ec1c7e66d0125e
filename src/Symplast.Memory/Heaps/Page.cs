using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>What a page is used for.</summary>
internal enum PageKind : byte
{
    /// <summary>Nothing; it belongs to the pool's heap.</summary>
    Free,

    /// <summary>Blocks of one size class; it belongs to a <see cref="LocalHeap"/>.</summary>
    Blocks,

    /// <summary>The first of the pages (or chunks) of one large block.</summary>
    Large,
}

/// <summary>
/// The descriptor of a page of 64 KiB, which lies beside the memory: the page's owner and its free blocks. The owner is the
/// thread that holds the local heap. Other threads may only read <see cref="Local"/>, <see cref="Kind"/> and
/// <see cref="BlockSize"/>, and push on <see cref="Remote"/>.
/// </summary>
/// <remarks>
/// <para>The list of blocks that other threads freed is one word, so that one compare-and-swap pushes a block and one exchange
/// takes the whole list (D. Leijen et al., "Mimalloc: free list sharding in action", 2019). States of that word:</para>
/// <para>empty (0) -> list: any thread pushes. list -> empty: the owner takes all. empty -> parked: the owner, which has no free
/// block in the page, puts it on its list of full pages. parked -> empty: the owner, which has freed a block of the page. parked
/// -> list: any thread pushes a block, and only this thread then pushes the page on the owner's ready list, from which the owner
/// takes it back. Until then the page stays with its local heap, also if the owner's thread ends. The steps are in
/// <see cref="RemoteList"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal unsafe struct Page
{
    internal const int Shift = 16;
    internal const nuint Size = (nuint)1 << Shift;

    /// <summary>The value of <see cref="Remote"/> while the page is on the owner's list of full pages.</summary>
    internal const ulong Parked = 1ul << 63;

    /// <summary>The value of <see cref="Attention"/> while the page is on the owner's list of full pages.</summary>
    internal const int Always = int.MaxValue;

    /// <summary>Free blocks, linked through their first words.</summary>
    [FieldOffset(0)]
    internal void* Free;

    /// <summary>The local heap to which the page belongs; never null.</summary>
    [FieldOffset(8)]
    internal LocalHeap* Local;

    /// <summary>The number of blocks in use, including those on the remote list.</summary>
    [FieldOffset(16)]
    internal int Used;

    /// <summary>If a free leaves at most so many blocks in use, the owner must take the slow path.</summary>
    [FieldOffset(20)]
    internal int Attention;

    /// <summary>Bytes of a block.</summary>
    [FieldOffset(24)]
    internal nuint BlockSize;

    /// <summary>Neighbours in a list of the owner's.</summary>
    [FieldOffset(32)]
    internal Page* Next;

    [FieldOffset(40)]
    internal Page* Previous;

    /// <summary>Blocks that have been on the free list once; behind them is memory that was never touched.</summary>
    [FieldOffset(48)]
    internal int Made;

    [FieldOffset(52)]
    internal int Capacity;

    [FieldOffset(56)]
    internal byte SizeClass;

    [FieldOffset(57)]
    internal PageKind Kind;

    /// <summary>
    /// Blocks freed by other threads: offset of the first | their number &lt;&lt; 32; or 0, or <see cref="Parked"/>.
    /// </summary>
    [FieldOffset(64)]
    internal ulong Remote;

    /// <summary>Next in the owner's ready list.</summary>
    [FieldOffset(72)]
    internal Page* NextReady;

    [FieldOffset(80)]
    internal Chunk* Chunk;

    [FieldOffset(88)]
    internal byte* Start;

    /// <summary>The state of each block in debug mode, else null.</summary>
    [FieldOffset(96)]
    internal byte* States;

    /// <summary>How many blocks are on the remote list.</summary>
    internal static int RemoteCount(Page* page) => (int)((Volatile.Read(ref page->Remote) & ~Parked) >> 32);

    /// <summary>Puts some of the untouched memory on the free list: about what one page of the system holds.</summary>
    internal static void Extend(Page* page)
    {
        const int Batch = 4096;
        Debug.Assert(page->Free == null && page->Made < page->Capacity);
        int count = Math.Min(Math.Max(Batch / (int)page->BlockSize, 1), page->Capacity - page->Made);
        byte* block = page->Start + (nuint)page->Made * page->BlockSize;
        page->Free = block;
        for (int left = count; left > 1; left--)
        {
            byte* next = block + page->BlockSize;
            *(byte**)block = next;
            block = next;
        }
        *(byte**)block = null;
        // Release: pairs with the acquire in HeapWalk, which reads the first words of the blocks that were made.
        Volatile.Write(ref page->Made, page->Made + count);
    }
}

using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>A block of a heap and what a test wrote into it.</summary>
internal readonly unsafe record struct LiveBlock(nuint Address, nuint Size, byte Pattern)
{
    const int Edge = 1 << 12;

    internal byte* Start => (byte*)Address;

    internal nuint End => Address + Size;

    internal bool Overlaps(LiveBlock other) => Address < other.End && other.Address < End;

    /// <summary>Allocates, checks that the block is as promised, and fills it. Null when there is none.</summary>
    internal static LiveBlock? Take(Participant* me, PoolHeap* heap, nuint size, byte pattern)
    {
        byte* start = (byte*)Heap.Allocate(me, heap, size);
        if (start == null) return null;
        Assert.True((nuint)start % 16 == 0, "not aligned");
        Assert.True(Heap.SizeOf(start) >= size, "too small");
        Assert.True(Heap.Of(start) == heap && Heap.Of(start + size - 1) == heap, "not in the heap");
        LiveBlock block = new((nuint)start, size, pattern);
        block.First.Fill(pattern);
        block.LastPart.Fill(pattern);
        return block;
    }

    Span<byte> First => new(Start, (int)Math.Min(Size, Edge));

    // Of a large block only both ends are touched.
    Span<byte> LastPart
    {
        get
        {
            int length = (int)Math.Min(Size, Edge);
            return new((byte*)End - length, length);
        }
    }

    /// <summary>Whether it still holds what was written.</summary>
    internal bool IsIntact => !First.ContainsAnyExcept(Pattern) && !LastPart.ContainsAnyExcept(Pattern);
}

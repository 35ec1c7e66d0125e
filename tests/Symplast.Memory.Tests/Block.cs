using System.Runtime.CompilerServices;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>A stretch of pool memory and what a test wrote into it.</summary>
internal readonly unsafe record struct Block(nuint Address, nuint Size, byte Pattern)
{
    const int Edge = 1 << 16;

    internal byte* Start => (byte*)Address;

    internal nuint End => Address + Size;

    internal bool Overlaps(Block other) => Address < other.End && other.Address < End;

    /// <summary>
    /// Allocates, checks that the memory is as promised (aligned, zero, unmarked, inside the pool), and fills it. Null when the
    /// writer gives none.
    /// </summary>
    internal static Block? Take(ref PoolWriter writer, nuint size, byte pattern)
    {
        byte* start = writer.Allocate(size);
        if (start == null) return null;
        Block block = new((nuint)start, size, pattern);
        Assert.True((nuint)start % 16 == 0, "not aligned");
        Assert.True(block.Ends(expected: 0), "not zero");
        for (nuint at = 0; at < Math.Min(size, Edge); at += 16) Assert.Equal(ObjectMark.None, ObjectMarks.Get(start + at));
        Assert.Same(writer.Pool, PoolTable.OwnerOf(start));
        Assert.Same(writer.Pool, PoolTable.OwnerOf(start + size - 1));
        block.Fill();
        ObjectMarks.Set(start, ObjectMark.Object);
        return block;
    }

    /// <summary>Whether it still holds what was written.</summary>
    internal bool IsIntact => Ends(Pattern) && ObjectMarks.Get(Start) == ObjectMark.Object;

    // Of a very large block only both ends are touched.
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Fill()
    {
        int length = (int)Math.Min(Size, Edge);
        new Span<byte>(Start, length).Fill(Pattern);
        new Span<byte>((byte*)End - length, length).Fill(Pattern);
    }

    bool Ends(byte expected)
    {
        int length = (int)Math.Min(Size, Edge);
        return !new Span<byte>(Start, length).ContainsAnyExcept(expected)
            && !new Span<byte>((byte*)End - length, length).ContainsAnyExcept(expected);
    }
}

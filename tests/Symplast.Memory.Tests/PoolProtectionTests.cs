using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>
/// The mode SYMPLAST_DEBUG=readonly. That a store faults is checked by the permissions of its page, not by crashing.
/// </summary>
public sealed unsafe class PoolProtectionTests : IDisposable
{
    const long Interpreter = 7;

    public PoolProtectionTests() => PoolProtection.ReadOnly = true;

    public void Dispose() => PoolProtection.ReadOnly = false;

    static (PoolWriter Writer, Block Block) Begin(Pool pool, nuint size)
    {
        PoolWriter writer = default;
        Assert.True(writer.Open(pool));
        Block block = Block.Take(ref writer, size, 1)!.Value;
        return (writer, block);
    }

    static void AssertPages(string permissions, Block block)
    {
        Assert.Equal(permissions, Mapping.PermissionsAt(block.Start));
        Assert.Equal(permissions, Mapping.PermissionsAt(block.Start + block.Size - 1));
    }

    static void Return(Pool pool)
    {
        pool.Delete();
        pool.EndLeases(_ => true);
        Assert.Equal(0, pool.Statistics().ReservedBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(5 << 20)]
    public void CommittedPagesAreReadOnly(int size)
    {
        Pool pool = Pool.Create("locked");
        (PoolWriter writer, Block block) = Begin(pool, (nuint)size);
        AssertPages(Mapping.ReadWrite, block);
        Assert.True(writer.Commit(Interpreter));
        AssertPages(Mapping.ReadOnly, block);
        Assert.True(block.IsIntact);
        Return(pool);
    }

    [Fact]
    public void TheNextWriterGetsPagesOfItsOwn()
    {
        Pool pool = Pool.Create("own pages");
        (PoolWriter first, Block committed) = Begin(pool, 100);
        first.Commit(Interpreter);
        (PoolWriter second, Block open) = Begin(pool, 100);
        AssertPages(Mapping.ReadWrite, open);
        AssertPages(Mapping.ReadOnly, committed);
        Assert.NotEqual(committed.Address >> 12, open.Address >> 12);
        Assert.Equal((long)AddressRange.ChunkSize, pool.Statistics().ReservedBytes);
        second.Commit(Interpreter);
        AssertPages(Mapping.ReadOnly, open);
        Return(pool);
    }

    [Fact]
    public void AnAbortLeavesWritableZeroesBehindAndLockedPagesLocked()
    {
        Pool pool = Pool.Create("aborted");
        (PoolWriter first, Block committed) = Begin(pool, 100);
        first.Commit(Interpreter);
        (PoolWriter second, Block gone) = Begin(pool, 10_000);
        second.Abort();
        AssertPages(Mapping.ReadWrite, gone);
        AssertPages(Mapping.ReadOnly, committed);
        (PoolWriter third, Block again) = Begin(pool, 10_000);
        Assert.Equal(gone.Address, again.Address);
        third.Commit(Interpreter);
        AssertPages(Mapping.ReadOnly, again);
        Return(pool);
    }

    [Fact]
    public void MarksStayWritable()
    {
        Pool pool = Pool.Create("marks");
        (PoolWriter writer, Block block) = Begin(pool, 100);
        writer.Commit(Interpreter);
        ObjectMarks.Set(block.Start, ObjectMark.MutableOrigin);
        Assert.Equal(ObjectMark.MutableOrigin, ObjectMarks.Get(block.Start));
        Return(pool);
    }

    [Fact]
    public void ACommitThatComesAfterTheDeletionReturnsItsMemory()
    {
        Pool pool = Pool.Create("too late");
        (PoolWriter first, Block committed) = Begin(pool, 100);
        first.Commit(Interpreter);
        (PoolWriter second, Block open) = Begin(pool, 100);
        pool.Delete();
        Assert.False(second.Commit(Interpreter));
        AssertPages(Mapping.ReadOnly, committed);
        Assert.True(committed.IsIntact);
        pool.EndLeases(_ => true);
        AssertPages(Mapping.Inaccessible, committed);
        AssertPages(Mapping.Inaccessible, open);
    }

    [Fact]
    public void MemoryOfADeletedPoolIsWritableForTheNextOne()
    {
        Pool pool = Pool.Create("deleted");
        (PoolWriter writer, Block block) = Begin(pool, 100);
        writer.Commit(Interpreter);
        Return(pool);
        Pool next = Pool.Create("next");
        (PoolWriter again, Block inItsPlace) = Begin(next, 100);
        Assert.Equal(block.Address, inItsPlace.Address);
        AssertPages(Mapping.ReadWrite, inItsPlace);
        again.Abort();
        Return(next);
    }

    [Fact]
    public void WithoutTheModePagesStayWritable()
    {
        PoolProtection.ReadOnly = false;
        Pool pool = Pool.Create("open");
        (PoolWriter writer, Block block) = Begin(pool, 100);
        writer.Commit(Interpreter);
        AssertPages(Mapping.ReadWrite, block);
        Return(pool);
    }
}

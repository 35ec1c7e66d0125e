using Xunit;

namespace Symplast.Memory.Tests;

public unsafe class PoolWriterTests
{
    const long Interpreter = 7;
    const nuint Chunk = AddressRange.ChunkSize;

    static PoolWriter Open(Pool pool)
    {
        PoolWriter writer = default;
        Assert.True(writer.Open(pool));
        return writer;
    }

    static void Return(Pool pool)
    {
        pool.Delete();
        pool.EndLeases(_ => true);
        Assert.Equal(0, pool.Statistics().ReservedBytes);
    }

    [Fact]
    public void EveryBlockIsAlignedZeroedAndApartFromTheOthers()
    {
        Pool pool = Pool.Create("blocks");
        PoolWriter writer = Open(pool);
        List<Block> blocks = [];
        for (nuint size = 1; size < 300; size++)
            blocks.Add(Block.Take(ref writer, size, (byte)size) ?? throw new InvalidOperationException());
        Assert.True(writer.Commit(Interpreter));
        Assert.All(blocks, block => Assert.True(block.IsIntact));
        Block[] ordered = [.. blocks.OrderBy(block => block.Address)];
        for (int i = 1; i < ordered.Length; i++) Assert.True(ordered[i - 1].End <= ordered[i].Address);
        Return(pool);
    }

    [Fact]
    public void StatisticsCountWholeGranulesOfWhatWasCommitted()
    {
        Pool pool = Pool.Create("granules");
        PoolWriter writer = Open(pool);
        writer.Allocate(1);
        writer.Allocate(16);
        writer.Allocate(17);
        writer.Objects = 3;
        Assert.Equal(new PoolStatistics(0, 0, 0, 0, 0), pool.Statistics());
        Assert.True(writer.Commit(Interpreter));
        Assert.Equal(new PoolStatistics(16 + 16 + 32, (long)Chunk, 0, 3, 1), pool.Statistics());
        Return(pool);
    }

    [Fact]
    public void AnEmptyCommitTakesNoMemoryAndGivesALease()
    {
        Pool pool = Pool.Create("empty");
        PoolWriter writer = Open(pool);
        Assert.True(writer.Commit(Interpreter));
        Assert.Equal(new PoolStatistics(0, 0, 0, 0, 1), pool.Statistics());
        Return(pool);
    }

    [Fact]
    public void ACommittedBlockOutlivesTheWriterAndTheNextOneGoesOnBehindIt()
    {
        Pool pool = Pool.Create("tail");
        PoolWriter first = Open(pool);
        Block block = Block.Take(ref first, 100, 1)!.Value;
        first.Commit(Interpreter);
        PoolWriter second = Open(pool);
        Block next = Block.Take(ref second, 100, 2)!.Value;
        second.Commit(Interpreter);
        Assert.True(block.IsIntact && next.IsIntact);
        Assert.InRange(next.Address, block.End, block.End + 64);
        Assert.Equal((long)Chunk, pool.Statistics().ReservedBytes);
        Return(pool);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void WhatAnAbortedWriterWroteIsZeroForTheNext(int size)
    {
        Pool pool = Pool.Create("abort");
        // The tail begins anywhere in a page.
        for (int before = 0; before < 4096; before += 448)
        {
            PoolWriter committed = Open(pool);
            Block kept = Block.Take(ref committed, 448, 0xEE)!.Value;
            committed.Commit(Interpreter);

            PoolWriter aborted = Open(pool);
            Block gone = Block.Take(ref aborted, (nuint)size, 0xFF)!.Value;
            Block alsoGone = Block.Take(ref aborted, 5, 0xFF)!.Value;
            aborted.Abort();

            PoolWriter again = Open(pool);
            Block inItsPlace = Block.Take(ref again, (nuint)size + 500, 0xDD)!.Value;
            Assert.Equal(gone.Address, inItsPlace.Address);
            Assert.True(inItsPlace.Overlaps(alsoGone));
            again.Abort();
            Assert.True(kept.IsIntact);
        }
        Assert.Equal((long)Chunk, pool.Statistics().ReservedBytes);
        Return(pool);
    }

    [Fact]
    public void AnAbortLeavesThePoolAsItWas()
    {
        Pool pool = Pool.Create("untouched");
        PoolWriter first = Open(pool);
        Block kept = Block.Take(ref first, 1000, 1)!.Value;
        first.Objects = 1;
        first.Commit(Interpreter);
        PoolStatistics before = pool.Statistics();

        PoolWriter second = Open(pool);
        second.Objects = 99;
        for (int i = 0; i < 10; i++) Block.Take(ref second, Chunk, 2);
        second.Abort();
        Assert.Equal(before, pool.Statistics());
        Assert.True(kept.IsIntact);
        Return(pool);
    }

    [Fact]
    public void AnAbortAfterSeveralRunsReturnsEachOfThem()
    {
        Pool pool = Pool.Create("runs");
        PoolWriter writer = Open(pool);
        List<Block> blocks = [];
        for (int i = 0; i < 20; i++) blocks.Add(Block.Take(ref writer, Chunk - 64, 1)!.Value);
        Assert.Equal(0, pool.Statistics().ReservedBytes);
        writer.Abort();
        Assert.All(blocks, block => Assert.Equal(-1, AddressRange.OwnerSlot(block.Start)));
        Assert.Equal(0, pool.Statistics().ReservedBytes);
        Return(pool);
    }

    [Fact]
    public void AnAbortWithoutAllocationsKeepsTheTailForTheNextWriter()
    {
        Pool pool = Pool.Create("kept tail");
        PoolWriter first = Open(pool);
        Block block = Block.Take(ref first, 10, 1)!.Value;
        first.Commit(Interpreter);
        Open(pool).Abort();
        PoolWriter second = Open(pool);
        Assert.InRange(Block.Take(ref second, 10, 1)!.Value.Address, block.End, block.End + 64);
        second.Abort();
        Return(pool);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(4096)]
    [InlineData(3 << 20)]
    public void MaxBytesIsReachedExactlyAndNeverExceeded(int size)
    {
        const int Blocks = 5;
        long limit = Blocks * ((size + 15L) & ~15L);
        Pool pool = Pool.Create("full", limit);
        PoolWriter writer = Open(pool);
        for (int i = 0; i < Blocks; i++) Assert.NotNull(Block.Take(ref writer, (nuint)size, 1));
        Assert.True(writer.Allocate(1) == null);
        Assert.Equal(AllocationFailure.PoolFull, writer.Failure);
        Assert.True(writer.Commit(Interpreter));
        Assert.Equal(limit, pool.Statistics().UsedBytes);

        PoolWriter next = Open(pool);
        Assert.True(next.Allocate(1) == null);
        next.Abort();
        Return(pool);
    }

    [Fact]
    public void ARefusedAllocationLeavesRoomForASmallerOne()
    {
        Pool pool = Pool.Create("room", 160);
        PoolWriter writer = Open(pool);
        Assert.True(writer.Allocate(161) == null);
        Assert.NotNull(Block.Take(ref writer, 160, 1));
        Assert.True(writer.Commit(Interpreter));
        Return(pool);
    }

    [Fact]
    public void AnAbortGivesTheBytesOfALimitedPoolBack()
    {
        Pool pool = Pool.Create("again", 320);
        for (int i = 0; i < 10; i++)
        {
            PoolWriter writer = Open(pool);
            Assert.NotNull(Block.Take(ref writer, 320, 1));
            writer.Abort();
        }
        PoolWriter last = Open(pool);
        Assert.NotNull(Block.Take(ref last, 320, 1));
        Assert.True(last.Commit(Interpreter));
        Return(pool);
    }

    [Fact]
    public void MaxBytesHoldsForAllOpenWritersTogether()
    {
        Pool pool = Pool.Create("shared limit", 64);
        PoolWriter first = Open(pool);
        PoolWriter second = Open(pool);
        Assert.NotNull(Block.Take(ref first, 32, 1));
        Assert.NotNull(Block.Take(ref second, 32, 2));
        Assert.Null(Block.Take(ref first, 16, 1));
        second.Abort();
        Assert.NotNull(Block.Take(ref first, 32, 1));
        Assert.True(first.Commit(Interpreter));
        Assert.Equal(64, pool.Statistics().UsedBytes);
        Return(pool);
    }

    [Fact]
    public void APoolOfZeroBytesHoldsNothing()
    {
        Pool pool = Pool.Create("nothing", 0);
        PoolWriter writer = Open(pool);
        Assert.True(writer.Allocate(1) == null);
        Assert.Equal(AllocationFailure.PoolFull, writer.Failure);
        writer.Abort();
        Return(pool);
    }

    [Fact]
    public void ARefusedAttemptOfOneThreadTakesNoRoomFromAnother()
    {
        Pool pool = Pool.Create("contended", 160);
        Together.Run(4, number =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                PoolWriter writer = Open(pool);
                if (number == 0)
                    Assert.True(writer.Allocate(160) != null,
                    "the pool has room, but an attempt that did not fit was in the way");
                else Assert.True(writer.Allocate(161) == null);
                writer.Abort();
            }
        });
        Return(pool);
    }

    [Fact]
    public void ABlockLargerThanAnyRunIsOnePiece()
    {
        const nuint Size = 100 * Chunk + 1;
        Pool pool = Pool.Create("big");
        PoolWriter writer = Open(pool);
        Block small = Block.Take(ref writer, 10, 1)!.Value;
        Block big = Block.Take(ref writer, Size, 2)!.Value;
        Block after = Block.Take(ref writer, 10, 3)!.Value;
        Assert.True(writer.Commit(Interpreter));
        Assert.True(small.IsIntact && big.IsIntact && after.IsIntact);
        Assert.InRange(pool.Statistics().ReservedBytes, (long)(102 * Chunk), (long)(140 * Chunk));
        Return(pool);
    }

    [Fact]
    public void ABlockThatNoMemoryCanHoldIsRefusedAndTheWriterGoesOn()
    {
        Pool pool = Pool.Create("impossible");
        PoolWriter writer = Open(pool);
        Assert.True(writer.Allocate(AddressRange.Size + 1) == null);
        Assert.Equal(AllocationFailure.OutOfMemory, writer.Failure);
        Assert.True(writer.Allocate((nuint)1 << 60) == null);
        Assert.Equal(AllocationFailure.OutOfMemory, writer.Failure);
        Assert.NotNull(Block.Take(ref writer, 10, 1));
        Assert.True(writer.Commit(Interpreter));
        Assert.Equal(16, pool.Statistics().UsedBytes);
        Return(pool);
    }

    [Fact]
    public void WhatTheSystemRefusesDoesNotCountAgainstMaxBytes()
    {
        Pool pool = Pool.Create("refused", (long)AddressRange.Size + 1000);
        PoolWriter writer = Open(pool);
        Assert.True(writer.Allocate(AddressRange.Size + 16) == null);
        Assert.Equal(AllocationFailure.OutOfMemory, writer.Failure);
        Assert.NotNull(Block.Take(ref writer, 1000, 1));
        Assert.True(writer.Commit(Interpreter));
        Return(pool);
    }

    [Fact]
    public void SeveralOpenWritersWorkInPlacesOfTheirOwn()
    {
        Pool pool = Pool.Create("several");
        PoolWriter seed = Open(pool);
        seed.Allocate(100);
        seed.Commit(Interpreter);

        PoolWriter[] writers = [Open(pool), Open(pool), Open(pool)];
        List<Block> blocks = [];
        for (int i = 0; i < 3000; i++) blocks.Add(Block.Take(ref writers[i % 3], (nuint)(i % 900) + 1, (byte)(i % 3 + 1))!.Value);
        Assert.True(writers[1].Commit(Interpreter));
        writers[0].Abort();
        Assert.True(writers[2].Commit(Interpreter));
        Assert.All(blocks.Where(block => block.Pattern != 1), block => Assert.True(block.IsIntact));

        PoolWriter last = Open(pool);
        for (int i = 0; i < 3000; i++) Block.Take(ref last, 400, 9);
        last.Commit(Interpreter);
        Assert.All(blocks.Where(block => block.Pattern != 1), block => Assert.True(block.IsIntact));
        Return(pool);
    }

    [Fact]
    public void ManyThreadsWriteToOnePoolAtOnce()
    {
        Pool pool = Pool.Create("parallel");
        const int Rounds = 400;
        List<Block>[] kept = [.. Enumerable.Range(0, 4).Select(_ => new List<Block>())];
        Together.Run(4, number =>
        {
            Random random = new(number);
            for (int round = 0; round < Rounds; round++)
            {
                PoolWriter writer = Open(pool);
                List<Block> blocks = [];
                for (int i = random.Next(20); i >= 0; i--)
                    blocks.Add(Block.Take(ref writer, (nuint)random.Next(1, 3000), (byte)(number + 1))!.Value);
                writer.Objects = blocks.Count;
                if (random.Next(3) == 0)
                {
                    writer.Abort();
                    continue;
                }
                Assert.True(writer.Commit(number));
                kept[number].AddRange(blocks);
            }
        });
        Block[] all = [.. kept.SelectMany(blocks => blocks)];
        Assert.All(all, block => Assert.True(block.IsIntact));
        Assert.Equal(all.Length, pool.Statistics().Objects);
        Assert.Equal(all.Sum(block => ((long)block.Size + 15) & ~15L), pool.Statistics().UsedBytes);
        Assert.Equal(4, pool.Statistics().Interpreters);
        Return(pool);
    }

    [Fact]
    public void AWriterCannotBeOpenedOnADeletedPool()
    {
        Pool pool = Pool.Create("deleted");
        pool.Delete();
        PoolWriter writer = default;
        Assert.False(writer.Open(pool));
    }

    [Fact]
    public void ACommitAfterTheDeletionFailsAndReturnsTheMemory()
    {
        Pool pool = Pool.Create("too late");
        PoolWriter writer = Open(pool);
        Block block = Block.Take(ref writer, 3 * Chunk, 1)!.Value;
        Assert.True(pool.Delete());
        Assert.Equal(pool.Slot, AddressRange.OwnerSlot(block.Start));
        Assert.False(writer.Commit(Interpreter));
        Assert.Equal(-1, AddressRange.OwnerSlot(block.Start));
        Assert.Equal(new PoolStatistics(0, 0, 0, 0, 0), pool.Statistics());
        Assert.Null(PoolTable.Find(pool.Id));
    }
}

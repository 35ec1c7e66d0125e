using System.Runtime.InteropServices;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>Where memory goes that is not in use.</summary>
public sealed unsafe class HeapMemoryTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("memory");
    readonly PoolHeap* _heap;

    public HeapMemoryTests() => _heap = _pool.LiveHeap();

    public void Dispose()
    {
        _pool.Delete();
        Epoch.Leave(_me);
    }

    long Reserved => _pool.Statistics().ReservedBytes;

    static List<nint> Allocate(Participant* me, PoolHeap* heap, int count, int size)
    {
        List<nint> blocks = [];
        Epoch.Enter(me);
        for (int i = 0; i < count; i++) blocks.Add((nint)Heap.Allocate(me, heap, (nuint)size));
        Epoch.Exit(me);
        return blocks;
    }

    static void Free(Participant* me, IEnumerable<nint> blocks)
    {
        Epoch.Enter(me);
        foreach (nint block in blocks) Heap.Free(me, (void*)block);
        Epoch.Exit(me);
    }

    [Fact]
    public void AClassHoldsItsSizesAndWastesAtMostAFifth()
    {
        nuint previous = 0;
        for (nuint size = 1; size <= SizeClass.Largest; size++)
        {
            nuint block = SizeClass.BlockSize(SizeClass.Of(size));
            Assert.True(block >= size && block % 16 == 0 && block >= previous);
            Assert.True(size <= 512 ? block - size < 16 : (block - size) * 5 < block + 80);
            Assert.True(SizeClass.Of(size) is > 0 and < SizeClass.Count);
            Assert.Equal(SizeClass.Of(size), SizeClass.Of(block));
            previous = block;
        }
        Assert.Equal((nuint)SizeClass.Count - 1, SizeClass.Of(SizeClass.Largest));
    }

    [Theory]
    [InlineData(100, 500_000)]
    [InlineData(3000, 20_000)]
    [InlineData(100_000, 700)]
    [InlineData(3_000_000, 20)]
    public void WhatIsFreedReturnsToTheSystemButForALittle(int size, int count)
    {
        List<nint> blocks = Allocate(_me, _heap, count, size);
        long full = Reserved;
        Assert.True(full >= (long)size * count);
        Free(_me, blocks);
        Assert.InRange(Reserved, 0, 8 << 20);
        Assert.True(HeapInvariants.IsValid(_heap));
        Heap.Collect(_me, _heap);
        Assert.Equal(0, Reserved);
    }

    [Fact]
    public void BlocksThatAnotherThreadFreedAreUsedAgain()
    {
        PoolHeap* heap = _heap;
        List<nint> blocks = Allocate(_me, heap, 100_000, 64);
        long before = Reserved;
        for (int round = 0; round < 5; round++)
        {
            List<nint> freed = blocks;
            Together.Run(1, _ =>
            {
                Participant* me = Epoch.Join();
                Free(me, freed);
                Epoch.Leave(me);
            });
            Assert.Equal(0, Heap.LiveBlocks(heap));
            Assert.True(HeapInvariants.IsValid(heap));
            blocks = Allocate(_me, heap, 100_000, 64);
            Assert.Equal(100_000, blocks.Distinct().Count());
            Assert.True(Reserved <= before + (4 << 20));
        }
    }

    [Fact]
    public void PagesOfAThreadThatLeftAreUsedByOneThatStays()
    {
        PoolHeap* heap = _heap;
        Allocate(_me, heap, 1, 64);
        List<nint> left = [];
        for (int round = 0; round < 5; round++)
        {
            Together.Run(1, _ =>
            {
                Participant* me = Epoch.Join();
                List<nint> blocks = Allocate(me, heap, 50_000, 64);
                // One of three stays in use, in every page.
                Free(me, blocks.Where((_, i) => i % 3 != 0));
                left.AddRange(blocks.Where((_, i) => i % 3 == 0));
                Epoch.Leave(me);
            });
            long before = Reserved;
            List<nint> mine = Allocate(_me, heap, 30_000, 64);
            Assert.Equal(before, Reserved);
            Assert.Empty(mine.Intersect(left));
            Free(_me, mine);
            Assert.True(HeapInvariants.IsValid(heap));
        }
        Assert.Equal(left.Count + 1, Heap.LiveBlocks(heap));
    }

    [Fact]
    public void AThreadThatComesTakesOverWhatOneThatWentLeft()
    {
        PoolHeap* heap = _heap;
        long most = 0;
        for (int round = 0; round < 100; round++)
        {
            Together.Run(1, _ =>
            {
                Participant* me = Epoch.Join();
                List<nint> blocks = Allocate(me, heap, 5000, 100);
                Epoch.Enter(me);
                foreach (nint block in blocks) Heap.Retire(me, (void*)block);
                Epoch.Exit(me);
                if (round % 2 == 0) Epoch.Leave(me);
            });
            most = Math.Max(most, Reserved);
        }
        Assert.InRange(most, 0, 32 << 20);
        Assert.Equal(0, Heap.LiveBlocks(heap));
    }

    [Fact]
    public void ALimboThatASectionHoldsBackNeitherBlocksWritersNorIsLost()
    {
        using ManualResetEventSlim entered = new();
        using ManualResetEventSlim done = new();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        PoolHeap* heap = _heap;
        Thread reader = new(() =>
        {
            Participant* me = Epoch.Join();
            Epoch.Enter(me);
            entered.Set();
            done.Wait(cancellation);
            Epoch.Exit(me);
            Epoch.Leave(me);
        });
        reader.Start();
        entered.Wait(cancellation);
        long events = Limbo.Events;
        const int Blocks = 200;
        const int Size = 500_000;
        for (int i = 0; i < Blocks; i++)
        {
            Epoch.Enter(_me);
            Heap.Retire(_me, Heap.Allocate(_me, heap, Size));
            Epoch.Exit(_me);
        }
        Assert.True(Limbo.Events > events);
        Assert.True(_pool.Statistics().LimboBytes >= (Blocks - 10) * (long)Size);
        Assert.True(Limbo.TotalBytes >= Limbo.Pressure);
        done.Set();
        reader.Join();
        Heap.Collect(_me, heap);
        Assert.Equal(0, _pool.Statistics().LimboBytes);
        Assert.Equal(0, Limbo.TotalBytes);
        Assert.Equal(0, Reserved);
    }

    [Fact]
    public void LimboStaysSmallWhileNoSectionIsInTheWay()
    {
        for (int i = 0; i < 100_000; i++)
        {
            Epoch.Enter(_me);
            Heap.Retire(_me, Heap.Allocate(_me, _heap, 200));
            Epoch.Exit(_me);
            if (i % 1000 == 0) Assert.InRange(_pool.Statistics().LimboBytes, 0, 1000 * 208);
        }
    }

    [Fact]
    public void DeletionForgetsTheLimboInItsTotalToo()
    {
        long before = Limbo.TotalBytes;
        Pool pool = Pool.Create("limbo");
        PoolHeap* heap = pool.LiveHeap();
        Epoch.Enter(_me);
        for (int i = 0; i < 1000; i++) Heap.Retire(_me, Heap.Allocate(_me, heap, 1000));
        Epoch.Exit(_me);
        Assert.True(Limbo.TotalBytes > before);
        pool.Delete();
        Assert.Equal(before, Limbo.TotalBytes);
    }

    [Fact]
    public void DeletionForgetsBagsThatAreEmptyInPart()
    {
        long before = Limbo.TotalBytes;
        Pool pool = Pool.Create("limbo");
        PoolHeap* heap = pool.LiveHeap();
        // A few more, when the grace period of the others is over, free some of the oldest bag.
        foreach (int count in (int[])[640, 8])
        {
            Epoch.Enter(_me);
            for (int i = 0; i < count; i++) Heap.Retire(_me, Heap.Allocate(_me, heap, 1000));
            Epoch.Exit(_me);
            Epoch.Synchronize();
        }
        Assert.InRange(pool.Statistics().LimboBytes, 1, 647 * 1000);
        pool.Delete();
        Assert.Equal(before, Limbo.TotalBytes);
    }

    [Fact]
    public void NoOperationAllocatesManagedMemory()
    {
        // The runtime allocates when it looks up a native function for the first time, which may be in the midst of this on a
        // busy machine.
        Marshal.PrelinkAll(typeof(Libc));
        Marshal.PrelinkAll(typeof(RobustMutex));
        Thread.Yield();
        nint* blocks = stackalloc nint[64];
        new Span<nint>(blocks, 64).Clear();
        long before = 0;
        for (int i = 0; i < 200_000; i++)
        {
            if (i == 1000) before = GC.GetAllocatedBytesForCurrentThread();
            Epoch.Enter(_me);
            ref nint place = ref blocks[i & 63];
            if (place != 0 && (i & 64) == 0) Heap.Free(_me, (void*)place);
            else if (place != 0) Heap.Retire(_me, (void*)place);
            place = (nint)Heap.Allocate(_me, _heap, (nuint)((i * 7919) & ((i & 1023) == 0 ? 0x3FFFFF : 0x3FFF)));
            Epoch.Exit(_me);
            if (i % 50_000 == 0) Heap.Collect(_me, _heap);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}

using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class HeapDebugTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool;
    readonly PoolHeap* _heap;

    public HeapDebugTests()
    {
        HeapDebug.Start(quarantineBytes: 4_000_000);
        _pool = Pool.Create("checked");
        _heap = _pool.LiveHeap();
        HeapDebug.Stop();
        Epoch.Enter(_me);
    }

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        Epoch.Exit(_me);
        _pool.Delete();
        Epoch.Leave(_me);
    }

    byte* Allocate(nuint size) => (byte*)Heap.Allocate(_me, _heap, size);

    void Collect()
    {
        Epoch.Exit(_me);
        Heap.Collect(_me, _heap);
        Epoch.Enter(_me);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(5000)]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public void ASecondFreeOfABlockIsFound(int size)
    {
        byte* block = Allocate((nuint)size);
        Heap.Free(_me, block);
        Assert.Throws<InvalidOperationException>(() => Heap.Free(_me, block));
        Assert.Throws<InvalidOperationException>(() => Heap.Retire(_me, block));
        byte* retired = Allocate((nuint)size);
        Heap.Retire(_me, retired);
        Assert.Throws<InvalidOperationException>(() => Heap.Retire(_me, retired));
        Assert.Throws<InvalidOperationException>(() => Heap.Free(_me, retired));
        Assert.Equal(0, Heap.LiveBlocks(_heap));
    }

    [Fact]
    public void AFreeOfWhatIsNoBlockIsFound()
    {
        byte* block = Allocate(48);
        Assert.Throws<InvalidOperationException>(() => Heap.Free(_me, block + 16));
        Assert.Throws<InvalidOperationException>(() => Heap.Retire(_me, block + 8));
        Assert.Throws<InvalidOperationException>(() => Heap.Free(_me, block + Page.Size));
        byte* large = Allocate(200_000);
        Assert.Throws<InvalidOperationException>(() => Heap.Free(_me, large + 16));
        Heap.Free(_me, block);
        Heap.Free(_me, large);
    }

    [Fact]
    public void AWriteAfterTheFreeIsFoundWhenTheBlockIsLetGo()
    {
        byte* block = Allocate(48);
        Heap.Free(_me, block);
        Assert.Equal(-1, new Span<byte>(block, 48).IndexOfAnyExcept(HeapDebug.Poison));
        block[40] = 1;
        Epoch.Exit(_me);
        try
        {
            Assert.Throws<InvalidOperationException>(() => Heap.Collect(_me, _heap));
        }
        finally
        {
            if (!Epoch.IsInside(_me)) Epoch.Enter(_me);
        }
    }

    [Fact]
    public void ARetiredBlockKeepsItsContentsUntilItsGracePeriodIsOver()
    {
        byte* block = Allocate(48);
        new Span<byte>(block, 48).Fill(7);
        for (int i = 0; i < 1000; i++) Heap.Retire(_me, i == 0 ? block : Allocate(48));
        Assert.Equal(-1, new Span<byte>(block, 48).IndexOfAnyExcept((byte)7));
        Epoch.Exit(_me);
        for (int i = 0; i < 300; i++)
        {
            Epoch.Enter(_me);
            Heap.Retire(_me, Allocate(48));
            Epoch.Exit(_me);
        }
        Epoch.Enter(_me);
        Assert.NotEqual(7, *block);
    }

    [Fact]
    public void ABlockOfACheckedHeapIsFilledAndComesBackOnlyAfterAWhile()
    {
        byte* first = Allocate(48);
        Assert.Equal(-1, new Span<byte>(first, 48).IndexOfAnyExcept(HeapDebug.Fresh));
        Heap.Free(_me, first);
        int rounds = 0;
        for (byte* next; (next = Allocate(48)) != first; rounds++) Heap.Free(_me, next);
        Assert.True(rounds >= 10_000);
        Assert.Equal(1, Heap.LiveBlocks(_heap));
        Assert.True(HeapInvariants.IsValid(_heap));
    }

    [Fact]
    public void WhatIsHeldBackIsCountedAsFreeAndCollected()
    {
        for (int i = 0; i < 100; i++) Heap.Free(_me, Allocate(64));
        Heap.Retire(_me, Allocate(64));
        Assert.Equal(0, Heap.LiveBlocks(_heap));
        Assert.Equal(0, _pool.Statistics().LiveBytes);
        Collect();
        Assert.Equal(0, _pool.Statistics().ReservedBytes);
    }

    [Fact]
    public void ThreadsThatFreeEachOthersBlocksOfACheckedHeapFindNothingWrong()
    {
        nint[] slots = new nint[100];
        PoolHeap* heap = _heap;
        Together.Run(4, number =>
        {
            Participant* me = Epoch.Join();
            Random random = new(number);
            for (int i = 0; i < 10_000; i++)
            {
                Epoch.Enter(me);
                void* block = Heap.Allocate(me, heap, (nuint)random.Next(1, 400));
                void* old = (void*)Interlocked.Exchange(ref slots[random.Next(100)], (nint)block);
                if (old != null && random.Next(2) == 0) Heap.Free(me, old);
                else if (old != null) Heap.Retire(me, old);
                Epoch.Exit(me);
            }
            Epoch.Leave(me);
        });
        foreach (nint block in slots)
        {
            if (block != 0) Heap.Free(_me, (void*)block);
        }
        Assert.Equal(0, Heap.LiveBlocks(_heap));
        Collect();
        Collect();
        Assert.Equal(0, _pool.Statistics().ReservedBytes);
    }
}

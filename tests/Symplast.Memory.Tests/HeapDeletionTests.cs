using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class HeapDeletionTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();

    public void Dispose() => Epoch.Leave(_me);

    byte* Allocate(PoolHeap* heap, nuint size = 48)
    {
        Epoch.Enter(_me);
        byte* block = (byte*)Heap.Allocate(_me, heap, size);
        Epoch.Exit(_me);
        return block;
    }

    [Fact]
    public void DeletionReturnsAllMemoryWithBlocksInUseInLimboAndLarge()
    {
        Pool pool = Pool.Create("deleted");
        PoolHeap* heap = pool.LiveHeap();
        byte* small = Allocate(heap);
        byte* large = Allocate(heap, 5_000_000);
        for (int i = 0; i < 1000; i++)
        {
            byte* block = Allocate(heap, (nuint)(i * 100));
            Epoch.Enter(_me);
            if (i % 2 == 0) Heap.Retire(_me, block);
            Epoch.Exit(_me);
        }
        Assert.True(Heap.Of(large + 4_999_999) == heap);
        Assert.False(PoolHeap.IsDeleted(heap));
        Assert.True(pool.Delete());
        Assert.True(PoolHeap.IsDeleted(heap));
        foreach (nint place in (ReadOnlySpan<nint>)[(nint)small, (nint)large, (nint)large + 4_999_999])
        {
            Assert.True(Heap.Of((void*)place) == null);
            Assert.True(PoolHeap.IsDeleted(Heap.Of((void*)place)));
            Assert.Equal(-1, AddressRange.OwnerSlot((void*)place));
            Assert.Equal(Mapping.Inaccessible, Mapping.PermissionsAt((byte*)place));
        }
        Assert.Equal(new PoolStatistics(0, 0, 0, 0, 0), pool.Statistics());
        Assert.Null(PoolTable.Find(pool.Id));
        Assert.False(pool.Delete());
    }

    [Fact]
    public void APoolThatIsDeletedAnswersADeletedHeap()
    {
        Pool without = Pool.Create("without");
        without.Delete();
        Assert.True(PoolHeap.IsDeleted(without.LiveHeap()));
        Pool with = Pool.Create("with");
        PoolHeap* heap = with.LiveHeap();
        Assert.True(with.LiveHeap() == heap);
        with.Delete();
        Assert.True(with.LiveHeap() == heap);
        Assert.True(PoolHeap.IsDeleted(heap));
        Heap.Collect(_me, heap);
        Assert.Equal(0, Heap.LiveBlocks(heap));
    }

    [Fact]
    public void AThreadsPartOfADeletedHeapIsNeverUsedForThePoolThatGetsTheSlotNext()
    {
        for (int i = 0; i < 100; i++)
        {
            Pool pool = Pool.Create("next");
            PoolHeap* heap = pool.LiveHeap();
            Epoch.Enter(_me);
            Assert.NotNull(LiveBlock.Take(_me, heap, 100, 1));
            // In another round, what the deleted pool had in limbo must not be freed in the next.
            if (i % 3 == 0) Heap.Retire(_me, Heap.Allocate(_me, heap, 100));
            Epoch.Exit(_me);
            Assert.Equal(1, Heap.LiveBlocks(heap));
            Assert.True(HeapInvariants.IsValid(heap));
            pool.Delete();
        }
    }

    [Fact]
    public void ParticipantsWithPartsOfDeletedHeapsLeaveAndDieHarmlessly()
    {
        for (int round = 0; round < 20; round++)
        {
            Pool first = Pool.Create("first");
            Pool second = Pool.Create("second");
            nint heaps = (nint)first.LiveHeap();
            nint others = (nint)second.LiveHeap();
            using Barrier deleted = new(2);
            CancellationToken cancellation = TestContext.Current.CancellationToken;
            Thread thread = new(() =>
            {
                Participant* me = Epoch.Join();
                Epoch.Enter(me);
                Heap.Allocate(me, (PoolHeap*)heaps, 64);
                Heap.Allocate(me, (PoolHeap*)others, 64);
                Epoch.Exit(me);
                deleted.SignalAndWait(cancellation);
                deleted.SignalAndWait(cancellation);
                if (round % 2 == 0) Epoch.Leave(me);
            });
            thread.Start();
            deleted.SignalAndWait(cancellation);
            first.Delete();
            deleted.SignalAndWait(cancellation);
            thread.Join();
            Epoch.Enter(_me);
            Heap.Allocate(_me, (PoolHeap*)others, 64);
            Epoch.Exit(_me);
            Assert.Equal(2, Heap.LiveBlocks((PoolHeap*)others));
            Assert.True(HeapInvariants.IsValid((PoolHeap*)others));
            second.Delete();
        }
    }

    [Fact]
    public void APinnedHeapKeepsItsAddressesButNotItsMemory()
    {
        Pool pool = Pool.Create("pinned");
        PoolHeap* heap = pool.LiveHeap();
        byte* block = Allocate(heap);
        byte* large = Allocate(heap, 3_000_000);
        Epoch.Enter(_me);
        Heap.Pin(heap);
        Heap.Pin(heap);
        Epoch.Exit(_me);
        pool.Delete();
        foreach (nint place in (ReadOnlySpan<nint>)[(nint)block, (nint)large, (nint)large + 2_999_999])
        {
            Assert.True(Heap.Of((void*)place) == heap);
            Assert.Equal(Mapping.Inaccessible, Mapping.PermissionsAt((byte*)place));
        }
        Assert.True(PoolHeap.IsDeleted(heap));
        Assert.NotEqual(0, pool.Statistics().ReservedBytes);
        Assert.Same(pool, PoolTable.Find(pool.Id));
        Heap.Unpin(heap);
        Assert.True(Heap.Of(block) == heap);

        // One who loaded the address before it was unpinned may still look at it.
        Epoch.Enter(_me);
        Heap.Unpin(heap);
        Pool other = Pool.Create("other");
        Allocate(other.LiveHeap());
        Assert.True(Heap.Of(block) == heap);
        Epoch.Exit(_me);
        Heap.Collect(_me, other.LiveHeap());
        Heap.Collect(_me, other.LiveHeap());
        Assert.True(Heap.Of(block) == null);
        Assert.Null(PoolTable.Find(pool.Id));
        Assert.Equal(new PoolStatistics(0, 0, 0, 0, 0), pool.Statistics());
        other.Delete();
    }

    [Fact]
    public void APinThatIsGoneBeforeTheDeletionKeepsNothingForLong()
    {
        Pool pool = Pool.Create("was pinned");
        PoolHeap* heap = pool.LiveHeap();
        byte* block = Allocate(heap);
        Heap.Pin(heap);
        Heap.Unpin(heap);
        pool.Delete();
        Heap.Collect(_me, heap);
        Assert.True(Heap.Of(block) == null);
        Assert.Null(PoolTable.Find(pool.Id));
    }

    [Fact]
    public void LiveAndFrozenObjectsOfAPoolGoEachInTheirTime()
    {
        Pool pool = Pool.Create("both");
        PoolWriter writer = default;
        writer.Open(pool);
        Block frozen = Block.Take(ref writer, 100, 1)!.Value;
        writer.Commit(7);
        byte* live = Allocate(pool.LiveHeap());
        Assert.Equal(112 + 48, pool.Statistics().UsedBytes);
        Assert.True(Heap.Of(frozen.Start) == null);
        pool.Delete();
        Assert.True(Heap.Of(live) == null);
        Assert.True(frozen.IsIntact);
        Assert.Same(pool, PoolTable.Find(pool.Id));
        pool.EndLeases(_ => true);
        Assert.Equal(-1, AddressRange.OwnerSlot(frozen.Start));
        Assert.Null(PoolTable.Find(pool.Id));
    }

    [Fact]
    public void ADeletionWaitsForTheSectionsThatUseThePool()
    {
        for (int round = 0; round < 50; round++)
        {
            Pool pool = Pool.Create("in use");
            nint heapAddress = (nint)pool.LiveHeap();
            int refused = 0;
            Together.Run(4, number =>
            {
                if (number == 3)
                {
                    Thread.Yield();
                    Assert.True(pool.Delete());
                    return;
                }
                Participant* me = Epoch.Join();
                PoolHeap* heap = (PoolHeap*)heapAddress;
                Random random = new(round * 4 + number);
                nint* kept = stackalloc nint[8];
                new Span<nint>(kept, 8).Clear();
                for (int i = 0; ; i++)
                {
                    Epoch.Enter(me);
                    if (PoolHeap.IsDeleted(heap))
                    {
                        Epoch.Exit(me);
                        break;
                    }
                    ref nint place = ref kept[i & 7];
                    if (place != 0)
                    {
                        // What was written in an earlier section is there, and the memory can be used to the end of this one.
                        Assert.Equal(number * 1000L + (i & 7), *(long*)place);
                        if ((i & 8) == 0) Heap.Free(me, (void*)place);
                        else Heap.Retire(me, (void*)place);
                    }
                    place = (nint)Heap.Allocate(me, heap, (nuint)random.Next(8, 3000));
                    *(long*)place = number * 1000L + (i & 7);
                    Epoch.Exit(me);
                }
                Interlocked.Increment(ref refused);
                if (number == 0) Epoch.Leave(me);
            });
            Assert.Equal(3, refused);
            Assert.Null(PoolTable.Find(pool.Id));
        }
    }

    [Fact]
    public void ManyPoolsComeAndGoWhileThreadsWorkInThem()
    {
        const int Pools = 6;
        Pool[] pools = [.. Enumerable.Range(0, Pools).Select(i => Pool.Create($"pool {i}"))];
        int left = 3;
        Together.Run(4, number =>
        {
            Participant* me = Epoch.Join();
            Random random = new(number);
            if (number == 3)
            {
                while (Volatile.Read(ref left) > 0)
                {
                    int index = random.Next(Pools);
                    Pool old = pools[index];
                    Volatile.Write(ref pools[index], Pool.Create("again"));
                    Assert.True(old.Delete());
                }
            }
            for (int i = 0; number < 3 && i < 30_000; i++)
            {
                Pool pool = Volatile.Read(ref pools[random.Next(Pools)]);
                PoolHeap* heap = pool.LiveHeap();
                Epoch.Enter(me);
                if (!PoolHeap.IsDeleted(heap))
                {
                    LiveBlock block = LiveBlock.Take(me, heap, (nuint)random.Next(1, 500), (byte)number)!.Value;
                    LiveBlock other = LiveBlock.Take(me, heap, (nuint)random.Next(1, 500), (byte)(number + 10))!.Value;
                    Assert.True(block.IsIntact && other.IsIntact);
                    Heap.Retire(me, block.Start);
                    if (random.Next(2) == 0) Heap.Free(me, other.Start);
                }
                Epoch.Exit(me);
                GC.KeepAlive(pool);
            }
            Interlocked.Decrement(ref left);
            Epoch.Leave(me);
        });
        foreach (Pool pool in pools)
        {
            Assert.True(HeapInvariants.IsValid(pool.LiveHeap()));
            pool.Delete();
            Assert.Null(PoolTable.Find(pool.Id));
        }
    }
}

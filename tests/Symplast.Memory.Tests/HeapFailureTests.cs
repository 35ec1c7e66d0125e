using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class HeapFailureTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();

    public HeapFailureTests() => Epoch.Enter(_me);

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        Epoch.Exit(_me);
        Epoch.Leave(_me);
    }

    void Delete(Pool pool)
    {
        Epoch.Exit(_me);
        pool.Delete();
        Epoch.Enter(_me);
    }

    [Fact]
    public void ExactlyTheChosenAllocationFails()
    {
        Pool pool = Pool.Create("failing");
        PoolHeap* heap = pool.LiveHeap();
        Heap.Free(_me, Heap.Allocate(_me, heap, 40));
        for (int n = 1; n < 50; n++)
        {
            HeapDebug.FailAt(n);
            List<nint> blocks = [];
            for (int i = 1; i <= 50; i++)
            {
                Assert.Equal(i > n, HeapDebug.HasFailed);
                _me->Failure = AllocationFailure.None;
                void* block = Heap.Allocate(_me, heap, (nuint)(i * 37 * i));
                Assert.Equal(i == n, block == null);
                Assert.Equal(i == n ? AllocationFailure.OutOfMemory : AllocationFailure.None, _me->Failure);
                if (block != null) blocks.Add((nint)block);
            }
            HeapDebug.FailAt(0);
            Assert.False(HeapDebug.HasFailed);
            Assert.Equal(49, Heap.LiveBlocks(heap));
            Assert.True(HeapInvariants.IsValid(heap));
            foreach (nint block in blocks) Heap.Free(_me, (void*)block);
        }
        Assert.True(Heap.Allocate(_me, heap, 40) != null);
        Delete(pool);
    }

    [Fact]
    public void AFailureIsAwaitedInHeapsThatAreMadeMeanwhile()
    {
        HeapDebug.FailAt(2);
        Pool pool = Pool.Create("later");
        PoolHeap* heap = pool.LiveHeap();
        Assert.True(Heap.Allocate(_me, heap, 40) != null);
        Assert.True(Heap.Allocate(_me, heap, 40) == null);
        Assert.True(HeapDebug.HasFailed);
        Delete(pool);
    }

    [Fact]
    public void AnImpossibleSizeGivesNullAndLeavesTheHeapUsable()
    {
        Pool pool = Pool.Create("huge");
        PoolHeap* heap = pool.LiveHeap();
        foreach (nuint size in (ReadOnlySpan<nuint>)[nuint.MaxValue, nuint.MaxValue - 15, (nuint)1 << 46, AddressRange.Size + 1])
        {
            Assert.True(Heap.Allocate(_me, heap, size) == null);
            Assert.Equal(AllocationFailure.OutOfMemory, _me->Failure);
        }
        Assert.Equal(0, Heap.LiveBlocks(heap));
        Assert.True(Heap.Allocate(_me, heap, 0) != null);
        Delete(pool);
    }

    [Theory]
    [InlineData(48, 48)]
    [InlineData(600, 640)]
    [InlineData(40_000, 65_536)]
    [InlineData(1_500_000, 1_507_328)]
    public void ALimitIsReachedExactlyAndWhatIsFreedOrRetiredCanBeUsedAgain(int size, int charged)
    {
        Pool pool = Pool.Create("limited", 5L * charged + charged - 1);
        PoolHeap* heap = pool.LiveHeap();
        Queue<nint> blocks = [];
        for (int round = 0; round < 20; round++)
        {
            while (blocks.Count < 5)
            {
                void* block = Heap.Allocate(_me, heap, (nuint)size);
                Assert.True(block != null);
                Assert.Equal((nuint)charged, Heap.SizeOf(block));
                blocks.Enqueue((nint)block);
            }
            Assert.True(Heap.Allocate(_me, heap, (nuint)size) == null);
            Assert.Equal(AllocationFailure.PoolFull, _me->Failure);
            Assert.Equal(5L * charged, pool.Statistics().UsedBytes);
            Heap.Free(_me, (void*)blocks.Dequeue());
            Heap.Retire(_me, (void*)blocks.Dequeue());
        }
        Assert.True(HeapInvariants.IsValid(heap));
        Delete(pool);
    }

    [Fact]
    public void ALimitHoldsForFrozenAndLiveObjectsTogether()
    {
        Pool pool = Pool.Create("both", 1000);
        PoolWriter writer = default;
        Assert.True(writer.Open(pool));
        Assert.True(writer.Allocate(496) != null);
        Assert.True(writer.Commit(1));
        PoolHeap* heap = pool.LiveHeap();
        void* block = Heap.Allocate(_me, heap, 400);
        Assert.True(block != null);
        Assert.True(Heap.Allocate(_me, heap, 112) == null);
        Assert.Equal(AllocationFailure.PoolFull, _me->Failure);
        Assert.True(writer.Open(pool));
        Assert.True(writer.Allocate(112) == null);
        writer.Abort();
        Assert.Equal(896, pool.Statistics().UsedBytes);
        Heap.Free(_me, block);
        Assert.True(Heap.Allocate(_me, heap, 496) != null);
        pool.EndLeases(_ => true);
        Delete(pool);
        Assert.Null(PoolTable.Find(pool.Id));
    }

    [Fact]
    public void ALimitIsNeverExceededByManyThreadsAndNothingIsRefusedThatFits()
    {
        const int Blocks = 100;
        Pool pool = Pool.Create("contended", Blocks * 64);
        PoolHeap* heap = pool.LiveHeap();
        long taken = 0;
        Epoch.Exit(_me);
        Together.Run(4, _ =>
        {
            Participant* me = Epoch.Join();
            while (true)
            {
                Epoch.Enter(me);
                void* block = Heap.Allocate(me, heap, 64);
                Epoch.Exit(me);
                if (block == null) break;
                Interlocked.Increment(ref taken);
            }
            Epoch.Leave(me);
        });
        Assert.Equal(Blocks, taken);
        Assert.Equal(Blocks, Heap.LiveBlocks(heap));
        pool.Delete();
        Epoch.Enter(_me);
    }
}

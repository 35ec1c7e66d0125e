using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class SharedBufferTests : IDisposable
{
    const int Large = 10_000_000;

    readonly Participant* _me = Epoch.Join();

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        HeapDebug.Stop();
        Epoch.Leave(_me);
    }

    SharedBuffer* Create(Pool pool, nuint bytes)
    {
        Epoch.Enter(_me);
        SharedBuffer* buffer = SharedBuffer.Create(_me, pool.LiveHeap(), bytes);
        Epoch.Exit(_me);
        return buffer;
    }

    void Retire(SharedBuffer* buffer)
    {
        Epoch.Enter(_me);
        SharedBuffer.Retire(_me, buffer);
        Epoch.Exit(_me);
    }

    static void Fill(SharedBuffer* buffer, int bytes) => new Span<byte>(SharedBuffer.Data(buffer), bytes).Fill(7);

    static long Resident() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * Environment.SystemPageSize;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData((int)SharedBuffer.LargestAllocated - SharedBuffer.HeaderSize)]
    [InlineData((int)SharedBuffer.LargestAllocated - SharedBuffer.HeaderSize + 1)]
    [InlineData(Large)]
    public void BeginsWithZerosOnACacheLineAndCountsAsABlock(int bytes)
    {
        foreach (bool isChecked in (ReadOnlySpan<bool>)[false, true])
        {
            if (isChecked) HeapDebug.Start();
            Pool pool = Pool.Create("zeros");
            SharedBuffer* buffer = Create(pool, (nuint)bytes);
            byte* data = SharedBuffer.Data(buffer);
            Assert.Equal(0u, (nuint)data % 64);
            Assert.False(new Span<byte>(data, bytes).ContainsAnyExcept((byte)0));
            Fill(buffer, bytes);
            PoolStatistics statistics = pool.Statistics();
            Assert.Equal(1, statistics.LiveBlocks);
            Assert.InRange(statistics.LiveBytes, bytes + SharedBuffer.HeaderSize, bytes + 4200);
            Assert.Equal(statistics.LiveBytes, statistics.UsedBytes);
            Assert.True(statistics.ReservedBytes >= statistics.LiveBytes);
            Assert.True(HeapInvariants.IsValid(pool.LiveHeap()));
            Retire(buffer);
            Assert.Equal(0, pool.Statistics().LiveBlocks);
            Heap.Collect(_me, pool.LiveHeap());
            Assert.Equal(0, pool.Statistics().LimboBytes);
            Assert.Equal(0, pool.Statistics().ReservedBytes);
            Assert.True(HeapInvariants.IsValid(pool.LiveHeap()));
            pool.Delete();
        }
    }

    [Fact]
    public void WhatNobodyWroteCostsNoMemory()
    {
        Pool pool = Pool.Create("lazy");
        long before = Resident();
        SharedBuffer* buffer = Create(pool, (nuint)4 << 30);
        Assert.True(buffer != null);
        Assert.Equal(0, SharedBuffer.Data(buffer)[3L << 30]);
        Assert.InRange(Resident() - before, long.MinValue, 64 << 20);
        pool.Delete();
    }

    [Fact]
    public void TheLimitIsExactAndWhatIsRetiredCountsNoLonger()
    {
        nuint size;
        using (PoolOf(long.MaxValue, out Pool free)) size = SharedBuffer.SizeOf(Create(free, Large));
        using (PoolOf((long)size - 1, out Pool small))
        {
            Assert.True(Create(small, Large) == null);
            Assert.Equal(AllocationFailure.PoolFull, _me->Failure);
            Assert.Equal(0, small.Statistics().UsedBytes);
        }
        using (PoolOf((long)size, out Pool exact))
        {
            for (int i = 0; i < 3; i++)
            {
                SharedBuffer* buffer = Create(exact, Large);
                Assert.True(buffer != null);
                Assert.True(Create(exact, 1) == null);
                Retire(buffer);
            }
        }
    }

    static Deletion PoolOf(long max, out Pool pool) => new(pool = Pool.Create("limited", max));

    sealed class Deletion(Pool pool) : IDisposable
    {
        public void Dispose() => pool.Delete();
    }

    [Theory]
    [InlineData(100)]
    [InlineData(Large)]
    public void AnExportKeepsTheMemoryThroughDeathAndDeletion(int bytes)
    {
        Pool pool = Pool.Create("exported");
        SharedBuffer* dead = Create(pool, (nuint)bytes);
        SharedBuffer* alive = Create(pool, (nuint)bytes);
        foreach (nint buffer in (ReadOnlySpan<nint>)[(nint)dead, (nint)alive])
        {
            Assert.True(SharedBuffer.TryExport((SharedBuffer*)buffer));
            Fill((SharedBuffer*)buffer, bytes);
        }
        Assert.True(SharedBuffer.TryExport(dead));
        Retire(dead);
        Assert.False(SharedBuffer.TryExport(dead));
        SharedBuffer.EndExport(dead);
        Heap.Collect(_me, pool.LiveHeap());
        pool.Delete();
        foreach (nint buffer in (ReadOnlySpan<nint>)[(nint)dead, (nint)alive])
        {
            Assert.False(SharedBuffer.TryExport((SharedBuffer*)buffer));
            Assert.False(new Span<byte>(SharedBuffer.Data((SharedBuffer*)buffer), bytes).ContainsAnyExcept((byte)7));
            SharedBuffer.EndExport((SharedBuffer*)buffer);
            if (bytes == Large)
                Assert.NotEqual(Mapping.ReadWrite, Mapping.PermissionsAt(SharedBuffer.Data((SharedBuffer*)buffer) + bytes / 2));
        }
    }

    [Fact]
    public void ALargeOneGoesBackWithItsOwnerIfNobodyElseIsInASection()
    {
        Pool pool = Pool.Create("alone");
        SharedBuffer* buffer = Create(pool, Large);
        byte* middle = SharedBuffer.Data(buffer) + Large / 2;
        // Another test's thread may have died in a section.
        Heap.Collect(_me, pool.LiveHeap());
        Retire(buffer);
        Assert.NotEqual(Mapping.ReadWrite, Mapping.PermissionsAt(middle));
        Assert.Equal(0, pool.Statistics().LimboBytes);

        Participant* other = Epoch.JoinUnbound();
        buffer = Create(pool, Large);
        middle = SharedBuffer.Data(buffer) + Large / 2;
        Epoch.Enter(other);
        Retire(buffer);
        Assert.Equal(0, *middle);
        Assert.InRange(pool.Statistics().LimboBytes, Large, long.MaxValue);
        Epoch.Exit(other);
        Heap.Collect(_me, pool.LiveHeap());
        Assert.NotEqual(Mapping.ReadWrite, Mapping.PermissionsAt(middle));
        Epoch.Leave(other);
        pool.Delete();
    }

    [Fact]
    public void ALargeOneGoesBackWithTheLastExportAfterItsOwner()
    {
        Pool pool = Pool.Create("last");
        SharedBuffer* buffer = Create(pool, Large);
        byte* middle = SharedBuffer.Data(buffer) + Large / 2;
        Assert.True(SharedBuffer.TryExport(buffer));
        Fill(buffer, Large);
        Retire(buffer);
        Assert.Equal(7, *middle);
        SharedBuffer.EndExport(buffer);
        Assert.NotEqual(Mapping.ReadWrite, Mapping.PermissionsAt(middle));
        pool.Delete();
    }

    [Fact]
    public void NoMemoryIsAnAnswer()
    {
        Pool pool = Pool.Create("no memory");
        foreach (nuint bytes in (ReadOnlySpan<nuint>)[nuint.MaxValue, nuint.MaxValue - 10, nuint.MaxValue >> 1, (nuint)1 << 46])
        {
            _me->Failure = AllocationFailure.None;
            Assert.True(Create(pool, bytes) == null);
            Assert.Equal(AllocationFailure.OutOfMemory, _me->Failure);
        }
        HeapDebug.FailAt(1);
        Assert.True(Create(pool, 100) == null);
        HeapDebug.FailAt(0);
        Assert.Equal(0, pool.Statistics().UsedBytes);
        pool.Delete();
    }

    [Fact]
    public void ExportsOfManyThreadsSurviveDeathsAndTheDeletionOfThePool()
    {
        for (int round = 0; round < 20; round++)
        {
            Pool pool = Pool.Create("threads");
            SharedBuffer*[] buffers = new SharedBuffer*[50];
            for (int i = 0; i < buffers.Length; i++)
            {
                buffers[i] = Create(pool, i % 2 == 0 ? 200u : 200_000u);
                Fill(buffers[i], 200);
            }
            Together.Run(3, number =>
            {
                if (number == 0)
                {
                    pool.Delete();
                    return;
                }
                Participant* me = Epoch.Join();
                PoolHeap* heap = pool.LiveHeap();
                for (int i = 0; i < buffers.Length; i++)
                {
                    Epoch.Enter(me);
                    bool isExported = !PoolHeap.IsDeleted(heap) && SharedBuffer.TryExport(buffers[i]);
                    if (isExported && number == 1) SharedBuffer.Retire(me, buffers[i]);
                    Epoch.Exit(me);
                    if (!isExported) continue;
                    Assert.False(new Span<byte>(SharedBuffer.Data(buffers[i]), 200).ContainsAnyExcept((byte)7));
                    SharedBuffer.EndExport(buffers[i]);
                }
                Epoch.Leave(me);
            });
        }
    }
}

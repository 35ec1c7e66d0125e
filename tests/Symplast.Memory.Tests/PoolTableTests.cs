using Xunit;

namespace Symplast.Memory.Tests;

public unsafe class PoolTableTests
{
    [Fact]
    public void NoTwoPoolsEverHaveTheSameNumber()
    {
        HashSet<long> numbers = [];
        for (int i = 0; i < 100; i++)
        {
            Pool pool = Pool.Create("numbered");
            Assert.True(numbers.Add(pool.Id));
            pool.Delete();
        }
    }

    [Fact]
    public void PoolsAreListedOldestFirstUntilTheyAreDeleted()
    {
        Pool[] before = PoolTable.Live();
        Pool[] pools = [.. Enumerable.Range(0, 40).Select(i => Pool.Create($"pool {i}"))];
        Assert.Equal([.. before, .. pools], PoolTable.Live());
        for (int i = 0; i < 40; i += 2) pools[i].Delete();
        Assert.Equal([.. before, .. pools.Where((_, i) => i % 2 == 1)], PoolTable.Live());
        foreach (Pool pool in pools) pool.Delete();
        Assert.Equal(before, PoolTable.Live());
    }

    [Fact]
    public void ADeletedPoolIsFoundByItsNumberUntilItsMemoryReturns()
    {
        Pool pool = Pool.Create("found");
        Assert.Same(pool, PoolTable.Find(pool.Id));
        pool.Lease(1);
        pool.Delete();
        Assert.Same(pool, PoolTable.Find(pool.Id));
        Assert.DoesNotContain(pool, PoolTable.Live());
        PoolTable.EndLeases(interpreter => interpreter == 1);
        Assert.Null(PoolTable.Find(pool.Id));
        Assert.Null(PoolTable.Find(-1));
    }

    [Fact]
    public void EndingLeasesAllocatesNothing()
    {
        Pool pool = Pool.Create("leased");
        pool.Lease(1);
        Func<long, bool> ended = interpreter => interpreter == 2;
        PoolTable.EndLeases(ended);
        long before = GC.GetAllocatedBytesForCurrentThread();
        PoolTable.EndLeases(ended);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        PoolTable.EndLeases(interpreter => interpreter == 1);
        pool.Delete();
    }

    [Fact]
    public void APointerLeadsToThePoolThatOwnsIt()
    {
        // More pools than the table has room for at first, so that it grows while chunks carry its slots.
        Pool[] pools = [.. Enumerable.Range(0, 50).Select(i => Pool.Create($"owner {i}"))];
        nuint[] places = new nuint[pools.Length];
        for (int i = 0; i < pools.Length; i++)
        {
            PoolWriter writer = default;
            writer.Open(pools[i]);
            places[i] = Block.Take(ref writer, 100, 1)!.Value.Address;
            writer.Commit(1);
        }
        for (int i = 0; i < pools.Length; i++) Assert.Same(pools[i], PoolTable.OwnerOf((void*)places[i]));
        foreach (Pool pool in pools) pool.Delete();
        for (int i = 0; i < pools.Length; i++) Assert.Same(pools[i], PoolTable.OwnerOf((void*)places[i]));
        PoolTable.EndLeases(_ => true);
        for (int i = 0; i < pools.Length; i++) Assert.Null(PoolTable.OwnerOf((void*)places[i]));
    }

    [Fact]
    public void EndingLeasesReachesEveryPool()
    {
        Pool[] pools = [.. Enumerable.Range(0, 5).Select(i => Pool.Create($"leased {i}"))];
        foreach (Pool pool in pools)
        {
            pool.Lease(1);
            pool.Lease(2);
        }
        PoolTable.EndLeases(interpreter => interpreter == 1);
        Assert.All(pools, pool => Assert.Equal(1, pool.Statistics().Interpreters));
        foreach (Pool pool in pools) pool.Delete();
        PoolTable.EndLeases(interpreter => interpreter == 2);
        Assert.All(pools, pool => Assert.Null(PoolTable.Find(pool.Id)));
    }

    [Fact]
    public void TheDefaultPoolIsOneUntilItIsDeletedAndThenAnother()
    {
        Pool first = PoolTable.Default;
        Assert.Same(first, PoolTable.Default);
        Assert.Equal("default", first.Name);
        first.Delete();
        Pool second = PoolTable.Default;
        Assert.NotSame(first, second);
        Assert.False(second.Deleted);
        second.Delete();
    }

    [Fact]
    public void PoolsMadeByManyThreadsAtOnceHaveSlotsOfTheirOwn()
    {
        Pool[][] made = [[], [], [], []];
        Together.Run(4, number => made[number] = [.. Enumerable.Range(0, 100).Select(i => Pool.Create($"{number}/{i}"))]);
        Pool[] all = [.. made.SelectMany(pools => pools)];
        Assert.Equal(all.Length, all.Select(pool => pool.Slot).Distinct().Count());
        Assert.Equal(all.Length, all.Select(pool => pool.Id).Distinct().Count());
        foreach (Pool pool in all) pool.Delete();
    }

    [Fact]
    public void TheMarkOfDateTimesStays()
    {
        Pool pool = Pool.Create("dates");
        Assert.False(pool.HasDateTimes);
        pool.HasDateTimes = true;
        Assert.True(pool.HasDateTimes);
        pool.Delete();
    }
}

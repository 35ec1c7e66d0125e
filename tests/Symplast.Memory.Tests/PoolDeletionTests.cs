using Xunit;

namespace Symplast.Memory.Tests;

public unsafe class PoolDeletionTests
{
    /// <summary>What can happen to a pool in any order.</summary>
    public enum Event
    {
        Delete,
        FirstInterpreterEnds,
        SecondInterpreterEnds,
        FirstWriterCommits,
        SecondWriterAborts,
    }

    const long First = 1;
    const long Second = 2;

    /// <summary>All orders of all events.</summary>
    public static IEnumerable<TheoryDataRow<Event[]>> Orders =>
        Permutations([.. Enum.GetValues<Event>()]).Select(order => new TheoryDataRow<Event[]>(order));

    static IEnumerable<Event[]> Permutations(Event[] events) => events.Length == 0
        ? [[]]
        : events.SelectMany(
            first => Permutations([.. events.Where(other => other != first)]).Select(rest => (Event[])[first, .. rest]));

    [Theory]
    [MemberData(nameof(Orders), DisableDiscoveryEnumeration = true)]
    public void MemoryGoesExactlyWhenTheLastReasonToKeepItHasGone(Event[] order)
    {
        Pool pool = Pool.Create("ordered");
        PoolWriter seed = default;
        seed.Open(pool);
        Block block = Block.Take(ref seed, 100, 1)!.Value;
        seed.Objects = 1;
        seed.Commit(First);
        Assert.True(pool.Lease(Second));
        PoolWriter committing = default;
        PoolWriter aborting = default;
        Assert.True(committing.Open(pool) && aborting.Open(pool));
        Block.Take(ref committing, 200, 2);
        Block.Take(ref aborting, 300, 3);
        committing.Objects = 1;

        HashSet<long> leases = [First, Second];
        int writers = 2;
        bool deleted = false;
        long used = 112;
        foreach (Event what in order)
        {
            switch (what)
            {
                case Event.Delete:
                    Assert.True(pool.Delete());
                    deleted = true;
                    break;
                case Event.FirstInterpreterEnds:
                    pool.EndLeases(interpreter => interpreter == First);
                    leases.Remove(First);
                    break;
                case Event.SecondInterpreterEnds:
                    pool.EndLeases(interpreter => interpreter == Second);
                    leases.Remove(Second);
                    break;
                case Event.FirstWriterCommits:
                    Assert.Equal(!deleted, committing.Commit(First));
                    if (!deleted)
                    {
                        leases.Add(First);
                        used += 208;
                    }
                    writers--;
                    break;
                case Event.SecondWriterAborts:
                    aborting.Abort();
                    writers--;
                    break;
            }
            bool gone = deleted && leases.Count == 0 && writers == 0;
            PoolStatistics now = pool.Statistics();
            Assert.Equal(deleted, pool.Deleted);
            Assert.Equal(gone ? -1 : pool.Slot, AddressRange.OwnerSlot(block.Start));
            Assert.Equal(gone ? Mapping.Inaccessible : Mapping.ReadWrite, Mapping.PermissionsAt(block.Start));
            Assert.Equal(gone ? null : pool, PoolTable.Find(pool.Id));
            Assert.Equal(deleted ? 0 : used, now.UsedBytes);
            Assert.Equal(deleted && !gone ? used : 0, now.PendingBytes);
            Assert.Equal(leases.Count, now.Interpreters);
            Assert.Equal(gone, now.ReservedBytes == 0);
            Assert.True(gone || block.IsIntact);
        }
        // Where the commit came after the end of its interpreter, its lease is the last reason.
        pool.EndLeases(_ => true);
        Assert.Equal(new PoolStatistics(0, 0, 0, 0, 0), pool.Statistics());
        Assert.Null(PoolTable.Find(pool.Id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DeletionInsideASectionOfTheSameThreadIsRefusedAndChangesNothing(bool hasHeap)
    {
        Participant* me = Epoch.Join();
        Pool pool = Pool.Create("inside");
        if (hasHeap) pool.LiveHeap();
        Epoch.Enter(me);
        Assert.Throws<InvalidOperationException>(() => pool.Delete());
        Assert.False(pool.Deleted);
        if (hasHeap) Heap.Free(me, Heap.Allocate(me, pool.LiveHeap(), 16));
        Epoch.Exit(me);
        Assert.True(pool.Delete());
        Assert.True(pool.Deleted);
        Epoch.Leave(me);
    }

    [Fact]
    public void ASecondDeletionSaysThatItWasNotTheFirst()
    {
        Pool pool = Pool.Create("twice");
        pool.Lease(First);
        Assert.True(pool.Delete());
        Assert.False(pool.Delete());
        pool.EndLeases(_ => true);
        Assert.False(pool.Delete());
    }

    [Fact]
    public void ADeletedPoolGivesNoLeases()
    {
        Pool pool = Pool.Create("no lease");
        Assert.True(pool.Lease(First));
        pool.Delete();
        Assert.False(pool.Lease(First));
        Assert.False(pool.Lease(Second));
        Assert.Equal(1, pool.Statistics().Interpreters);
        pool.EndLeases(_ => true);
    }

    [Fact]
    public void AnInterpreterHoldsOneLeaseHoweverOftenItIsGivenPointers()
    {
        Pool pool = Pool.Create("one lease");
        for (int i = 0; i < 100; i++) Assert.True(pool.Lease(First));
        Assert.Equal(1, pool.Statistics().Interpreters);
        pool.Delete();
        pool.EndLeases(interpreter => interpreter == First);
        Assert.Null(PoolTable.Find(pool.Id));
    }

    [Fact]
    public void APoolThatIsNotDeletedKeepsItsMemoryWithoutLeases()
    {
        Pool pool = Pool.Create("alive");
        PoolWriter writer = default;
        writer.Open(pool);
        Block block = Block.Take(ref writer, 100, 1)!.Value;
        writer.Commit(First);
        pool.EndLeases(_ => true);
        Assert.True(block.IsIntact);
        Assert.Equal(112, pool.Statistics().UsedBytes);
        pool.Delete();
        Assert.Equal(-1, AddressRange.OwnerSlot(block.Start));
    }

    [Fact]
    public void OneOfManyThreadsThatDeleteAtOnceIsTheFirst()
    {
        for (int round = 0; round < 200; round++)
        {
            Pool pool = Pool.Create("raced");
            int firsts = 0;
            Together.Run(3, _ =>
            {
                if (pool.Delete()) Interlocked.Increment(ref firsts);
            });
            Assert.Equal(1, firsts);
            Assert.Null(PoolTable.Find(pool.Id));
        }
    }

    [Fact]
    public void ADeletionThatRacesWithWritersAndLeasesLeavesNothingBehind()
    {
        for (int round = 0; round < 200; round++)
        {
            Pool pool = Pool.Create("raced");
            Together.Run(3, number =>
            {
                switch (number)
                {
                    case 0:
                        pool.Delete();
                        break;
                    case 1:
                        PoolWriter writer = default;
                        if (!writer.Open(pool)) break;
                        Block.Take(ref writer, 5000, 1);
                        writer.Commit(First);
                        break;
                    default:
                        pool.Lease(Second);
                        pool.EndLeases(_ => true);
                        break;
                }
            });
            pool.EndLeases(_ => true);
            Assert.Equal(new PoolStatistics(0, 0, 0, 0, 0), pool.Statistics());
            Assert.Null(PoolTable.Find(pool.Id));
        }
    }
}

using Symplast.Memory;
using Xunit;
using Integer = Symplast.Objects.AtomicInteger;
using Ref = Symplast.Objects.AtomicReference;

namespace Symplast.Objects.Tests.Cells;

public sealed unsafe class CellWaitingTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("cell waits");

    public void Dispose() => Epoch.Leave(_me);

    AtomicCell* NewInteger(long value)
    {
        Epoch.Enter(_me);
        AtomicCell* cell = Integer.Create(_me, _heap, value);
        Epoch.Exit(_me);
        return cell;
    }

    delegate Status Attempt();

    static Status Await(Participant* me, AtomicCell* cell, PoolHeap* heap, Attempt attempt)
    {
        CellWaiting.Begin(me, cell);
        Waiter waiter = Waiter.Of(me);
        Status status;
        while (true)
        {
            ParkingLot.Add(&waiter, CellWaiting.Event(cell), heap);
            status = attempt();
            if (status != Status.Missing) break;
            ParkingLot.Sleep(&waiter, long.MaxValue);
            ParkingLot.Remove(&waiter);
        }
        ParkingLot.Remove(&waiter);
        CellWaiting.End(me, cell);
        return status;
    }

    static Status AwaitOther(Participant* me, AtomicCell* cell, PoolHeap* heap, long value, out long seen)
    {
        long found = 0;
        Status status = Await(me, cell, heap, () =>
        {
            Status looked = Integer.Get(me, cell, out found);
            return looked == Status.Done && found == value ? Status.Missing : looked;
        });
        seen = found;
        return status;
    }

    [Fact]
    public void WaitersAreCountedOnlyWhileTheyWait()
    {
        AtomicCell* cell = NewInteger(1);
        for (int i = 0; i < 3; i++) CellWaiting.Begin(_me, cell);
        Assert.Equal(3, cell->Waiters);
        for (int i = 0; i < 3; i++) CellWaiting.End(_me, cell);
        Assert.Equal(0, cell->Waiters);
        Assert.Equal(Status.Done, AwaitOther(_me, cell, _heap, 2, out long seen));
        Assert.Equal((1, 0), (seen, cell->Waiters));
    }

    [Fact]
    public void NoWakeIsLostWhileThreadsTakeTurns()
    {
        const int Players = 3, Rounds = 30_000;
        AtomicCell* cell = NewInteger(0);
        void Play(Participant* me, int number)
        {
            long seen = 0;
            while (seen < Rounds)
            {
                if (seen % Players == number) Assert.Equal(Status.Done, Integer.Add(me, cell, 1, out seen));
                else Assert.Equal(Status.Done, AwaitOther(me, cell, _heap, seen, out seen));
            }
        }
        Threads.Run(me => Play(me, 0), me => Play(me, 1), me => Play(me, 2));
        Assert.Equal(0, cell->Waiters);
    }

    [Fact]
    public void AReferenceIsTakenOnceItIsAnother()
    {
        Epoch.Enter(_me);
        AtomicCell* cell = Ref.Create(_me, _heap, Value.None);
        Value other = Value.Of((Header*)Integer.Create(_me, _heap, 1));
        Epoch.Exit(_me);
        Threads.Run(
            me =>
            {
                Value taken = default;
                Assert.Equal(
                    Status.Done, Await(me, cell, _heap, () => Ref.TakeOther(me, cell, Probe.Of(Value.None), out taken)));
                Assert.Equal(other, taken);
            },
            me =>
            {
                while (Volatile.Read(ref cell->Waiters) != 1) Thread.Yield();
                Assert.Equal(Status.Done, Ref.Set(me, cell, other));
            });
        Assert.Equal(3, other.Head->Count);
        Epoch.Enter(_me);
        Reference.Drop(_me, other);
        Epoch.Exit(_me);
    }

    [Fact]
    public void DeletionEndsEveryWait()
    {
        AtomicCell* cell = NewInteger(1);
        void Wait(Participant* me) => Assert.Equal(Status.Deleted, AwaitOther(me, cell, _heap, 1, out _));
        Threads.Run(Wait, Wait, me =>
        {
            while (Volatile.Read(ref cell->Waiters) != 2) Thread.Yield();
            Assert.Equal(Status.Done, Integer.Delete(me, cell));
        });
    }
}

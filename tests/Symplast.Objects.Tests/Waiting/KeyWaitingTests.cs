using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests.Waiting;

public sealed unsafe class KeyWaitingTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("key waits");

    public void Dispose() => Epoch.Leave(_me);

    static Probe Key(long number) => Probe.Of(Value.OfInt(number));

    // The value of a key, once it is not an old one; empty once the key is not there.
    static Status Await(Participant* me, OrderedMap* map, PoolHeap* heap, Probe key, Value old, out Value seen)
    {
        OrderedMap.CountWaiters(me, map, 1);
        Waiter waiter = Waiter.Of(me);
        Status status;
        while (true)
        {
            ParkingLot.Add(&waiter, KeyWaiting.Event(map, key.Hash), heap);
            status = OrderedMap.Get(me, map, key, out seen);
            if (status == Status.Deleted || seen != old) break;
            ParkingLot.Sleep(&waiter, long.MaxValue);
            ParkingLot.Remove(&waiter);
        }
        ParkingLot.Remove(&waiter);
        OrderedMap.CountWaiters(me, map, -1);
        return status;
    }

    [Fact]
    public void EventsAreOfOneMapAndSpreadByKey()
    {
        OrderedMap* first = OrderedMap.Create(_me, _heap), second = OrderedMap.Create(_me, _heap);
        HashSet<nuint> events = [];
        for (long i = 0; i < 1000; i++)
        {
            int number = KeyWaiting.KeyNumber(Key(i).Hash);
            Assert.True(KeyWaiting.IsKeyNumber(number));
            Assert.Equal(KeyWaiting.Event(first, number), KeyWaiting.Event(first, Key(i).Hash));
            events.Add(KeyWaiting.Event(first, number));
        }
        Assert.InRange(events.Count, 900, 1000);
        for (long i = 0; i < 1000; i++) Assert.DoesNotContain(KeyWaiting.Event(second, Key(i).Hash), events);
        Assert.False(KeyWaiting.IsKeyNumber(-1));
        Assert.False(KeyWaiting.IsKeyNumber(1 << 16));
    }

    [Fact]
    public void EqualKeysHaveOneEvent()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        nuint happening = KeyWaiting.Event(map, Key(1).Hash);
        Assert.Equal(happening, KeyWaiting.Event(map, Probe.Of(Value.Of(1.0)).Hash));
        Assert.Equal(happening, KeyWaiting.Event(map, Probe.Of(Value.True).Hash));
    }

    [Fact]
    public void NoWakeIsLostWhileThreadsTakeTurns()
    {
        const int Players = 3, Rounds = 20_000;
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        void Play(Participant* me, int number)
        {
            Value seen = default;
            while (seen.IsEmpty || seen.Int < Rounds)
            {
                if (!seen.IsEmpty && seen.Int % Players == number)
                    Assert.Equal(Status.Done, OrderedMap.Add(me, map, Key(7), Value.OfInt(1), out seen));
                else Assert.Equal(Status.Done, Await(me, map, _heap, Key(7), seen, out seen));
            }
        }
        Threads.Run(me => Play(me, 0), me => Play(me, 1), me => Play(me, 2), me =>
        {
            // Other keys come and go, and make the map large.
            OrderedMap.Set(me, map, Key(7), Value.OfInt(0));
            for (int i = 0; i < 50_000; i++)
            {
                OrderedMap.Set(me, map, Key(i % 500 + 10), Value.None);
                OrderedMap.Remove(me, map, Key((i + 250) % 500 + 10), out _);
            }
        });
        Assert.Equal(0, map->Waiters);
    }

    [Fact]
    public void ClearingAndDeletionWakeWhoeverWaits()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < 100; i++) OrderedMap.Set(_me, map, Key(i), Value.None);
        void AwaitEnd(Participant* me, long key)
        {
            Assert.Equal(Status.Missing, Await(me, map, _heap, Key(key), Value.None, out Value seen));
            Assert.True(seen.IsEmpty);
            Assert.Equal(Status.Deleted, Await(me, map, _heap, Key(key), default, out _));
        }
        void AwaitWaiters(int count)
        {
            while (Volatile.Read(ref map->Waiters) != count) Thread.Yield();
        }
        Threads.Run(me => AwaitEnd(me, 1), me => AwaitEnd(me, 2), me =>
        {
            AwaitWaiters(2);
            Assert.Equal(Status.Done, OrderedMap.Clear(me, map));
            // Both have seen that their key is gone, and wait again.
            for (int key = 1; key <= 2; key++)
            {
                while (ParkingLot.Count(KeyWaiting.Event(map, Key(key).Hash)) == 0) Thread.Yield();
            }
            Assert.Equal(Status.Done, OrderedMap.Delete(me, map));
        });
    }

    [Fact]
    public void UnparkingByAMaskEndsAllWaitsOfAMapAndNoOther()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap), other = OrderedMap.Create(_me, _heap);
        Waiter* waiters = stackalloc Waiter[21];
        for (int i = 0; i < 21; i++)
        {
            waiters[i] = Waiter.Of(_me);
            ParkingLot.Add(waiters + i, KeyWaiting.Event(i < 20 ? map : other, Key(i).Hash), _heap);
        }
        nuint mask = ((nuint)1 << 48) - 1;
        Assert.Equal(20, ParkingLot.Count((nuint)map, (nuint)sizeof(OrderedMap), mask));
        ParkingLot.UnparkAll((nuint)map, mask);
        for (int i = 0; i < 20; i++) Assert.False(ParkingLot.Remove(waiters + i));
        Assert.True(ParkingLot.Remove(waiters + 20));
    }
}

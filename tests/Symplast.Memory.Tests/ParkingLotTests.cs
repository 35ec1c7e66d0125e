using System.Diagnostics;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>The parking lot with real threads: deadlines, the order of waiters, alerts, deletion, and event loops.</summary>
public unsafe class ParkingLotTests
{
    const long Interpreter = 1 << 20;

    static long In(int milliseconds) => Stopwatch.GetTimestamp() + milliseconds * 1_000_000L;

    static void AwaitWaiters(nuint happening, int count)
    {
        while (ParkingLot.Count(happening) != count) Thread.Yield();
    }

    static Thread Start(Action body)
    {
        Thread thread = new(() => body()) { IsBackground = true };
        thread.Start();
        return thread;
    }

    [Fact]
    public void ASleepEndsAtItsDeadline()
    {
        SharedMemory.Start();
        Waiter waiter = Waiter.Of(Interpreter);
        ParkingLot.Add(&waiter, 0x1001, null);
        long deadline = In(20);
        ParkOutcome outcome;
        while ((outcome = ParkingLot.Sleep(&waiter, deadline)) == ParkOutcome.Alerted) { }
        Assert.Equal(ParkOutcome.TimedOut, outcome);
        Assert.True(Stopwatch.GetTimestamp() >= deadline);
        Assert.True(ParkingLot.Remove(&waiter));
        Assert.Equal(0, ParkingLot.Count(0x1001));
    }

    [Fact]
    public void WaitersAreUnparkedInTheOrderInWhichTheyCame()
    {
        SharedMemory.Start();
        List<int> order = [];
        List<Thread> threads = [];
        for (int i = 0; i < 40; i++)
        {
            int number = i;
            threads.Add(Start(() =>
            {
                Waiter waiter = Waiter.Of(Interpreter);
                ParkingLot.Add(&waiter, 0x1002, null);
                while (ParkingLot.Sleep(&waiter, long.MaxValue) != ParkOutcome.Unparked) { }
                lock (order) order.Add(number);
            }));
            AwaitWaiters(0x1002, i + 1);
        }
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(1, ParkingLot.Unpark(0x1002));
            Assert.True(threads[i].Join(10_000));
        }
        Assert.Equal(Enumerable.Range(0, 10), order);
        // More than are woken in one go.
        Assert.Equal(30, ParkingLot.Unpark(0x1002, int.MaxValue));
        foreach (Thread thread in threads) Assert.True(thread.Join(10_000));
        Assert.Equal(0, ParkingLot.Unpark(0x1002));
    }

    [Fact]
    public void OnlyWaitersForTheEventAreUnparked()
    {
        SharedMemory.Start();
        Waiter one = Waiter.Of(Interpreter), other = Waiter.Of(Interpreter);
        // One bucket of 256 has both for some of these.
        for (nuint i = 1; i < 600; i++)
        {
            ParkingLot.Add(&one, 0x2000, null);
            ParkingLot.Add(&other, 0x2000 + i, null);
            Assert.Equal(1, ParkingLot.Unpark(0x2000 + i, 5));
            Assert.True(Waiter.WasUnparked(&other));
            Assert.False(ParkingLot.Remove(&other));
            Assert.True(ParkingLot.Remove(&one));
        }
    }

    [Fact]
    public void AnAlertWakesTheThreadsOfOneInterpreterAndLeavesThemInTheLot()
    {
        SharedMemory.Start();
        Waiter other = Waiter.Of(Interpreter + 1);
        ParkingLot.Add(&other, 0x1003, null);
        using ManualResetEventSlim alerted = new();
        Thread thread = Start(() =>
        {
            Waiter waiter = Waiter.Of(Interpreter);
            ParkingLot.Add(&waiter, 0x1003, null);
            while (ParkingLot.Sleep(&waiter, long.MaxValue) != ParkOutcome.Alerted) { }
            alerted.Set();
            while (ParkingLot.Sleep(&waiter, long.MaxValue) != ParkOutcome.Unparked) { }
        });
        AwaitWaiters(0x1003, 2);
        ParkingLot.Alert(Interpreter);
        Assert.True(alerted.Wait(10_000, TestContext.Current.CancellationToken));
        Assert.Equal(2, ParkingLot.Count(0x1003));
        Assert.Equal(2, ParkingLot.Unpark(0x1003, 2));
        Assert.True(thread.Join(10_000));
        Assert.True(Waiter.WasUnparked(&other));
    }

    [Fact]
    public void AnAlertBeforeTheSleepIsNotMissed()
    {
        SharedMemory.Start();
        Waiter waiter = Waiter.Of(Interpreter + 2);
        ParkingLot.Add(&waiter, 0x1004, null);
        ParkingLot.Alert(Interpreter + 2);
        Assert.Equal(ParkOutcome.Alerted, ParkingLot.Sleep(&waiter, long.MaxValue));
        Assert.True(ParkingLot.Remove(&waiter));
    }

    [Fact]
    public void TheDeletionOfAPoolUnparksThoseThatWaitInIt()
    {
        SharedMemory.Start();
        Pool pool = Pool.Create("parking"), another = Pool.Create("another");
        Waiter other = Waiter.Of(Interpreter);
        ParkingLot.Add(&other, 0x1005, another.LiveHeap());
        nint heap = (nint)pool.LiveHeap();
        Thread thread = Start(() =>
        {
            Waiter waiter = Waiter.Of(Interpreter);
            ParkingLot.Add(&waiter, 0x1005, (void*)heap);
            while (ParkingLot.Sleep(&waiter, long.MaxValue) != ParkOutcome.Unparked) { }
        });
        AwaitWaiters(0x1005, 2);
        pool.Delete();
        Assert.True(thread.Join(10_000));
        Assert.True(ParkingLot.Remove(&other));
        another.Delete();
    }
}

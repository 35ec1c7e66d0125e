using Symplast.Testing;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>
/// Threads that wait in the parking lot for units of a semaphore, under the deterministic scheduler: no wake-up is lost, whoever
/// gives up passes its wake on, and an alerted waiter goes on waiting.
/// </summary>
public unsafe class ParkingLotTests
{
    const long Interpreter = 7;

    /// <summary>What a waiter or signaller leaves out.</summary>
    public enum Fault
    {
        None,

        /// <summary>A waiter sleeps without a look after it was added.</summary>
        NoSecondLook,

        /// <summary>A waiter that gives up keeps a wake to itself.</summary>
        KeepsTheWake,

        /// <summary>A signaller unparks before the unit is there.</summary>
        WakesFirst,
    }

    sealed class Semaphore(Fault fault)
    {
        readonly ulong* _units = NativeWords.Take(1);

        // Any other number would do; the address is what product code takes.
        nuint Event => (nuint)_units;

        internal ulong Units => *_units;

        bool TryTake()
        {
            Interleaving.Point();
            if (*_units == 0) return false;
            --*_units;
            return true;
        }

        internal void Release(int units)
        {
            for (int i = 0; i < units; i++)
            {
                if (fault == Fault.WakesFirst) ParkingLot.Unpark(Event);
                Interleaving.Point();
                ++*_units;
                if (fault != Fault.WakesFirst) ParkingLot.Unpark(Event);
            }
        }

        internal void Take()
        {
            if (TryTake()) return;
            Waiter waiter = Waiter.Of(Interpreter);
            try
            {
                while (true)
                {
                    ParkingLot.Add(&waiter, Event, null);
                    if (fault != Fault.NoSecondLook && TryTake()) break;
                    ParkingLot.Sleep(&waiter, long.MaxValue);
                    ParkingLot.Remove(&waiter);
                    if (TryTake()) return;
                }
            }
            finally
            {
                if (!Leave(&waiter)) ParkingLot.Unpark(Event);
            }
        }

        // Waits once, and then gives up whatever has happened, as a thread does that has got a signal.
        internal void GiveUp()
        {
            Waiter waiter = Waiter.Of(Interpreter);
            bool wasParked = false;
            try
            {
                ParkingLot.Add(&waiter, Event, null);
                Interleaving.Point();
            }
            finally
            {
                wasParked = Leave(&waiter);
            }
            if (!wasParked && fault != Fault.KeepsTheWake) ParkingLot.Unpark(Event);
        }

        // No point, so that a thread whose schedule is given up removes its waiter, too, before its stack is gone.
        static bool Leave(Waiter* waiter)
        {
            using (Interleaving.Alone()) return ParkingLot.Remove(waiter);
        }
    }

    static Arrange Arrangement(Fault fault) => _ =>
    {
        NativeWords.Reset();
        Semaphore semaphore = new(fault);
        return new Trial([
            _ => semaphore.Take(),
            _ => semaphore.GiveUp(),
            _ => semaphore.Release(1)],
            _ => Assert.Equal(0ul, semaphore.Units));
    };

    [Fact]
    public void NobodySleepsForEverInAnySchedule()
    {
        Assert.True(new Explorer { Preemptions = 3 }.Systematically(Arrangement(Fault.None)).IsComplete);
        new Explorer().Randomly(Arrangement(Fault.None), 3000, seed: 1);
    }

    [Theory]
    [InlineData(Fault.NoSecondLook)]
    [InlineData(Fault.KeepsTheWake)]
    [InlineData(Fault.WakesFirst)]
    public void AFaultIsFound(Fault fault) =>
        Assert.Throws<ScheduleFailedException>(() => new Explorer { Preemptions = 3 }.Systematically(Arrangement(fault)));

    [Fact]
    public void TwoTakersGetOneUnitEach()
    {
        Arrange arrange = _ =>
        {
            NativeWords.Reset();
            Semaphore semaphore = new(Fault.None);
            return new Trial([
                _ => semaphore.Take(),
                _ => semaphore.Take(),
                _ => semaphore.Release(2)],
                _ => Assert.Equal(0ul, semaphore.Units));
        };
        Assert.True(new Explorer { Preemptions = 2 }.Systematically(arrange).IsComplete);
        new Explorer().Randomly(arrange, 3000, seed: 1);
    }

    [Fact]
    public void AnAlertEndsNoWait()
    {
        Arrange arrange = _ =>
        {
            NativeWords.Reset();
            Semaphore semaphore = new(Fault.None);
            return new Trial([
                _ => semaphore.Take(),
                _ => ParkingLot.Alert(Interpreter),
                _ => semaphore.Release(1)],
                _ => Assert.Equal(0ul, semaphore.Units));
        };
        // An alert looks at all buckets, each of which is a point; so not all schedules.
        new Explorer { Preemptions = 1, ScheduleLimit = 2000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 1000, seed: 1);
    }
}

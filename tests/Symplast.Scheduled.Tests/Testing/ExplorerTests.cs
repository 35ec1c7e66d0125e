using System.Numerics;
using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

public unsafe class ExplorerTests
{
    sealed class Counter
    {
        internal int Value;
        internal int Gate;

        // A read and a write with nothing that keeps others from coming between.
        internal void AddWithoutLock()
        {
            Interleaving.Point();
            int value = Value;
            Interleaving.Point();
            Value = value + 1;
        }
    }

    static Trial LostUpdate(int threads)
    {
        Counter counter = new();
        return new Trial(
            [.. Enumerable.Repeat<Body>(_ => counter.AddWithoutLock(), threads)], _ => Assert.Equal(threads, counter.Value));
    }

    static Trial Steps(params int[] steps)
    {
        return new Trial([.. steps.Select<int, Body>(count => _ =>
        {
            for (int i = 0; i < count; i++) Interleaving.Point();
        })]);
    }

    [Fact]
    public void ASystematicSearchFindsALostUpdate() =>
        Assert.Throws<ScheduleFailedException>(() => new Explorer().Systematically(_ => LostUpdate(2)));

    [Fact]
    public void OnePreemptionIsEnoughForALostUpdateAndNoneIsNot()
    {
        Exploration none = new Explorer { Preemptions = 0 }.Systematically(_ => LostUpdate(2));
        Assert.True(none.IsComplete);
        Assert.Throws<ScheduleFailedException>(() => new Explorer { Preemptions = 1 }.Systematically(_ => LostUpdate(2)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void ARandomSearchFindsALostUpdate(int threads) =>
        Assert.Throws<ScheduleFailedException>(() => new Explorer().Randomly(_ => LostUpdate(threads), 10_000));

    [Fact]
    public void AFailedScheduleFailsAgainWhenReplayed()
    {
        ScheduleFailedException first =
            Assert.Throws<ScheduleFailedException>(() => new Explorer().Randomly(_ => LostUpdate(3), 10_000));
        ScheduleFailedException again =
            Assert.Throws<ScheduleFailedException>(() => new Explorer().Replay(_ => LostUpdate(3), first.Schedule));
        Assert.Equal(first.Schedule, again.Schedule);
        Assert.Contains(first.Schedule, first.Message);
    }

    [Fact]
    public void ASeedRepeatsARandomSearch()
    {
        string Search() =>
            Assert.Throws<ScheduleFailedException>(() => new Explorer().Randomly(_ => LostUpdate(2), 10_000, seed: 17)).Message;
        Assert.Equal(Search(), Search());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(5, 4)]
    public void ASystematicSearchRunsEachScheduleOnce(int first, int second)
    {
        // n points divide a thread's life into n + 1 stretches; the schedules are the ways to merge those of two threads.
        BigInteger Factorial(int n) => n == 0 ? 1 : n * Factorial(n - 1);
        BigInteger expected = Factorial(first + second + 2) / (Factorial(first + 1) * Factorial(second + 1));
        HashSet<string> seen = [];
        string order = "";
        Exploration all = new Explorer().Systematically(_ =>
        {
            order = "";
            Body Of(char name, int points) => _ =>
            {
                for (int i = 0; i < points; i++)
                {
                    order += name;
                    Interleaving.Point();
                }
                order += name;
            };
            return new Trial([Of('a', first), Of('b', second)], _ => Assert.True(seen.Add(order), order));
        });
        Assert.True(all.IsComplete);
        Assert.Equal(expected, all.Schedules);
    }

    [Fact]
    public void TheBoundOnPreemptionsBoundsTheSearch()
    {
        Exploration few = new Explorer { Preemptions = 2 }.Systematically(_ => Steps(10, 10, 10));
        Assert.True(few.IsComplete);
        Assert.InRange(few.Schedules, 100, 20_000);
    }

    [Fact]
    public void TheLimitOfSchedulesEndsASearchThatIsNotComplete()
    {
        Exploration part = new Explorer { ScheduleLimit = 100 }.Systematically(_ => Steps(10, 10));
        Assert.Equal(100, part.Schedules);
        Assert.False(part.IsComplete);
    }

    static Trial WithLocks(Counter counter, int threads, bool inverse)
    {
        int* locks = (int*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(8);
        Body Of(int number) => _ =>
        {
            int first = inverse && number == 1 ? 1 : 0;
            ObjectLock.Enter(locks + first);
            ObjectLock.Enter(locks + (first ^ 1));
            counter.AddWithoutLock();
            ObjectLock.Exit(locks + (first ^ 1));
            ObjectLock.Exit(locks + first);
        };
        return new Trial([.. Enumerable.Range(0, threads).Select(Of)], _ =>
        {
            Assert.Equal(threads, counter.Value);
            System.Runtime.InteropServices.NativeMemory.Free(locks);
        });
    }

    [Theory]
    [InlineData(2, int.MaxValue)]
    [InlineData(3, 3)]
    public void ALockExcludesOthersInEverySchedule(int threads, int preemptions)
    {
        Exploration all =
            new Explorer { Preemptions = preemptions }.Systematically(_ => WithLocks(new Counter(), threads, inverse: false));
        Assert.True(all.IsComplete);
    }

    [Fact]
    public void ADeadlockIsFoundAndNamed()
    {
        ScheduleFailedException failure = Assert.Throws<ScheduleFailedException>(
            () => new Explorer().Systematically(_ => WithLocks(new Counter(), 2, inverse: true)));
        Assert.Contains("deadlock", failure.Message);
    }

    [Fact]
    public void AThreadThatSpinsLetsTheOthersGoOn()
    {
        Exploration all = new Explorer().Systematically(_ =>
        {
            bool isSet = false;
            return new Trial([
                _ =>
                {
                    while (!isSet) Interleaving.Spin();
                },
                _ =>
                {
                    for (int i = 0; i < 4; i++) Interleaving.Point();
                    isSet = true;
                }]);
        });
        Assert.True(all.IsComplete);
    }

    [Fact]
    public void AThreadThatSpinsWithoutSayingSoLosesItsTurn()
    {
        Explorer explorer = new() { Preemptions = 1 };
        Exploration all = explorer.Systematically(_ =>
        {
            bool isSet = false;
            return new Trial([
                _ =>
                {
                    while (!isSet) Interleaving.Point();
                },
                _ => isSet = true]);
        });
        Assert.True(all.IsComplete);
    }

    [Fact]
    public void ThreadsThatWaitForEachOtherForEverAreFound()
    {
        ScheduleFailedException failure =
            Assert.Throws<ScheduleFailedException>(() => new Explorer { StepLimit = 1000 }.Systematically(_ =>
        {
            Body spin = _ =>
            {
                while (true) Interleaving.Spin();
            };
            return new Trial([spin, spin]);
        }));
        Assert.IsType<NoProgressException>(failure.InnerException);
    }

    [Fact]
    public void AnExceptionInAThreadEndsTheTrialAndOpenSections()
    {
        for (int i = 0; i < 3; i++)
        {
            ScheduleFailedException failure =
                Assert.Throws<ScheduleFailedException>(() => new Explorer().Systematically(_ => new Trial([
                me =>
                {
                    Epoch.Enter(me);
                    Interleaving.Point();
                    throw new InvalidOperationException("seeded");
                },
                me =>
                {
                    Epoch.Enter(me);
                    while (true) Interleaving.Spin();
                }])));
            Assert.StartsWith("seeded", failure.Message);
        }
    }

    [Fact]
    public void OutsideAnExplorationThePointsAreOfNoEffect()
    {
        int word = 0;
        Interleaving.Point();
        Interleaving.Spin();
        Interleaving.Await(&word);
    }
}

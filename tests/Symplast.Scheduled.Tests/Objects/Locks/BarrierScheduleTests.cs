using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

public unsafe class BarrierScheduleTests
{
    readonly PoolHeap* _heap = CheckedHeap.Create("barriers");

    [Theory]
    [InlineData(2, 2, false)]
    [InlineData(3, 1, false)]
    [InlineData(2, 2, true)]
    public void AllPassTogetherInEverySchedule(int parties, int rounds, bool acts)
    {
        Arrange arrange = Passing(parties, rounds, acts);
        new Explorer { Preemptions = 2, ScheduleLimit = 3000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 300, seed: 1);
    }

    [Fact]
    public void ABarrierThatDoesNotWakeIsMissed()
    {
        Explorer explorer = new() { Preemptions = 2, StepLimit = 2000, Omission = LockStep.FreeingWakes };
        Assert.Throws<ScheduleFailedException>(() => explorer.Systematically(Passing(2, 1, acts: false)));
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("abort")]
    [InlineData("delete")]
    public void WhoeverEndsAGenerationWakesAll(string how)
    {
        Arrange arrange = Ending(how);
        new Explorer { Preemptions = 2, ScheduleLimit = 3000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 300, seed: 1);
    }

    SharedBarrier* Create(Participant* me, int parties, bool acts)
    {
        Epoch.Enter(me);
        SharedBarrier* made = SharedBarrier.Create(me, _heap, parties, double.NaN, acts ? Value.OfInt(1) : Value.None);
        Epoch.Exit(me);
        return made;
    }

    Status Wait(Participant* me, SharedBarrier* shared, Action? action = null)
    {
        Arrival arrival = default;
        Status status = Parked.Until(_ => SharedBarrier.Look(me, shared, ref arrival), SharedBarrier.Event(shared), _heap);
        if (status != Status.Exists) return status;
        action!();
        return SharedBarrier.Complete(me, shared, arrival, succeeded: true);
    }

    // Nobody passes before all have come, nor before the action has run once.
    Arrange Passing(int parties, int rounds, bool acts) => me =>
    {
        SharedBarrier* shared = Create(me, parties, acts);
        int come = 0, acted = 0;
        Body each = it =>
        {
            for (int round = 1; round <= rounds; round++)
            {
                come++;
                Assert.Equal(Status.Done, Wait(it, shared, () => acted++));
                Assert.True(come >= parties * round, "too early");
                Assert.True(!acts || acted >= round, "before the action");
            }
        };
        return new Trial([.. Enumerable.Repeat(each, parties)], _ =>
        {
            Assert.Equal(acts ? rounds : 0, acted);
            Assert.True(SharedBarrier.IsValid(shared));
        });
    };

    // One of three parties does not come but ends the generation.
    Arrange Ending(string how) => me =>
    {
        SharedBarrier* shared = Create(me, 3, acts: false);
        int waiting = 0;
        Status expected = how == "delete" ? Status.Deleted : Status.Closed;
        Body each = it =>
        {
            Arrival arrival = default;
            Status status = Parked.Until(_ =>
            {
                Status seen = SharedBarrier.Look(it, shared, ref arrival);
                if (arrival.HasArrived && arrival.Index == 1) waiting = 2;
                return seen;
            }, SharedBarrier.Event(shared), _heap);
            Assert.Equal(expected, status);
        };
        return new Trial([each, each, it =>
        {
            while (waiting != 2) Interleaving.Spin();
            Status status = how switch
            {
                "reset" => SharedBarrier.Reset(it, shared),
                "abort" => SharedBarrier.Break(it, shared),
                _ => SharedBarrier.Delete(it, shared),
            };
            Assert.Equal(Status.Done, status);
        }], _ => Assert.True(SharedBarrier.IsValid(shared)));
    };
}

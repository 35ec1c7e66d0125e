using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

public unsafe class EventScheduleTests
{
    // The state is the flag, 0 or 1; "-" once deleted.
    sealed class Events : Schedules
    {
        protected override string Look => "look";

        protected override nint Make(Participant* me, string state)
        {
            SharedEvent* made = SharedEvent.Create(me, Heap);
            if (state == "1") SharedEvent.Set(me, made);
            return (nint)made;
        }

        protected override bool IsValid(nint structure) => true;

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedEvent* shared = (SharedEvent*)structure;
            ulong since = SharedEvent.Unknown;
            switch (words[0])
            {
                case "await" or "impatient":
                    return $"{Parked.Until(
                        _ => SharedEvent.Look(me, shared, ref since), SharedEvent.Event(shared), Heap, words[0] != "await")}";
                case "set": return $"{SharedEvent.Set(me, shared)}";
                case "clear": return $"{SharedEvent.Clear(me, shared)}";
                case "delete": return $"{SharedEvent.Delete(me, shared)}";
                default: return $"{SharedEvent.Look(me, shared, ref since)}";
            }
        }

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            switch (words[0])
            {
                case "await": return state == "1" ? "Done" : "never";
                case "impatient": return state == "1" ? "Done" : "TimedOut";
                case "set": state = "1"; return "Done";
                case "clear": state = "0"; return "Done";
                case "delete": state = "-"; return "Done";
                default: return state == "1" ? "Done" : "Missing";
            }
        }
    }

    [Theory]
    [InlineData("0", "await|await|set")]
    [InlineData("0", "await|set;clear;set|look")]
    [InlineData("0", "await|impatient|set")]
    [InlineData("1", "clear;set|await|await")]
    [InlineData("0", "await|await|delete")]
    public void EveryScheduleIsLinearizable(string state, string programs) => new Events().Explore(state, programs);

    [Fact]
    public void ASetThatDoesNotWakeIsMissed() => new Events().Misses(LockStep.FreeingWakes, "0", "await|set");

    [Fact]
    public void AFlagThatIsSetAndClearedWhileOneWaitsIsNotMissed()
    {
        Arrange arrange = SetAndClear();
        new Explorer { Preemptions = 3, ScheduleLimit = 5000 }.Systematically(arrange);
        Assert.Throws<ScheduleFailedException>(() => new Explorer
        {
            Preemptions = 3,
            ScheduleLimit = 20_000,
            StepLimit = 2000,
            Omission = LockStep.SettingCounts,
        }.Systematically(arrange));
    }

    // The flag is set once the waiter has begun to wait.
    static Arrange SetAndClear()
    {
        PoolHeap* heap = CheckedHeap.Create("events");
        return me =>
        {
            Epoch.Enter(me);
            SharedEvent* shared = SharedEvent.Create(me, heap);
            Epoch.Exit(me);
            ulong since = SharedEvent.Unknown;
            bool hasBegun = false;
            return new Trial([
                it => Assert.Equal(Status.Done, Parked.Until(waits =>
                {
                    Status status = SharedEvent.Look(it, shared, ref since);
                    hasBegun = true;
                    return status;
                }, SharedEvent.Event(shared), heap)),
                it =>
                {
                    while (!hasBegun) Interleaving.Spin();
                    SharedEvent.Set(it, shared);
                    SharedEvent.Clear(it, shared);
                }]);
        };
    }
}

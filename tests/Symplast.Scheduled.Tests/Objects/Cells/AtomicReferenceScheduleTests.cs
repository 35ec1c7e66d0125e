using Symplast.Memory;
using Symplast.Objects.Tests.Locks;
using Symplast.Testing;
using Xunit;
using Integer = Symplast.Objects.AtomicInteger;
using Ref = Symplast.Objects.AtomicReference;

namespace Symplast.Objects.Tests.Cells;

public unsafe class AtomicReferenceScheduleTests
{
    // The state is one character; "-" once deleted.
    sealed class Cells : Schedules
    {
        protected override string Look => "get";

        protected override nint Make(Participant* me, string state) => (nint)Ref.Create(me, Heap, Value.OfInt(state[0]));

        protected override bool IsValid(nint cell) => true;

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            Value value = Value.OfInt(words[^1][0]);
            Value result = default;
            return words[0] switch
            {
                "get" => Answer(Ref.Get(me, cell, out result), result),
                "exchange" => Answer(Ref.TakeExchange(me, cell, value, out result), result),
                "cas" => Answer(Ref.CompareExchange(me, cell, Probe.Of(Value.OfInt(words[1][0])), value, out result), result),
                "await" => Await(me, cell, value),
                _ => $"{Ref.Delete(me, cell)}",
            };
        }

        string Await(Participant* me, AtomicCell* cell, Value old)
        {
            Value seen = default;
            CellWaiting.Begin(me, cell);
            Status status = Parked.Until(
                _ => Ref.TakeOther(me, cell, Probe.Of(old), out seen), CellWaiting.Event(cell), Heap);
            CellWaiting.End(me, cell);
            return Answer(status, seen);
        }

        static string Answer(Status status, Value value) => status == Status.Deleted ? "Deleted" : $"{status}{(char)value.Int}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            string old = state;
            switch (words[0])
            {
                case "get": return "Done" + old;
                case "await": return old == words[1] ? "never" : "Done" + old;
                case "exchange":
                    state = words[1];
                    return "Done" + old;
                case "cas":
                    if (old != words[1]) return "Missing" + old;
                    state = words[2];
                    return "Done" + old;
                default:
                    state = "-";
                    return "Done";
            }
        }
    }

    [Theory]
    [InlineData("a", "exchange b;get|exchange c;get|get;get")]
    [InlineData("a", "cas a b;cas b c|cas a c;get|exchange a")]
    [InlineData("a", "delete;get|exchange b;get|cas a c;get")]
    [InlineData("a", "delete|delete|get;exchange b")]
    public void EveryScheduleIsLinearizable(string state, string programs) =>
        new Cells().Explore(state, programs, preemptions: 3);

    [Theory]
    [InlineData("a", "await a|exchange b")]
    [InlineData("a", "await a;await b|exchange b;cas b c")]
    [InlineData("a", "await a|await b|exchange b;exchange c")]
    [InlineData("a", "await a|await a|delete")]
    public void NoWakeIsLostInAnySchedule(string state, string programs) => new Cells().Explore(state, programs);

    [Theory]
    [InlineData(WaitStep.ChangeWakes, "exchange b")]
    [InlineData(WaitStep.ChangeWakes, "cas a b")]
    [InlineData(WaitStep.ChangeWakes, "delete")]
    [InlineData(WaitStep.WaitersAreCounted, "exchange b")]
    internal void AWakeThatIsLostIsMissed(WaitStep step, string change) => new Cells().Misses(step, "a", "await a|" + change);

    [Fact]
    public void AReplacementThatDoesNotCompareIsMissed() =>
        new Cells().Misses(CellStep.ReplacementCompares, "a", "exchange b|exchange c");

    [Fact]
    public void CountsAreRightInEverySchedule()
    {
        new Explorer { Preemptions = 3, ScheduleLimit = 10_000 }.Systematically(Counts());
        new Explorer().Randomly(Counts(), 1000, seed: 1);
    }

    [Fact]
    public void ADeletionInTwoStepsLosesAReference() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer { Preemptions = 3, Omission = CellStep.DeletionIsOneStep }.Systematically(Counts()));

    static Arrange Counts()
    {
        PoolHeap* heap = CheckedHeap.Create("counts");
        return me =>
        {
            Epoch.Enter(me);
            Value first = Value.Of((Header*)Integer.Create(me, heap, 1));
            Value second = Value.Of((Header*)Integer.Create(me, heap, 2));
            AtomicCell* cell = Ref.Create(me, heap, first);
            Epoch.Exit(me);
            return new Trial([
                it => Ref.Set(it, cell, second),
                it =>
                {
                    Epoch.Enter(it);
                    if (Ref.TakeGet(it, cell, out Value value) == Status.Done) Reference.Drop(it, value);
                    Ref.CompareExchange(it, cell, Probe.Of(first), second, out _);
                    Epoch.Exit(it);
                },
                it => Ref.Delete(it, cell)],
                _ => Assert.Equal((1, 1), (first.Head->Count, second.Head->Count)));
        };
    }

    [Fact]
    public void AValueThatDiesIsNeverTakenInAnySchedule() => new Explorer().Systematically(Dying());

    [Fact]
    public void ADeadValueThatIsTakenIsMissed() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer { Omission = CellStep.DeadValuesAreLeft }.Systematically(Dying()));

    static Arrange Dying()
    {
        PoolHeap* heap = CheckedHeap.Create("dying");
        return me =>
        {
            Epoch.Enter(me);
            // The only reference is the cell's.
            Value value = Value.Of((Header*)Integer.Create(me, heap, 1));
            AtomicCell* cell = Ref.Create(me, heap, value);
            Reference.Drop(me, value);
            Epoch.Exit(me);
            return new Trial([
                it => Ref.Set(it, cell, Value.None),
                it =>
                {
                    Assert.Equal(Status.Done, Ref.TakeGet(it, cell, out Value taken));
                    Epoch.Enter(it);
                    if (taken.IsCounted) Assert.Equal(Status.Done, Integer.Get(it, (AtomicCell*)taken.Pointer, out _));
                    Assert.True(!taken.IsCounted || taken.Head->Count > 0);
                    Reference.Drop(it, taken);
                    Epoch.Exit(it);
                }],
                it =>
                {
                    Epoch.Enter(it);
                    Reference.Drop(it, Value.Of((Header*)cell));
                    Epoch.Exit(it);
                    Assert.Equal(0, Heap.LiveBlocks(heap));
                });
        };
    }
}

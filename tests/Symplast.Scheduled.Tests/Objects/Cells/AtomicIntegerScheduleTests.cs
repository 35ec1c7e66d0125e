using Symplast.Memory;
using Symplast.Objects.Tests.Locks;
using Xunit;
using Integer = Symplast.Objects.AtomicInteger;

namespace Symplast.Objects.Tests.Cells;

public unsafe class AtomicIntegerScheduleTests
{
    // Near the end of the range.
    const string Large = "9223372036854775800";

    // The last one to which is added without looking.
    const string Narrow = "2305843009213693952";

    // The state is the number; "-" once deleted.
    sealed class Cells : Schedules
    {
        protected override string Look => "get";

        protected override nint Make(Participant* me, string state) => (nint)Integer.Create(me, Heap, long.Parse(state));

        protected override bool IsValid(nint cell) => Integer.IsValid((AtomicCell*)cell);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            long number = words.Length > 1 ? long.Parse(words[^1]) : 0;
            long result = 0;
            return words[0] switch
            {
                "get" => Answer(Integer.Get(me, cell, out result), result),
                "set" => Answer(Integer.Set(me, cell, number), 0),
                "exchange" => Answer(Integer.Exchange(me, cell, number, out result), result),
                "cas" => Answer(Integer.CompareExchange(me, cell, long.Parse(words[1]), number, out result), result),
                "add" => Answer(Integer.Add(me, cell, number, out result), result),
                "await" => Await(me, cell, number),
                _ => Answer(Integer.Delete(me, cell), 0),
            };
        }

        string Await(Participant* me, AtomicCell* cell, long number)
        {
            long seen = 0;
            CellWaiting.Begin(me, cell);
            Status status = Parked.Until(_ =>
            {
                Status looked = Integer.Get(me, cell, out seen);
                return looked == Status.Done && seen == number ? Status.Missing : looked;
            }, CellWaiting.Event(cell), Heap);
            CellWaiting.End(me, cell);
            return Answer(status, seen);
        }

        static string Answer(Status status, long number) =>
            status is Status.Deleted or Status.Overflow ? $"{status}" : $"{status} {number}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            string old = state;
            switch (words[0])
            {
                case "get": return "Done " + old;
                case "await": return old == words[1] ? "never" : "Done " + old;
                case "set":
                    state = words[1];
                    return "Done 0";
                case "exchange":
                    state = words[1];
                    return "Done " + old;
                case "cas":
                    if (old != words[1]) return "Missing " + old;
                    state = words[2];
                    return "Done " + old;
                case "add":
                    Int128 sum = Int128.Parse(old) + Int128.Parse(words[1]);
                    if (sum > long.MaxValue || sum < long.MinValue) return "Overflow";
                    state = $"{sum}";
                    return "Done " + state;
                default:
                    state = "-";
                    return "Done 0";
            }
        }
    }

    [Theory]
    [InlineData("1", "add 1;get|add 2;get|exchange 10;get")]
    [InlineData("1", "cas 1 2;cas 2 3|cas 1 4;get|add 1")]
    [InlineData(Large, "add 4;get|add 5;get|add -3")]
    [InlineData(Large, "add 7;add 1|set 0;add 9223372036854775807|get")]
    [InlineData(Narrow, "add 1;get|add 1;add -3;get|get;get")]
    [InlineData(Narrow, "add 1;add 2|cas 2305843009213693953 5;get|exchange 7")]
    [InlineData("-2305843009213693952", "add -1;get|add -9223372036854775800;add 1")]
    [InlineData("1", "set 9223372036854775807;get|add 1;get|add 1")]
    [InlineData("1", "add 9223372036854775806;add 1|add 1;get|get")]
    [InlineData("1", "cas 1 9223372036854775807;get|add 5;add 1")]
    [InlineData("1", "exchange -9223372036854775808;exchange 3|add -1;get|get;get")]
    [InlineData(Narrow, "add 1|delete;get|add 1;get")]
    [InlineData("1", "delete;get|exchange 2;add 1|cas 1 4;get")]
    [InlineData("1", "delete|delete;add 1|set 2;get")]
    public void EveryScheduleIsLinearizable(string state, string programs) =>
        new Cells().Explore(state, programs, preemptions: 3);

    [Theory]
    [InlineData("1", "await 1|add 1")]
    [InlineData("1", "await 1;await 2|exchange 2;cas 2 3")]
    [InlineData("1", "await 1|await 2|add 1;add 1")]
    [InlineData("1", "await 1|add 1|add -1;set 5")]
    [InlineData("1", "await 1|set 9223372036854775807")]
    [InlineData(Large, "await 9223372036854775800|add 4|add 1")]
    [InlineData(Narrow, "await 2305843009213693952|add 1|get")]
    [InlineData("1", "await 1|await 1|delete")]
    public void NoWakeIsLostInAnySchedule(string state, string programs) => new Cells().Explore(state, programs);

    [Theory]
    [InlineData(WaitStep.ChangeWakes, "1", "await 1|add 1")]
    [InlineData(WaitStep.ChangeWakes, Large, "await 9223372036854775800|exchange 1")]
    [InlineData(WaitStep.ChangeWakes, "1", "await 1|delete")]
    [InlineData(WaitStep.WaitersAreCounted, "1", "await 1|add 1")]
    internal void AWakeThatIsLostIsMissed(WaitStep step, string state, string programs) =>
        new Cells().Misses(step, state, programs);

    [Theory]
    [InlineData(CellStep.AdditionCompares, Large, "add 1|add 1")]
    [InlineData(CellStep.WideningCompares, Narrow, "add 1|add 1")]
    [InlineData(CellStep.MarksAreRestored, Large, "add 1|add 1")]
    [InlineData(CellStep.WideningCompares, "1", "set 9223372036854775807|add 1;get")]
    [InlineData(CellStep.DeletionLocks, "1", "delete|delete")]
    internal void AStepThatIsLeftOutIsMissed(CellStep step, string state, string programs) =>
        new Cells().Misses(step, state, programs);
}

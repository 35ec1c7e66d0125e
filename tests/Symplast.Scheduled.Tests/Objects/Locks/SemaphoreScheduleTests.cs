using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

public unsafe class SemaphoreScheduleTests
{
    // The state is the value, a digit; "-" once deleted.
    sealed class Semaphores : Schedules
    {
        const int Limit = 3;

        protected override string Look => "look";

        protected override nint Make(Participant* me, string state) =>
            (nint)SharedSemaphore.Create(me, Heap, state[0] - '0', Limit);

        protected override bool IsValid(nint structure) => SharedSemaphore.IsValid((SharedSemaphore*)structure);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedSemaphore* shared = (SharedSemaphore*)structure;
            switch (words[0])
            {
                case "try": return $"{SharedSemaphore.Enter(me, shared, waits: false)}";
                case "await" or "impatient":
                    bool isImpatient = words[0] != "await";
                    return $"{Parked.Until(
                        waits => SharedSemaphore.Enter(me, shared, waits), SharedSemaphore.Event(shared), Heap, isImpatient)}";
                case "give": return $"{SharedSemaphore.Exit(me, shared, words[1][0] - '0')}";
                case "delete": return $"{SharedSemaphore.Delete(me, shared)}";
                default:
                    Status status = SharedSemaphore.Look(me, shared, out long value, out _);
                    return status == Status.Done ? $"Done{value}" : $"{status}";
            }
        }

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            int value = state[0] - '0';
            switch (words[0])
            {
                case "try" or "await" or "impatient":
                    if (value == 0) return words[0] == "try" ? "Missing" : "TimedOut";
                    state = $"{value - 1}";
                    return "Done";
                case "give":
                    if (value + words[1][0] - '0' > Limit) return "Overflow";
                    state = $"{value + words[1][0] - '0'}";
                    return "Done";
                case "delete":
                    state = "-";
                    return "Done";
                default: return "Done" + state;
            }
        }
    }

    [Theory]
    [InlineData("1", "try;give 1|try;give 1|look")]
    [InlineData("0", "await|await|give 2")]
    [InlineData("0", "await|await|give 1;give 1")]
    [InlineData("0", "await;give 1|await;give 1|give 1")]
    [InlineData("0", "await|impatient|give 2")]
    [InlineData("1", "try;give 1|await;give 1|await;give 1")]
    [InlineData("2", "give 1|give 1|look")]
    [InlineData("0", "await|await|delete")]
    public void EveryScheduleIsLinearizable(string state, string programs) => new Semaphores().Explore(state, programs);

    [Theory]
    [InlineData(LockStep.FreeingWakes, "0", "await|give 1")]
    [InlineData(LockStep.OthersMayWait, "0", "await|await|give 1;give 1")]
    [InlineData(LockStep.LeftoversWake, "0", "await|await|give 1;give 1")]
    internal void AStepThatIsLeftOutIsMissed(LockStep step, string state, string programs) =>
        new Semaphores().Misses(step, state, programs);
}

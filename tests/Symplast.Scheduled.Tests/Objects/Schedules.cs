using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>
/// A structure whose operations are written as words ("set 0 x") and have a model that works on a state written as text. Explores
/// schedules of a few operations in a few threads and checks that each history, with a look at the final state as its last call,
/// is linearizable.
/// </summary>
internal abstract unsafe class Schedules
{
    protected PoolHeap* Heap { get; } = CheckedHeap.Create("schedules");

    /// <summary>A new structure in this state.</summary>
    protected abstract nint Make(Participant* me, string state);

    /// <summary>What an operation answers.</summary>
    protected abstract string CarryOut(Participant* me, nint structure, string[] words);

    /// <summary>What it must answer, and the state after it.</summary>
    protected abstract string Model(ref string state, string[] words);

    /// <summary>The operation that shows the state.</summary>
    protected abstract string Look { get; }

    protected abstract bool IsValid(nint structure);

    /// <summary>Programs are threads, separated by "|", of operations, separated by ";".</summary>
    internal void Explore(string state, string programs, int preemptions = 2, int random = 200)
    {
        Arrange arrange = Arrangement(state, programs);
        new Explorer { Preemptions = preemptions, ScheduleLimit = 3000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, random, seed: 1);
    }

    /// <summary>The exploration must fail without this step of the protocol, and must not with it.</summary>
    internal void Misses(Enum step, string state, string programs)
    {
        Arrange arrange = Arrangement(state, programs);
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { Preemptions = 3, ScheduleLimit = 20_000, Omission = step, StepLimit = 2000 }.Systematically(
            arrange));
        new Explorer { Preemptions = 2, ScheduleLimit = 3000 }.Systematically(arrange);
    }

    /// <summary>Does the same for a fault that needs more preemptions than can be tried systematically.</summary>
    internal void MissesAtRandom(Enum step, string state, string programs, int schedules)
    {
        Arrange arrange = Arrangement(state, programs);
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { Omission = step, StepLimit = 2000 }.Randomly(arrange, schedules, changes: 4, seed: 1));
        new Explorer().Randomly(arrange, schedules, changes: 4, seed: 1);
    }

    Arrange Arrangement(string state, string programs)
    {
        string[][] threads = [.. programs.Split('|').Select(thread => thread.Split(';'))];
        return me =>
        {
            Epoch.Enter(me);
            nint structure = Make(me, state);
            Epoch.Exit(me);
            History<string, string> history = new(threads.Length + 1);
            Body Of(int number) => it =>
            {
                foreach (string operation in threads[number]) Record(it, structure, history, number, operation);
            };
            return new Trial([.. Enumerable.Range(0, threads.Length).Select(Of)], it =>
            {
                Record(it, structure, history, threads.Length, Look);
                Assert.True(IsValid(structure), "invalid");
                Linearizability.Check(
                    history.Calls, state, (ref string before, string operation, string result) =>
                    Model(ref before, Words(operation)) == result);
            });
        };
    }

    void Record(Participant* me, nint structure, History<string, string> history, int thread, string operation)
    {
        long start = History.Now();
        string result = CarryOut(me, structure, Words(operation));
        history.Add(thread, operation, result, start);
    }

    static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

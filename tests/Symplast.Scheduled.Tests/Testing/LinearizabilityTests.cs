using CsCheck;
using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

public class LinearizabilityTests
{
    enum Kind { Read, Write, Add }

    readonly record struct Operation(Kind Kind, int Value = 0, int Key = 0);

    // A register: reads and additions return what was there before.
    static bool Apply(ref int state, Operation operation, int result)
    {
        int before = state;
        switch (operation.Kind)
        {
            case Kind.Read: return result == before;
            case Kind.Write: state = operation.Value; return true;
            default: state += operation.Value; return result == before;
        }
    }

    static Call<Operation, int> Call(int thread, Kind kind, int value, int result, long start, long end) =>
        new(thread, new Operation(kind, value), result, start, end);

    static bool Holds(params Call<Operation, int>[] calls) => Linearizability.Holds<int, Operation, int>(calls, 0, Apply);

    [Fact]
    public void AnEmptyHistoryHolds() => Assert.True(Holds());

    [Fact]
    public void AReadDuringAWriteMayReturnEither()
    {
        Call<Operation, int> write = Call(0, Kind.Write, 7, 0, 0, 10);
        Assert.True(Holds(write, Call(1, Kind.Read, 0, 0, 2, 4)));
        Assert.True(Holds(write, Call(1, Kind.Read, 0, 7, 2, 4)));
        Assert.False(Holds(write, Call(1, Kind.Read, 0, 5, 2, 4)));
    }

    [Fact]
    public void AReadAfterAWriteMustNotBeStale()
    {
        Assert.False(Holds(Call(0, Kind.Write, 7, 0, 0, 1), Call(1, Kind.Read, 0, 0, 2, 3)));
        Assert.True(Holds(Call(0, Kind.Write, 7, 0, 0, 2), Call(1, Kind.Read, 0, 0, 2, 3)));
    }

    [Fact]
    public void TwoReadsDuringAWriteMustNotGoBack()
    {
        Call<Operation, int> write = Call(0, Kind.Write, 7, 0, 0, 100);
        Assert.True(Holds(write, Call(1, Kind.Read, 0, 0, 10, 20), Call(2, Kind.Read, 0, 7, 30, 40)));
        Assert.False(Holds(write, Call(1, Kind.Read, 0, 7, 10, 20), Call(2, Kind.Read, 0, 0, 30, 40)));
    }

    [Fact]
    public void TwoAdditionsMustNotReturnTheSame()
    {
        Assert.False(Holds(Call(0, Kind.Add, 1, 0, 0, 10), Call(1, Kind.Add, 1, 0, 5, 15)));
        Assert.True(Holds(Call(0, Kind.Add, 1, 1, 0, 10), Call(1, Kind.Add, 1, 0, 5, 15)));
    }

    [Fact]
    public void AConfigurationIsVisitedOnce()
    {
        // There are 14! orders, but only 2^14 sets of calls, each with two states.
        List<Call<Operation, int>> calls = [];
        for (int i = 0; i < 14; i++) calls.Add(Call(i, Kind.Write, i & 1, 0, i, 1000 + i));
        calls.Add(Call(99, Kind.Read, 0, 7, 2000, 2001));
        Assert.False(Holds([.. calls]));
    }

    [Fact]
    public void MoreThan64CallsOfOneKeyAreDecided()
    {
        List<Call<Operation, int>> calls = [];
        for (int i = 0; i < 500; i++) calls.Add(Call(i & 1, Kind.Add, 1, i, 10 * i, 10 * i + 15));
        Assert.True(Holds([.. calls]));
        calls[400] = calls[400] with { Result = 398 };
        Assert.False(Holds([.. calls]));
    }

    [Fact]
    public void KeysAreCheckedApartAndTheReportShowsTheCallsOfTheGuiltyOne()
    {
        History<Operation, int> history = new(1);
        for (int key = 0; key < 3; key++)
        {
            history.Record(0, new Operation(Kind.Write, 10 + key, key), () => 0);
            history.Record(0, new Operation(Kind.Read, 0, key), () => key == 1 ? 99 : 10 + key);
        }
        string message = Assert.Throws<NotLinearizableException>(
            () => Linearizability.CheckEach<int, int, Operation, int>(
                history.Calls, operation => operation.Key, 0, Apply)).Message;
        Assert.Contains("Key = 1", message);
        Assert.DoesNotContain("Key = 2", message);
    }

    // Random histories that were made from a sequential order hold; so says a search through all permutations of short ones, and
    // both agree on wrong ones.
    [Fact]
    public void TheCheckerAgreesWithASearchThroughAllOrders()
    {
        Gen<Call<Operation, int>> call = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 20], Gen.Int[0, 8],
            (kind, value, result, start, length) => Call(0, (Kind)kind, value, result, start, start + length));
        int held = 0;
        call.Array[0, 5].Sample(calls =>
        {
            bool expected = HoldsInSomeOrder([.. calls], 0);
            if (expected) Interlocked.Increment(ref held);
            Assert.Equal(expected, Holds(calls));
        }, iter: 20_000);
        Assert.InRange(held, 1000, 19_000);
    }

    static bool HoldsInSomeOrder(List<Call<Operation, int>> left, int state)
    {
        if (left.Count == 0) return true;
        for (int i = 0; i < left.Count; i++)
        {
            Call<Operation, int> next = left[i];
            int after = state;
            if (left.Exists(other => other.End < next.Start) || !Apply(ref after, next.Operation, next.Result)) continue;
            List<Call<Operation, int>> rest = [.. left];
            rest.RemoveAt(i);
            if (HoldsInSomeOrder(rest, after)) return true;
        }
        return false;
    }

    sealed class Register
    {
        internal int Value;

        internal int Add(bool isAtomic)
        {
            Interleaving.Point();
            if (isAtomic) return Interlocked.Increment(ref Value) - 1;
            int before = Value;
            Interleaving.Point();
            Thread.SpinWait(20);
            Value = before + 1;
            return before;
        }

        internal int Read()
        {
            Interleaving.Point();
            return Volatile.Read(ref Value);
        }
    }

    static void Act(Register register, History<Operation, int> history, int thread, int rounds, bool isAtomic)
    {
        for (int i = 0; i < rounds; i++)
        {
            long start = History.Now();
            int before = register.Add(isAtomic);
            history.Add(thread, new Operation(Kind.Add, 1), before, start);
            start = History.Now();
            int read = register.Read();
            history.Add(thread, new Operation(Kind.Read), read, start);
        }
    }

    static unsafe Trial AdditionsUnderTheScheduler(bool isAtomic)
    {
        Register register = new();
        History<Operation, int> history = new(2);
        return new Trial([_ => Act(register, history, 0, 1, isAtomic), _ => Act(register, history, 1, 1, isAtomic)],
            _ => Linearizability.Check<int, Operation, int>(history.Calls, 0, Apply));
    }

    [Fact]
    public unsafe void UnderTheSchedulerAtomicAdditionsHoldAndOthersDoNot()
    {
        Assert.True(new Explorer().Systematically(_ => AdditionsUnderTheScheduler(isAtomic: true)).IsComplete);
        ScheduleFailedException failure = Assert.Throws<ScheduleFailedException>(
            () => new Explorer().Systematically(_ => AdditionsUnderTheScheduler(isAtomic: false)));
        Assert.IsType<NotLinearizableException>(failure.InnerException);
    }

    static bool AdditionsByRealThreads(bool isAtomic)
    {
        Register register = new();
        History<Operation, int> history = new(2);
        using Barrier together = new(2);
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(number => new Thread(() =>
        {
            together.SignalAndWait();
            Act(register, history, number, 200, isAtomic);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return Linearizability.Holds<int, Operation, int>(history.Calls, 0, Apply);
    }

    [Fact]
    public void WithRealThreadsAtomicAdditionsHold()
    {
        for (int i = 0; i < 50; i++) Assert.True(AdditionsByRealThreads(isAtomic: true));
    }

    [Fact]
    public void WithRealThreadsALostUpdateIsSeen()
    {
        // It needs both threads to run at once; so often they do, even on a busy machine.
        for (int i = 0; i < 20_000; i++)
        {
            if (!AdditionsByRealThreads(isAtomic: false)) return;
        }
        Assert.Skip("the threads never met: inconclusive");
    }
}

using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>
/// Two or three threads with a few operations each, under very many schedules; every history must be linearizable.
/// </summary>
public sealed unsafe class SortedMapScheduleTests : IDisposable
{
    enum Kind
    {
        Get,
        Set,
        Insert,
        Remove,
        Add,
        PopMin,
        PopMax,
        Floor,
        Lower,
        Ceiling,
        Higher,
        First,
        Last,
        Entries,
        KeysFrom,
        Clear,
        Count,
        PopAt,
    }

    readonly record struct Operation(Kind Kind, int Key = 0, int Value = 0);

    // Entries are 16 numbers of 4 bits, 0 where there is none: for the result of a snapshot (1 for a key
    // without its value), and for the model's state.
    readonly record struct Result(Status Status, int Key = 0, int Value = 0, ulong Entries = 0);

    // The keys, in order; with numbers for keys they are their own. Digests leave out more or less of them in one node and
    // another, and tie.
    static readonly string[] Texts =
    [
        "", "common", "common beginning", "common beginning 01234567", "common beginning 012345678",
            "common beginning 0123456789", "common beginning 1", "common beginning 2",
        "common beginning 2 and more 1", "common beginning 2 and more 2", "common beginning 2 and more 3", "common beginning 3",
            "common z", "commoner", "d", "e",
    ];

    // Which keys are there at first; what the threads do.
    sealed record Scenario(ulong Entries, params Operation[][] Threads);

    static ulong Present(params int[] keys) => keys.Aggregate(0UL, (all, key) => all | 1UL << 4 * key);

    static Operation Of(Kind kind, int key = 0, int value = 2) => new(kind, key, value);

    /// <inheritdoc/>
    public void Dispose() => Interleaving.Omitted = null;

    [Fact]
    public void ALeafThatIsCutIsRightForReadersAndWriters() => Systematically(
        new(Present(1, 2, 3, 4), [Of(Kind.Set, 5)], [Of(Kind.Set, 2, 3), Of(Kind.Get, 5)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Set, 5), Of(Kind.Remove, 1)], [Of(Kind.Floor, 4), Of(Kind.Floor, 6)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Insert, 0)], [Of(Kind.Insert, 5)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Set, 0)], [Of(Kind.PopMin)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Set, 0)], [Of(Kind.KeysFrom)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Set, 0), Of(Kind.Set, 3, 5)], [Of(Kind.Entries)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Clear), Of(Kind.Set, 0)], [Of(Kind.Entries)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Set, 0)], [Of(Kind.Clear), Of(Kind.Get, 1)]));

    [Fact]
    public void LeavesThatAreMergedAreRightForReadersAndWriters() => Systematically(
        new(Present(1, 2, 3, 4, 5), [Of(Kind.Remove, 4), Of(Kind.Remove, 5)], [Of(Kind.Set, 3, 4), Of(Kind.Get, 3)]),
        new(Present(1, 2, 3, 4, 5), [Of(Kind.PopMax), Of(Kind.PopMax)], [Of(Kind.PopMax), Of(Kind.Set, 6)]),
        new(Present(1, 2, 3, 4, 5), [Of(Kind.PopMin), Of(Kind.PopMin), Of(Kind.PopMin)], [Of(Kind.Floor, 9), Of(Kind.First)]),
        new(Present(1, 2, 3, 4, 5), [Of(Kind.PopMax), Of(Kind.PopMax)], [Of(Kind.Last), Of(Kind.Set, 5, 3), Of(Kind.Last)]),
        new(Present(1, 2, 3, 4, 5, 6, 7), [Of(Kind.PopMin), Of(Kind.PopMin), Of(Kind.PopMin)],
            [Of(Kind.Set, 5, 3), Of(Kind.PopMin)]),
        new(Present(1, 2, 3, 4, 5), [Of(Kind.Remove, 4), Of(Kind.Remove, 5)], [Of(Kind.KeysFrom, 3), Of(Kind.Get, 4)]),
        new(Present(1, 2, 3, 4, 5), [Of(Kind.Remove, 4), Of(Kind.Remove, 5)], [Of(Kind.Entries), Of(Kind.Get, 4)]),
        // The leaf in the middle is empty for a moment.
        new(Present(1, 2, 3, 4, 5, 6, 7, 8, 9), [Of(Kind.Remove, 4), Of(Kind.Remove, 5), Of(Kind.Remove, 6)],
            [Of(Kind.Entries)]));

    [Fact]
    public void InnerNodesThatAreCutAndMergedAreRightForReadersAndWriters() => Systematically(
        new(Present(0, 1, 2, 3, 4, 5, 6, 7, 8), [Of(Kind.Set, 9), Of(Kind.Set, 10), Of(Kind.Set, 11)],
            [Of(Kind.Set, 8, 3), Of(Kind.Get, 9)]),
        new(Present(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), [Of(Kind.Set, 10), Of(Kind.Set, 11)], [Of(Kind.PopMin), Of(Kind.PopMin)]),
        new(Present(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), [Of(Kind.PopMin), Of(Kind.PopMin), Of(Kind.PopMin)],
            [Of(Kind.PopMax), Of(Kind.PopMax)]));

    [Fact]
    public void EntriesAreCountedAtOneMoment() => Systematically(
        new(Present(1, 2), [Of(Kind.Set, 3)], [Of(Kind.Get, 3), Of(Kind.Count)]),
        new(Present(1, 2), [Of(Kind.Remove, 2), Of(Kind.PopMin)], [Of(Kind.Count), Of(Kind.Get, 2), Of(Kind.Count)]),
        new(Present(1, 2), [Of(Kind.Clear)], [Of(Kind.Set, 3), Of(Kind.Count)], [Of(Kind.Get, 1), Of(Kind.Count)]),
        new(Present(1, 2, 3, 4), [Of(Kind.Clear), Of(Kind.Count)], [Of(Kind.Set, 5), Of(Kind.PopMax), Of(Kind.Count)]));

    [Fact]
    public void AnEntryIsTakenByItsNumberAtOneMoment() => Systematically(
        new(Present(1, 2, 3), [Of(Kind.PopAt, 0, 2)], [Of(Kind.Remove, 1), Of(Kind.Get, 2)]),
        new(Present(1, 2, 3, 4, 5), [Of(Kind.PopAt, 0, 2)], [Of(Kind.PopMin), Of(Kind.Set, 0), Of(Kind.First)]),
        new(Present(1, 2, 3), [Of(Kind.PopAt, 0, 3)], [Of(Kind.Clear), Of(Kind.Count)]),
        new(Present(1, 2, 3), [Of(Kind.PopAt, 0, 1), Of(Kind.PopAt, 0, 1)], [Of(Kind.PopAt, 0, 1), Of(Kind.Set, 2, 3)]));

    [Fact]
    public void RandomOperationsOnSmallTreesAreLinearizable() => Randomly(300, 60);

    [Fact]
    public void SoTheyAreWhenNodesLeaveOutWhatTheirKeysBeginWith() => Randomly(300, 60, Texts);

    [Fact]
    public void ALeafThatLeavesOutMoreThanItsRangeSharesIsFound() => Finds(SortedMapFault.SkipsWhatEntriesShare, Texts);

    [Fact]
    public void AnInnerNodeThatDoesNotCompareWhatItLeavesOutIsFound() => Finds(SortedMapFault.SkipsUnread, Texts);

    [Fact]
    public void AWriterThatDoesNotLookWhetherItsLeafLivesIsFound() => Finds(SortedMapFault.UsesDeadLeaf);

    [Fact]
    public void AWriterThatDoesNotLookWhetherTheParentLivesIsFound() => Finds(SortedMapFault.UsesDeadParent);

    [Fact]
    public void ASearchThatDoesNotLookAtTheLeafAgainIsFound() => FindsIn(SortedMapFault.TrustsOneLeaf,
        new(Present(2, 4), [Of(Kind.First)], [Of(Kind.Set, 1), Of(Kind.Set, 2, 3)]));

    [Fact]
    public void ASearchThatDoesNotLookAtPassedLeavesAgainIsFound() => FindsIn(SortedMapFault.TrustsPassedLeaves,
        new(Present(1, 2, 3, 4, 5), [Of(Kind.Remove, 4), Of(Kind.Floor, 4)], [Of(Kind.Set, 4), Of(Kind.Set, 3, 3)]));

    [Fact]
    public void APlaceThatIsPublishedBeforeItIsFilledIsFound() => Finds(SortedMapFault.PublishesEarly);

    [Fact]
    public void ANewLeafThatIsUnlockedBeforeTheOldOneIsMarkedIsFound() => FindsIn(SortedMapFault.UnlocksEarly,
        new(Present(1, 2, 3, 4, 5, 6, 7), [Of(Kind.Remove, 4), Of(Kind.Floor, 4)], [Of(Kind.Set, 8)],
            [Of(Kind.Set, 4), Of(Kind.Set, 3, 3)]));

    [Fact]
    public void CountingInTheMidstOfAChangeIsFound() =>
        FindsIn(SortedMapFault.CountsAnyTime, new(Present(1, 2), [Of(Kind.Set, 3)], [Of(Kind.Get, 3), Of(Kind.Count)]));

    [Fact]
    public void CountingWhatIsInsertedIntoAClearedTreeIsFound() =>
        FindsIn(SortedMapFault.CountsWhatWasCleared, new(Present(1, 2), [Of(Kind.Clear)], [Of(Kind.Set, 3), Of(Kind.Count)]));

    static void Systematically(params Scenario[] scenarios)
    {
        using SortedMapFixture fixture = new();
        Value[] keys = Keys(fixture, null);
        foreach (Scenario scenario in scenarios)
        {
            Exploration done = new Explorer { Preemptions = 2, ScheduleLimit = 4_000 }.Systematically(
                me => Arrange(me, fixture, scenario, keys));
            Assert.True(done.Schedules > 50);
        }
    }

    static void Finds(SortedMapFault fault, string[]? texts = null)
    {
        Interleaving.Omitted = fault;
        Assert.ThrowsAny<ScheduleFailedException>(() => Randomly(3000, 150, texts));
    }

    // The same must be right without the fault.
    static void FindsIn(SortedMapFault fault, Scenario scenario)
    {
        using SortedMapFixture fixture = new();
        Value[] keys = Keys(fixture, null);
        Explorer explorer = new() { Preemptions = 2, ScheduleLimit = 40_000 };
        Interleaving.Omitted = fault;
        Assert.Throws<ScheduleFailedException>(() => explorer.Systematically(me => Arrange(me, fixture, scenario, keys)));
        Interleaving.Omitted = null;
        explorer.Systematically(me => Arrange(me, fixture, scenario, keys));
    }

    static void Randomly(int scenarios, int schedules, string[]? texts = null)
    {
        using SortedMapFixture fixture = new();
        Value[] keys = Keys(fixture, texts);
        for (int seed = 0; seed < scenarios; seed++)
        {
            Random random = new(seed);
            Scenario scenario =
                new((ulong)random.NextInt64() & (ulong)random.NextInt64() & 0x1111_1111_1111_1111 | Present(random.Next(16)),
                [.. Enumerable.Range(0, 2 + seed % 2).Select(
                    _ => Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Any(random)).ToArray())]);
            new Explorer().Randomly(me => Arrange(me, fixture, scenario, keys), schedules, seed: (ulong)seed);
        }
    }

    // They stay until the pool goes.
    static Value[] Keys(SortedMapFixture fixture, string[]? texts) =>
        [.. Enumerable.Range(0, 16).Select(
            number => texts == null ? Value.OfInt(number) : SortedMapFixture.Text(fixture.Me, fixture.PoolHeap, texts[number]))];

    static Operation Any(Random random)
    {
        Kind kind = random.Next(3) != 0 ? (Kind)random.Next(1, 7) : (Kind)random.Next(17);
        return new(kind, random.Next(16), kind == Kind.Add ? 1 : random.Next(1, 4));
    }

    static Trial Arrange(Participant* me, SortedMapFixture fixture, Scenario scenario, Value[] keys)
    {
        SortedMap* map = SortedMap.Create(me, fixture.PoolHeap);
        for (int key = 0; key < 16; key++)
        {
            int value = (int)(scenario.Entries >> 4 * key & 15);
            if (value != 0) SortedMap.Set(me, map, Probe.Of(keys[key]), Value.OfInt(value));
        }
        History<Operation, Result> history = new(scenario.Threads.Length);
        Body[] bodies = [.. scenario.Threads.Select<Operation[], Body>((operations, thread) => its =>
        {
            foreach (Operation operation in operations)
            {
                long start = History.Now();
                history.Add(thread, operation, Carry(its, map, operation, keys), start);
            }
        })];
        return new Trial(bodies, its =>
        {
            string? fault = Validity.Check(its, map);
            Assert.True(fault == null, fault);
            long start = History.Now();
            history.Add(0, new Operation(Kind.Entries), Carry(its, map, new Operation(Kind.Entries), keys), start);
            Linearizability.Check<ulong, Operation, Result>(history.Calls, scenario.Entries, Apply);
            Epoch.Enter(its);
            Reference.Drop(its, &map->Object.Head);
            Epoch.Exit(its);
        });
    }

    static Result Carry(Participant* me, SortedMap* map, Operation operation, Value[] keys)
    {
        Epoch.Enter(me);
        Probe probe = SortedMapFixture.Ask(keys[operation.Key]);
        Value given = Value.OfInt(operation.Value);
        Value key = default, value = default;
        Status status = operation.Kind switch
        {
            Kind.Get => SortedMap.Get(me, map, probe, out value),
            Kind.Set => SortedMap.Set(me, map, probe, given),
            Kind.Insert => SortedMap.GetOrAdd(me, map, probe, given, out value),
            Kind.Remove => SortedMap.Remove(me, map, probe, out value),
            Kind.Add => SortedMap.Add(me, map, probe, given, out value),
            Kind.PopMin => SortedMap.PopMin(me, map, default, out key, out value),
            Kind.PopMax => SortedMap.PopMax(me, map, default, out key, out value),
            Kind.Floor => SortedMap.Floor(me, map, probe, out key, out value),
            Kind.Lower => SortedMap.Lower(me, map, probe, out key, out value),
            Kind.Ceiling => SortedMap.Ceiling(me, map, probe, out key, out value),
            Kind.Higher => SortedMap.Higher(me, map, probe, out key, out value),
            Kind.First => SortedMap.First(me, map, out key, out value),
            Kind.Last => SortedMap.Last(me, map, out key, out value),
            Kind.Clear => SortedMap.Clear(me, map),
            Kind.PopAt => SortedMap.PopAt(me, map, operation.Value, default, out key, out value, out _),
            _ => Status.Done,
        };
        Result result = operation.Kind == Kind.Entries
            ? TakeEntries(me, map, keys)
            : operation.Kind == Kind.KeysFrom
            ? TakeKeys(me, map, probe, keys)
            : new Result(status, Number(key, keys), value.IsEmpty ? 0 : value.IsInt ? (int)value.Int : -1);
        if (operation.Kind == Kind.Count)
        {
            status = SortedMap.Count(me, map, out long count);
            result = new Result(status, Entries: (ulong)count);
        }
        if (operation.Kind is Kind.PopMin or Kind.PopMax or Kind.PopAt)
        {
            Reference.Drop(me, key);
            Reference.Drop(me, value);
        }
        Epoch.Exit(me);
        return result;
    }

    static int Number(Value key, Value[] keys) =>
        key.IsEmpty ? 0 : Array.FindIndex(keys, each => Ordering.Compare(each, key) == 0);

    static Result TakeEntries(Participant* me, SortedMap* map, Value[] keys)
    {
        Status status = SortedMap.SnapshotEntries(me, map, out MapSnapshot* snapshot);
        ulong entries = 0;
        for (ulong i = 0; i < snapshot->Count; i++)
            entries |= (ulong)MapSnapshot.Value(snapshot, i).Int << 4 * Number(MapSnapshot.Key(snapshot, i), keys);
        MapSnapshot.Free(me, snapshot);
        return new Result(status, Entries: entries);
    }

    static Result TakeKeys(Participant* me, SortedMap* map, in Probe from, Value[] keys)
    {
        Status status = SortedMap.SnapshotKeys(me, map, SortedBound.Including(from), SortedBound.None, out MapSnapshot* snapshot);
        ulong present = 0;
        for (ulong i = 0; status == Status.Done && i < snapshot->Count; i++)
            present |= 1UL << 4 * Number(MapSnapshot.Key(snapshot, i), keys);
        if (status == Status.Done) MapSnapshot.Free(me, snapshot);
        return new Result(status, Entries: present);
    }

    static bool Apply(ref ulong entries, Operation operation, Result result)
    {
        int key = operation.Key;
        int present = At(entries, key);
        Result expected;
        switch (operation.Kind)
        {
            case Kind.Get:
                expected = new(present == 0 ? Status.Missing : Status.Done, 0, present);
                break;
            case Kind.Set:
                expected = new(Status.Done);
                entries = With(entries, key, operation.Value);
                break;
            case Kind.Insert:
                expected = new(present == 0 ? Status.Done : Status.Exists, 0, present == 0 ? operation.Value : present);
                if (present == 0) entries = With(entries, key, operation.Value);
                break;
            case Kind.Remove:
                expected = new(present == 0 ? Status.Missing : Status.Done, 0, present);
                entries = With(entries, key, 0);
                break;
            case Kind.Add:
                expected = new(Status.Done, 0, present + operation.Value);
                entries = With(entries, key, present + operation.Value);
                break;
            case Kind.Entries:
                expected = new(Status.Done, Entries: entries);
                break;
            case Kind.KeysFrom:
                ulong occupied = entries | entries >> 1 | entries >> 2 | entries >> 3;
                expected = new(Status.Done, Entries: occupied & 0x1111_1111_1111_1111 & ulong.MaxValue << 4 * key);
                break;
            case Kind.Clear:
                expected = new(Status.Done);
                entries = 0;
                break;
            case Kind.Count:
                expected = new(Status.Done, Entries: (ulong)CountOf(entries));
                break;
            case Kind.PopAt when CountOf(entries) <= operation.Value:
                expected = new(Status.Missing);
                break;
            case Kind.PopAt:
                int nth = -1;
                for (int before = -1; before < operation.Value; before++) do nth++; while (At(entries, nth) == 0);
                expected = new(Status.Done, nth, At(entries, nth));
                entries = With(entries, nth, 0);
                break;
            default:
                bool down = operation.Kind is Kind.PopMax or Kind.Last or Kind.Floor or Kind.Lower;
                int from = operation.Kind switch
                {
                    Kind.Floor or Kind.Ceiling => key,
                    Kind.Lower => key - 1,
                    Kind.Higher => key + 1,
                    _ => down ? 15 : 0,
                };
                while ((uint)from < 16 && At(entries, from) == 0) from += down ? -1 : 1;
                expected = (uint)from < 16 ? new(Status.Done, from, At(entries, from)) : new(Status.Missing);
                if (operation.Kind is Kind.PopMin or Kind.PopMax && (uint)from < 16) entries = With(entries, from, 0);
                break;
        }
        return result == expected;
    }

    static int CountOf(ulong entries)
    {
        int count = 0;
        for (; entries != 0; entries >>= 4) count += (entries & 15) == 0 ? 0 : 1;
        return count;
    }

    static int At(ulong entries, int key) => (int)(entries >> 4 * key & 15);

    static ulong With(ulong entries, int key, int value) => entries & ~(15UL << 4 * key) | (ulong)value << 4 * key;
}

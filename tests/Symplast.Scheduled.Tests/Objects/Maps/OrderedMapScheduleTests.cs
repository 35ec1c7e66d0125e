using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>All schedules, within a bound on preemptions, of pairs of operations around every transition of the map.</summary>
public sealed unsafe class OrderedMapScheduleTests : IDisposable
{
    /// <summary>What happens to one key.</summary>
    public enum Kind
    {
        Get,
        Set,
        TryAdd,
        Remove,
        Exchange,
        Add,
    }

    public readonly record struct Operation(Kind Kind, int Key, long Value = 0, long Expected = 0);

    public readonly record struct Result(Status Status, long Value);

    readonly Pool _pool = Pool.Create("map");
    readonly PoolHeap* _heap;

    public OrderedMapScheduleTests()
    {
        HeapDebug.Start(1 << 20);
        _heap = _pool.LiveHeap();
        HeapDebug.Stop();
    }

    public void Dispose()
    {
        Interleaving.Omitted = null;
        _pool.Delete();
    }

    // Sizes at which the next insertion fills a small map, makes it large, fills a shard, splits one, needs a segment.
    public static TheoryData<int, string> Pairs()
    {
        TheoryData<int, string> data = [];
        string[] pairs =
        [
            "set 0 10 | get 0, get 0", "set 0 10 | set 0 20", "set 0 10 | remove 0, set 0 30", "set 100 1 | set 100 2",
                "set 100 1 | get 100, get 100",
            "set 100 1 | set 0 10, get 0", "set 100 1, set 101 2 | set 0 10, get 0", "set 100 1 | remove 0, get 0",
                "remove 0, set 0 5 | get 0, get 0",
            "remove 0 | remove 0", "add 0 5 | add 0 7", "add 100 5 | add 100 7", "tryadd 100 1 | tryadd 100 2",
                "exchange 0 0 5 | exchange 0 0 6",
            "exchange 0 0 5 | remove 0", "set 100 1, set 101 1 | set 102 2, remove 100", "clear | set 0 10, get 0",
                "clear | set 100 1, get 100", "clear | remove 0, get 0",
            "set 0 10, get 0 | set 100 1, set 101 2, get 0", "add 0 5, get 0 | set 100 1, add 0 7",
                "remove 0 | set 0 10, set 0 20", "exchange 0 0 5, exchange 0 5 6 | set 100 1, remove 0",
            "remove 0, set 100 1, set 101 1 | set 1 10, get 1", "remove 0, set 100 1, set 101 1 | add 1 10, get 0",
                "clear | add 0 5, add 0 7, get 0",
            "compact | set 0 10, get 0", "compact | set 100 1, get 100", "compact | remove 0, get 0",
        ];
        foreach (string pair in pairs)
        {
            foreach (int size in new[] { 1, 2, 3, 5, 8 }) data.Add(size, pair);
        }
        // 102 fills the shard that 2 is in, and 108 belongs to; 114 splits it.
        string[] splits =
        [
            "set 102 1, set 114 1 | set 114 2", "set 102 1, set 114 1 | set 2 10, get 2",
                "set 102 1, set 114 1 | remove 2, get 2", "set 102 1, set 114 1 | set 108 2, get 108",
            "set 102 1, set 114 1 | add 108 5, add 2 7", "set 102 1, set 114 1 | set 108 2, remove 102",
                "set 102 1, set 114 1 | exchange 2 2 5, exchange 2 5 6",
            "clear | set 102 1, set 114 1, get 2", "compact | set 102 1, set 114 1, get 2",
                "set 102 1, tryadd 114 1 | set 108 2, get 114",
        ];
        foreach (string pair in splits) data.Add(9, pair);
        return data;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void EveryScheduleIsLinearizablePerKey(int size, string pair) => Explore(size, pair, 2, 4000);

    [Theory]
    [InlineData(OrderedMapFault.MovedIsIgnored, "set 102 1, set 114 1, set 120 1 | set 108 2, get 108")]
    [InlineData(OrderedMapFault.MovedIsIgnored, "set 102 1, set 114 1 | set 108 2, set 109 2, get 108")]
    [InlineData(OrderedMapFault.RootIsOld, "set 100 1 | set 0 10, get 0")]
    [InlineData(OrderedMapFault.ShardsStayOpen, "clear | set 100 1, get 100")]
    [InlineData(OrderedMapFault.UpdateIsBlind, "add 0 5 | add 0 7")]
    [InlineData(OrderedMapFault.GateIsNotAwaited, "compact | set 0 10, get 0")]
    [InlineData(OrderedMapFault.ValueIsCopied, "set 0 10, get 0 | set 100 1")]
    [InlineData(OrderedMapFault.ValueIsCopied, "set 1 10, get 1 | remove 0, set 100 1, set 101 1")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, "get 0 | set 100 1")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, "get 1 | remove 0, set 100 1, set 101 1")]
    internal void ALeftOutStepIsFound(OrderedMapFault fault, string pair)
    {
        Interleaving.Omitted = fault;
        Assert.Throws<ScheduleFailedException>(() =>
        {
            for (int size = 1; size <= 12; size++) Explore(size, pair, 2, 10_000);
        });
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void ASnapshotIsOfOneInstant(int size) => ExploreSnapshot(size);

    // One thread changes first one key, then another; no snapshot has only the second change.
    void ExploreSnapshot(int size) => new Explorer { Preemptions = 3, ScheduleLimit = 20_000 }.Systematically(me =>
    {
        OrderedMap* map = Create(me, size);
        return new Trial(
            [
                mine =>
                {
                    OrderedMap.Set(mine, map, Key(0), Value.OfInt(10));
                    OrderedMap.Set(mine, map, Key(1), Value.OfInt(10));
                },
                mine =>
                {
                    Assert.Equal(Status.Done, MapSnapshots.Take(mine, map, out MapSnapshot* snapshot));
                    Assert.Equal((ulong)size, snapshot->Count);
                    Assert.False(MapSnapshot.Value(snapshot, 1).Int == 10 && MapSnapshot.Value(snapshot, 0).Int != 10);
                    MapSnapshot.Free(mine, snapshot);
                },
            ],
            mine => Assert.True(MapCheck.IsValid(mine, map)));
    });

    OrderedMap* Create(Participant* me, int size)
    {
        OrderedMap* map = OrderedMap.Create(me, _heap);
        for (int i = 0; i < size; i++) OrderedMap.Set(me, map, Key(i), Value.OfInt(i));
        // So that compaction has something to do.
        if (size > 2) OrderedMap.Set(me, map, Key(-1), Value.None);
        if (size > 2) OrderedMap.Remove(me, map, Key(-1), out _);
        return map;
    }

    void Explore(int size, string pair, int preemptions, long limit)
    {
        string[] scripts = pair.Split(" | ");
        Explorer explorer = new() { Preemptions = preemptions, ScheduleLimit = limit };
        explorer.Systematically(me => Arrange(me, size, scripts));
    }

    Trial Arrange(Participant* me, int size, string[] scripts)
    {
        OrderedMap* map = Create(me, size);
        History<Operation, Result> history = new(scripts.Length);
        Body[] bodies = [.. scripts.Select((script, thread) => (Body)(mine => Play(mine, map, history, thread, script)))];
        return new Trial(bodies, mine => Check(mine, map, history, size));
    }

    static void Check(Participant* me, OrderedMap* map, History<Operation, Result> history, int size)
    {
        Assert.True(MapCheck.IsValid(me, map), "the map is not valid");
        // What is there in the end is the result of one more reading of each key.
        foreach (int key in Enumerable.Range(0, size).Concat(
            history.Calls.Select(call => call.Operation.Key).Where(key => key >= size)).Distinct().ToArray())
        {
            Play(me, map, history, 0, $"get {key}");
        }
        // A clearing is an operation on every key, whose order among others is each key's own here.
        foreach (IGrouping<int, Call<Operation, Result>> each in history.Calls.GroupBy(call => call.Operation.Key))
        {
            if (each.Key < 0) continue;
            IEnumerable<Call<Operation, Result>> calls = each.Concat(history.Calls.Where(call => call.Operation.Key < 0));
            Linearizability.Check(calls, new KeyState(each.Key < size ? each.Key : null), Step);
        }
        Epoch.Enter(me);
        Reference.Drop(me, &map->Object.Head);
        Epoch.Exit(me);
    }

    static bool Step(ref KeyState state, Operation operation, Result result)
    {
        if (operation.Key < 0)
        {
            if (operation.Value == 1) state = default;
            return true;
        }
        long? before = state.Value;
        switch (operation.Kind)
        {
            case Kind.Get:
                return before == null ? result.Status == Status.Missing : result == new Result(Status.Done, before.Value);
            case Kind.Set:
                state = new KeyState(operation.Value);
                return result.Status == Status.Done;
            case Kind.TryAdd:
                state = new KeyState(before ?? operation.Value);
                return result.Status == (before == null ? Status.Done : Status.Exists);
            case Kind.Remove:
                state = default;
                return before == null ? result.Status == Status.Missing : result == new Result(Status.Done, before.Value);
            case Kind.Exchange:
                if (before == operation.Expected) state = new KeyState(operation.Value);
                return result.Status == (before == operation.Expected ? Status.Done : Status.Missing);
            default:
                state = new KeyState((before ?? 0) + operation.Value);
                return result == new Result(Status.Done, state.Value!.Value);
        }
    }

    static Probe Key(int key) => Probe.Of(Value.OfInt(key));

    static void Play(Participant* me, OrderedMap* map, History<Operation, Result> history, int thread, string script)
    {
        foreach (string step in script.Split(", "))
        {
            string[] words = step.Split(' ');
            long start = History.Now();
            if (words.Length == 1)
            {
                Status done = words[0] == "clear" ? OrderedMap.Clear(me, map) : Compaction.Run(me, map);
                Assert.Equal(Status.Done, done);
                history.Add(thread, new Operation(Kind.Set, -1, words[0] == "clear" ? 1 : 0), default, start);
                continue;
            }
            Operation operation = Parse(words);
            Status status = Do(me, map, operation, out Value value);
            history.Add(thread, operation, new Result(status, value.IsInt ? value.Int : 0), start);
        }
    }

    static Operation Parse(string[] words)
    {
        int key = int.Parse(words[1]);
        long last = words.Length > 2 ? long.Parse(words[^1]) : 0;
        return words[0] switch
        {
            "get" => new Operation(Kind.Get, key),
            "set" => new Operation(Kind.Set, key, last),
            "tryadd" => new Operation(Kind.TryAdd, key, last),
            "remove" => new Operation(Kind.Remove, key),
            "exchange" => new Operation(Kind.Exchange, key, last, long.Parse(words[2])),
            _ => new Operation(Kind.Add, key, last),
        };
    }

    static Status Do(Participant* me, OrderedMap* map, Operation operation, out Value value)
    {
        value = default;
        Probe key = Key(operation.Key);
        return operation.Kind switch
        {
            Kind.Get => OrderedMap.Get(me, map, key, out value),
            Kind.Set => OrderedMap.Set(me, map, key, Value.OfInt(operation.Value)),
            Kind.TryAdd => OrderedMap.TryAdd(me, map, key, Value.OfInt(operation.Value)),
            Kind.Remove => OrderedMap.Remove(me, map, key, out value),
            Kind.Exchange =>
                OrderedMap.CompareExchange(
                me, map, key, Probe.Of(Value.OfInt(operation.Expected)), Value.OfInt(operation.Value), out _),
            _ => OrderedMap.Add(me, map, key, Value.OfInt(operation.Value), out value),
        };
    }
}

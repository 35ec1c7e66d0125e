using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Ordered maps and real threads; and what becomes of memory.</summary>
public sealed unsafe class OrderedMapConcurrencyTests : IDisposable
{
    const int Threads = 4;
    const int Rounds = 20_000;

    readonly Pool _pool = Pool.Create("map");
    readonly PoolHeap* _heap;
    readonly Participant* _me;

    public OrderedMapConcurrencyTests()
    {
        HeapDebug.Start(1 << 20);
        _heap = _pool.LiveHeap();
        HeapDebug.Stop();
        _me = Epoch.Join();
    }

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        Epoch.Leave(_me);
        _pool.Delete();
    }

    static Probe Key(int key) => Probe.Of(Value.OfInt(key));

    void Drop(OrderedMap* map)
    {
        Epoch.Enter(_me);
        Reference.Drop(_me, &map->Object.Head);
        Epoch.Exit(_me);
    }

    delegate void Work(Participant* me, int thread);

    static void Together(int threads, Work work)
    {
        Exception? failure = null;
        using Barrier start = new(threads);
        Thread[] all = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            Participant* me = Epoch.Join();
            start.SignalAndWait();
            try
            {
                work(me, number);
            }
            catch (Exception e)
            {
                failure ??= e;
            }
            while (Epoch.IsInside(me)) Epoch.Exit(me);
            Epoch.Leave(me);
        }) { IsBackground = true })];
        Array.ForEach(all, thread => thread.Start());
        Array.ForEach(all, thread => Assert.True(thread.Join(TimeSpan.FromMinutes(1)), "a thread never came back"));
        if (failure != null) throw new InvalidOperationException(failure.Message, failure);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(300)]
    public void NoAdditionIsLost(int keys)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        Together(Threads, (me, thread) =>
        {
            for (int i = 0; i < Rounds; i++)
                Assert.Equal(Status.Done, OrderedMap.Add(me, map, Key((i + thread) % keys), Value.OfInt(1), out _));
        });
        Assert.True(MapCheck.IsValid(_me, map));
        long sum = 0;
        for (int i = 0; i < keys; i++)
        {
            Assert.Equal(Status.Done, OrderedMap.Get(_me, map, Key(i), out Value value));
            sum += value.Int;
        }
        Assert.Equal(Threads * Rounds, sum);
        Drop(map);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void HistoriesAreLinearizablePerKey(int keys)
    {
        for (int round = 0; round < (Sizes.AreSmall ? 30 : 10); round++)
            HistoryIsLinearizable(keys, round, Sizes.AreSmall ? 150 : 300);
    }

    void HistoryIsLinearizable(int keys, int seed, int rounds)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        History<(int Kind, int Key, long Value), (Status Status, long Value)> history = new(Threads);
        Together(Threads, (me, thread) =>
        {
            Random random = new(seed * Threads + thread);
            for (int i = 0; i < rounds; i++)
            {
                int kind = random.Next(4), key = random.Next(keys);
                long start = History.Now();
                Value value = default;
                Probe probe = Key(key);
                Status status = kind switch
                {
                    0 => OrderedMap.Get(me, map, probe, out value),
                    1 => OrderedMap.Set(me, map, probe, Value.OfInt(thread * 1000 + i)),
                    2 => OrderedMap.Remove(me, map, probe, out value),
                    _ => OrderedMap.GetOrAdd(me, map, probe, Value.OfInt(thread * 1000 + i), out value),
                };
                history.Add(thread, (kind, key, thread * 1000 + i), (status, value.IsInt ? value.Int : 0), start);
                // Compaction changes nothing for anyone.
                if (i % 50 == 49) Assert.Equal(Status.Done, Compaction.Run(me, map));
            }
        });
        Assert.True(MapCheck.IsValid(_me, map));
        Linearizability.CheckEach(history.Calls, operation => operation.Key, default(KeyState), Step);
        Drop(map);
    }

    static bool Step(
        ref KeyState state, (int Kind, int Key, long Value) operation, (Status Status, long Value) result)
    {
        long? before = state.Value;
        switch (operation.Kind)
        {
            case 0:
                return before == null ? result.Status == Status.Missing : result == (Status.Done, before.Value);
            case 1:
                state = new(operation.Value);
                return result.Status == Status.Done;
            case 2:
                state = default;
                return before == null ? result.Status == Status.Missing : result == (Status.Done, before.Value);
            default:
                state = new(before ?? operation.Value);
                return result == (before == null ? Status.Done : Status.Exists, state.Value!.Value);
        }
    }

    [Fact]
    public void EachKeyThatIsPresentThroughoutIsVisitedOnceAndInOrder()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        // Those divisible by 3 stay, the others come and go.
        for (int i = 0; i < 300; i++) OrderedMap.Set(_me, map, Key(i), Value.OfInt(i));
        int stop = 0;
        Together(3, (me, thread) =>
        {
            if (thread > 0)
            {
                Random random = new(thread);
                while (Volatile.Read(ref stop) == 0)
                {
                    int key = random.Next(100) * 3 + thread;
                    if (random.Next(2) == 0) OrderedMap.Set(me, map, Key(key), Value.OfInt(key));
                    else OrderedMap.Remove(me, map, Key(key), out _);
                }
                return;
            }
            for (int round = 0; round < 200; round++)
            {
                List<long> seen = [];
                Assert.Equal(Status.Done, MapSnapshots.Begin(me, map, out _, out MapCopy* copy));
                for (uint part = 0; part < copy->Parts; part++)
                {
                    Epoch.Enter(me);
                    Value* items = MapSnapshots.ReadPart(copy, part, out uint count);
                    for (uint i = 0; i < count; i++) seen.Add(items[2 * i].Int);
                    Epoch.Exit(me);
                }
                MapSnapshots.End(me, map, copy);
                Assert.Equal(Enumerable.Range(0, 100).Select(i => 3L * i), seen.Where(key => key % 3 == 0));
                Assert.Equal(seen.Count, seen.Distinct().Count());
            }
            Volatile.Write(ref stop, 1);
        });
        Drop(map);
    }

    [Fact]
    public void EverySnapshotHasTheSameSumWhileAmountsMove()
    {
        const int Accounts = 50;
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < Accounts; i++) OrderedMap.Set(_me, map, Key(i), Value.OfInt(0));
        int stop = 0;
        Together(3, (me, thread) =>
        {
            if (thread > 0)
            {
                // One unit at most is under way in each thread: taken from one account, and not yet given to the next.
                for (int i = thread; Volatile.Read(ref stop) == 0; i++)
                {
                    OrderedMap.Add(me, map, Key(i % Accounts), Value.OfInt(-1), out _);
                    OrderedMap.Add(me, map, Key(i * 7 % Accounts), Value.OfInt(1), out _);
                }
                return;
            }
            for (int round = 0; round < 100; round++)
            {
                Assert.Equal(Status.Done, MapSnapshots.Take(me, map, out MapSnapshot* snapshot));
                long sum = 0;
                for (ulong i = 0; i < snapshot->Count; i++) sum += MapSnapshot.Value(snapshot, i).Int;
                Assert.InRange(sum, -2, 0);
                MapSnapshot.Free(me, snapshot);
                Assert.InRange(SumInParts(me, map, round % 5), -2, 0);
            }
            Volatile.Write(ref stop, 1);
        });
        Drop(map);
    }

    // Some snapshots are not read to their end; then the sum is not known.
    static long SumInParts(Participant* me, OrderedMap* map, int skipped)
    {
        Assert.Equal(Status.Done, MapSnapshots.Begin(me, map, out _, out MapCopy* copy));
        long sum = 0;
        uint parts = copy->Parts - Math.Min(copy->Parts, (uint)skipped);
        for (uint i = 0; i < parts; i++)
        {
            Epoch.Enter(me);
            Value* items = MapSnapshots.ReadPart(copy, i, out uint count);
            for (uint j = 0; j < count; j++) sum += items[2 * j + 1].Int;
            Epoch.Exit(me);
            if (i % 4 == 0) Thread.Yield();
        }
        if (skipped == 0) Assert.True(copy->Count == 50);
        MapSnapshots.End(me, map, copy);
        return skipped == 0 ? sum : 0;
    }

    [Fact]
    public void DeletionEndsAllOperationsAndIsDoneOnce()
    {
        for (int round = 0; round < 100; round++)
        {
            OrderedMap* map = OrderedMap.Create(_me, _heap);
            int deletions = 0;
            Together(3, (me, thread) =>
            {
                for (int i = 0; i < 200; i++)
                {
                    if (thread == 0 && i == 100 || thread == 1 && i == 110)
                    {
                        if (OrderedMap.Delete(me, map) == Status.Done) Interlocked.Increment(ref deletions);
                    }
                    Epoch.Enter(me);
                    Status status = OrderedMap.Set(me, map, Text(me, i % 37, out Value key), key);
                    Reference.Drop(me, key);
                    Epoch.Exit(me);
                    Assert.True(status == Status.Done || status == Status.Deleted);
                    if (thread == 0 && i >= 100) Assert.Equal(Status.Deleted, status);
                }
            });
            Assert.Equal(1, deletions);
            Assert.True(MapCheck.IsValid(_me, map));
            Drop(map);
        }
        AssertNothingIsLeft();
    }

    Probe Text(Participant* me, int number, out Value text)
    {
        byte* bytes = stackalloc byte[2] { (byte)number, 1 };
        text = Blob.Create(me, _heap, ValueKind.Text, bytes, 2, Hashing.OfBytes(new ReadOnlySpan<byte>(bytes, 2)));
        return Probe.Of(text);
    }

    void AssertNothingIsLeft() => Assert.Equal(0, Heap.LiveBlocks(_heap));

    [Fact]
    public void WithoutMemoryAnOperationChangesNothing()
    {
        for (int size = 0; size < 14; size++)
        {
            for (int n = 1; n < 12; n++)
            {
                OrderedMap* map = OrderedMap.Create(_me, _heap);
                for (int i = 0; i < size; i++) Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.OfInt(i)));
                HeapDebug.FailAt(n);
                Epoch.Enter(_me);
                Status status = OrderedMap.Set(_me, map, Key(100), Value.OfInt(1));
                Epoch.Exit(_me);
                bool failed = HeapDebug.HasFailed;
                HeapDebug.FailAt(0);
                Assert.Equal(failed ? Status.NoMemory : Status.Done, status);
                Assert.True(MapCheck.IsValid(_me, map));
                OrderedMap.Count(_me, map, out ulong count);
                Assert.Equal((ulong)size + (failed ? 0u : 1u), count);
                Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(100), Value.OfInt(1)));
                HeapDebug.FailAt(n);
                Assert.Equal(Status.Done, OrderedMap.Remove(_me, map, Key(100), out _));
                HeapDebug.FailAt(n);
                Status compacted = Compaction.Run(_me, map);
                failed = HeapDebug.HasFailed;
                HeapDebug.FailAt(0);
                Assert.Equal(failed ? Status.NoMemory : Status.Done, compacted);
                Assert.True(MapCheck.IsValid(_me, map));
                Drop(map);
            }
        }
        AssertNothingIsLeft();
    }
}

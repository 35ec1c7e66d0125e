using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>The map as a whole and real threads: ends, counts and snapshots among changes of single keys.</summary>
public sealed unsafe class OrderedMapWholeThreadTests : IDisposable
{
    readonly PoolHeap* _heap = CheckedHeap.Create("whole");
    readonly Participant* _me = Epoch.Join();

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        Epoch.Leave(_me);
    }

    static Probe Key(long key) => Probe.Of(Value.OfInt(key));

    void Drop(OrderedMap* map)
    {
        Epoch.Enter(_me);
        Reference.Drop(_me, &map->Object.Head);
        Epoch.Exit(_me);
        Assert.Equal(0, Heap.LiveBlocks(_heap));
    }

    // With the product's sizes: a small map whose tags fill two words, one that becomes large, large ones.
    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(14)]
    [InlineData(20)]
    [InlineData(70)]
    public void HistoriesOfTheWholeAreLinearizable(int size)
    {
        for (int round = 0; round < 60; round++) HistoryIsLinearizable(size, round);
    }

    void HistoryIsLinearizable(int size, int seed)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < size; i++) OrderedMap.Set(_me, map, Key(i), Value.None);
        History<(int Kind, long Key), string> history = new(3);
        Threads.Body Of(int thread) => me =>
        {
            Random random = new(seed * 3 + thread);
            for (int i = 0; i < 10; i++)
            {
                (int Kind, long Key) operation =
                    (random.Next(7), random.Next(2) == 0 ? random.Next(size) : 100 + thread * 100 + i);
                long start = History.Now();
                string result = Do(me, map, operation);
                history.Add(thread, operation, result, start);
            }
        };
        Threads.Run(Of(0), Of(1), Of(2));
        Assert.True(MapCheck.IsValid(_me, map));
        Linearizability.Check(
            history.Calls, string.Join(' ', Enumerable.Range(0, size)),
            (ref string state, (int Kind, long Key) operation, string result) => Step(ref state, operation) == result);
        Drop(map);
    }

    static string Do(Participant* me, OrderedMap* map, (int Kind, long Key) operation)
    {
        Value key;
        switch (operation.Kind)
        {
            case 0:
                return $"{OrderedMap.TryAdd(me, map, Key(operation.Key), Value.None)}";
            case 1:
                return $"{OrderedMap.Remove(me, map, Key(operation.Key), out _)}";
            case 2:
                return OrderedMap.TakeFirst(me, map, default, out key, out _) == Status.Done ? $"{key.Int}" : "none";
            case 3:
                return OrderedMap.TakeLast(me, map, default, out key, out _) == Status.Done ? $"{key.Int}" : "none";
            case 4:
                OrderedMap.Count(me, map, out ulong count);
                return $"{count}";
            case 5:
                return $"{OrderedMap.Contains(me, map, Key(operation.Key))}";
            default:
                MapSnapshots.Take(me, map, out MapSnapshot* snapshot);
                List<long> keys = [];
                for (ulong i = 0; i < snapshot->Count; i++) keys.Add(MapSnapshot.Key(snapshot, i).Int);
                MapSnapshot.Free(me, snapshot);
                return string.Join(' ', keys);
        }
    }

    static string Step(ref string state, (int Kind, long Key) operation)
    {
        List<string> keys = [.. state.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        string key = $"{operation.Key}";
        bool isThere = keys.Contains(key);
        string result;
        switch (operation.Kind)
        {
            case 0:
                if (!isThere) keys.Add(key);
                result = $"{(isThere ? Status.Exists : Status.Done)}";
                break;
            case 1:
                keys.Remove(key);
                result = $"{(isThere ? Status.Done : Status.Missing)}";
                break;
            case 2 or 3:
                if (keys.Count == 0) return "none";
                int at = operation.Kind == 2 ? 0 : keys.Count - 1;
                result = keys[at];
                keys.RemoveAt(at);
                break;
            case 4:
                return $"{keys.Count}";
            case 5:
                return $"{(isThere ? Status.Done : Status.Missing)}";
            default:
                return state;
        }
        state = string.Join(' ', keys);
        return result;
    }

    [Fact]
    public void WhatIsTakenFromTheFrontComesInTheOrderInWhichEachThreadInsertedIt()
    {
        const int Each = 20_000;
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        int taken = 0;
        Threads.Body Producer(int number) => me =>
        {
            for (int i = 0; i < Each; i++)
                Assert.Equal(Status.Done, OrderedMap.TryAdd(me, map, Key((long)number * Each + i), Value.None));
        };
        void Consume(Participant* me)
        {
            long[] last = [-1, -1];
            while (Volatile.Read(ref taken) < 2 * Each)
            {
                if (OrderedMap.TakeFirst(me, map, default, out Value key, out _) != Status.Done) continue;
                Interlocked.Increment(ref taken);
                Assert.True(key.Int % Each > last[key.Int / Each]);
                last[key.Int / Each] = key.Int % Each;
            }
        }
        Threads.Run(Producer(0), Producer(1), Consume, Consume);
        Assert.True(MapCheck.IsValid(_me, map));
        OrderedMap.Count(_me, map, out ulong count);
        Assert.Equal(0u, count);
        Drop(map);
    }

    [Fact]
    public void SnapshotsOfManyPartsAreOfOneInstantWhileTextsAreReplacedAndRemoved()
    {
        const int Keys = 6000;
        const int Rounds = 40;
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < Keys; i++) Put(_me, map, i, 0);
        bool done = false;
        Threads.Run(
            me =>
            {
                // Round after round, each key in turn: a snapshot has some keys of one round, and all that follow of the one
                // before.
                for (int i = 0, round = 1; !Volatile.Read(ref done); i = (i + 1) % Keys)
                {
                    Put(me, map, i, round);
                    if (i == Keys - 1) round++;
                    // Comes and goes at the end.
                    Put(me, map, Keys, round);
                    OrderedMap.Remove(me, map, Key(Keys), out _);
                }
            },
            me =>
            {
                for (int i = 0; i < Rounds; i++) Check(me, map, Keys);
                Volatile.Write(ref done, true);
            },
            me =>
            {
                while (!Volatile.Read(ref done)) Check(me, map, Keys);
            });
        Assert.True(MapCheck.IsValid(_me, map));
        Drop(map);
    }

    void Put(Participant* me, OrderedMap* map, int key, int round)
    {
        Epoch.Enter(me);
        Value text = Blob.Create(me, _heap, ValueKind.Text, (byte*)&round, sizeof(int), (ulong)round);
        Assert.Equal(Status.Done, OrderedMap.Set(me, map, Key(key), text));
        Reference.Drop(me, text);
        Epoch.Exit(me);
    }

    static void Check(Participant* me, OrderedMap* map, int keys)
    {
        Assert.Equal(Status.Done, MapSnapshots.Take(me, map, out MapSnapshot* snapshot));
        Epoch.Enter(me);
        Assert.InRange(snapshot->Count, (ulong)keys, (ulong)keys + 1);
        int newest = 0, oldest = 0;
        for (int i = 0; i < keys; i++)
        {
            Assert.Equal(i, MapSnapshot.Key(snapshot, (ulong)i).Int);
            int round = *(int*)Blob.Data((Blob*)MapSnapshot.Value(snapshot, (ulong)i).Pointer);
            if (i == 0) newest = oldest = round;
            Assert.True(round == oldest
                || round == newest - 1 && oldest == newest, $"key {i} is of round {round}, the ones before of {oldest}");
            oldest = round;
        }
        Epoch.Exit(me);
        MapSnapshot.Free(me, snapshot);
    }

#if SMALL
    [Fact]
    public void WithoutMemoryThereIsNoSnapshotAndNothingElseIsDifferent()
    {
        for (int size = 0; size < 12; size++)
        {
            bool failed = true;
            for (int n = 1; failed; n++)
            {
                OrderedMap* map = OrderedMap.Create(_me, _heap);
                for (int i = 0; i < size; i++) Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.OfInt(i)));
                HeapDebug.FailAt(n);
                Status status = MapSnapshots.Take(_me, map, out MapSnapshot* snapshot);
                failed = HeapDebug.HasFailed;
                HeapDebug.FailAt(0);
                // That of a small map finds its memory elsewhere, but not that of the block which takes the place of the map's.
                bool isMissing = failed && (size > 2 || n > 1);
                Assert.Equal(isMissing ? Status.NoMemory : Status.Done, status);
                Assert.Equal(isMissing, snapshot == null);
                Assert.True(MapCheck.IsValid(_me, map));
                if (snapshot != null) Assert.Equal((ulong)size, snapshot->Count);
                if (snapshot != null) MapSnapshot.Free(_me, snapshot);
                Drop(map);
            }
        }
    }
#endif

    [Fact]
    public void ASnapshotLeavesASmallMapAsLargeAsItWas()
    {
        for (int size = 1; size <= SmallTable.Most; size++)
        {
            OrderedMap* map = OrderedMap.Create(_me, _heap);
            for (int i = 0; i < size; i++)
                Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.OfInt(i)));
            int capacity = ((SmallTable*)map->Root)->Capacity;
            Assert.Equal(Status.Done, MapSnapshots.Take(_me, map, out MapSnapshot* snapshot));
            MapSnapshot.Free(_me, snapshot);
            Assert.Equal(capacity, ((SmallTable*)map->Root)->Capacity);
            Drop(map);
        }
    }

    [Fact]
    public void ASnapshotInMemoryOfTheProcessNeedsNoneOfThePool()
    {
        for (int size = 0; size < 40; size++)
        {
            OrderedMap* map = OrderedMap.Create(_me, _heap);
            for (int i = 0; i < size; i++) Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.OfInt(i)));
            for (int i = 0; i < size; i += 3) Assert.Equal(Status.Done, OrderedMap.Remove(_me, map, Key(i), out _));
            for (int way = 0; way < 4; way++)
            {
                int onlyKeys = way & 1;
                // A small map's first asks the pool for room for the snapshot, then for the map.
                HeapDebug.FailAt(1 + (way >> 1));
                Status status = onlyKeys != 0
                    ? PrivateSnapshots.OfKeys(_me, map, ulong.MaxValue, out MapSnapshot* snapshot)
                    : PrivateSnapshots.OfAll(_me, map, ulong.MaxValue, out snapshot);
                HeapDebug.FailAt(0);
                Assert.Equal(Status.Done, status);
                Assert.Equal(Enumerable.Range(0, size).Where(i => i % 3 != 0).Select(i => (long)i), KeysOf((nint)snapshot));
                MapSnapshot.Free(_me, snapshot);
            }
            Drop(map);
        }
    }

    [Fact]
    public void ASnapshotOfTooManyEntriesIsNotTaken()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < 20; i++) Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.OfInt(i)));
        Assert.Equal(Status.Done, PrivateSnapshots.OfKeys(_me, map, 19, out MapSnapshot* keys));
        Assert.Equal(Status.Done, PrivateSnapshots.OfAll(_me, map, 19, out MapSnapshot* all));
        Assert.True(keys == null && all == null);
        OrderedMap.Delete(_me, map);
        Assert.Equal(Status.Deleted, PrivateSnapshots.OfKeys(_me, map, 20, out _));
        Assert.Equal(Status.Deleted, PrivateSnapshots.OfAll(_me, map, 20, out _));
        Drop(map);
    }

    static List<long> KeysOf(nint snapshot)
    {
        List<long> keys = [];
        for (ulong i = 0; i < ((MapSnapshot*)snapshot)->Count; i++) keys.Add(MapSnapshot.Key((MapSnapshot*)snapshot, i).Int);
        return keys;
    }
}

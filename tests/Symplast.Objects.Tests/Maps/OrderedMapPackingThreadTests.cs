using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using MapOps = Symplast.Objects.OrderedMap;

namespace Symplast.Objects.Tests;

/// <summary>
/// Maps from which nearly everything is removed: their memory, with and without failing allocations, and real threads meanwhile.
/// </summary>
public sealed unsafe class OrderedMapPackingThreadTests : IDisposable
{
    readonly PoolHeap* _heap = CheckedHeap.Create("packing");
    readonly Participant* _me = Epoch.Join();

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        Epoch.Leave(_me);
    }

    static Probe Key(int key) => Probe.Of(Value.OfInt(key));

    OrderedMap* Create(int count)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < count; i++) Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.OfInt(0)));
        return map;
    }

    void Drop(OrderedMap* map)
    {
        Epoch.Enter(_me);
        Reference.Drop(_me, &map->Object.Head);
        Epoch.Exit(_me);
        Assert.Equal(0, Heap.LiveBlocks(_heap));
    }

    static int PackedSegments(OrderedMap* map)
    {
        SegmentList* segments = LargeTable.OfRoot(map->Root)->Segments;
        return Enumerable.Range(0, (int)segments->Capacity).Count(
            i => (SegmentList.Items(segments)[i] & SegmentList.PackedBit) != 0
            && SegmentList.Items(segments)[i] != SegmentList.Gone);
    }

    static uint SlotsOf(OrderedMap* map)
    {
        ShardDirectory* directory = LargeTable.OfRoot(map->Root)->Directory;
        return (uint)Enumerable.Range(0, 1 << directory->Depth).Select(i => ShardDirectory.Items(directory)[i]).Distinct().Sum(
            shard => (long)ShardDirectory.Mask(shard) + 1);
    }

#if !SMALL
    [Fact]
    public void TheMemoryOfWhatIsRemovedComesBackWithoutANewRoot()
    {
        const int Keys = 60_000;
        OrderedMap* map = Create(Keys);
        nint root = map->Root;
        uint held = LargeTable.OfRoot(root)->Held, slots = SlotsOf(map);
        int[] order = [.. Enumerable.Range(0, Keys)];
        new Random(1).Shuffle(order);
        foreach (int key in order[..^600]) Assert.Equal(Status.Done, MapOps.Remove(_me, map, Key(key), out _));
        Assert.Equal(root, map->Root);
        Assert.InRange(PackedSegments(map), 10, 25);
        Assert.InRange(LargeTable.OfRoot(root)->Held, 600u, held / 6);
        Assert.InRange(SlotsOf(map), 601u, slots / 8);
        Assert.True(MapCheck.IsValid(_me, map));
        // All else is as with any map.
        foreach (int key in order[^600..]) Assert.Equal(Status.Done, MapOps.Add(_me, map, Key(key), Value.OfInt(7), out _));
        Assert.Equal(order[^600..].Order().Select(key => (long)key), KeysOf(_me, map));
        foreach (int key in order[^600..]) Assert.Equal(Status.Done, MapOps.Remove(_me, map, Key(key), out _));
        Assert.True(MapCheck.IsValid(_me, map));
        Drop(map);
    }
#endif

#if !SMALL
    [Fact]
    public void WithFewLeftAMapIsRebuilt()
    {
        const int Keys = 40_000;
        OrderedMap* map = Create(Keys);
        nint root = map->Root;
        foreach (int key in Enumerable.Range(0, Keys).Where(key => key % 5000 != 0))
            Assert.Equal(Status.Done, MapOps.Remove(_me, map, Key(key), out _));
        Assert.NotEqual(root, map->Root);
        Assert.True(MapCheck.IsValid(_me, map));
        Assert.Equal(Enumerable.Range(0, Keys / 5000).Select(i => 5000L * i), KeysOf(_me, map));
        Drop(map);
    }
#endif

    // Whatever fails, nothing is refused and nothing is lost; and the next removal makes up for it.
#if SMALL
    [Fact]
    public void WithoutMemoryASegmentIsPackedLater()
    {
        for (int n = 1; ; n++)
        {
            OrderedMap* map = Create(12);
            HeapDebug.FailAt(n);
            foreach (int key in (int[])[4, 5, 8, 9])
                Assert.Equal(Status.Done, OrderedMap.Remove(_me, map, Key(key), out _));
            Assert.True(OrderedMap.Set(_me, map, Key(20), Value.OfInt(20)) is Status.NoMemory or Status.Done);
            bool failed = HeapDebug.HasFailed;
            HeapDebug.FailAt(0);
            Assert.True(MapCheck.IsValid(_me, map));
            for (int i = 0; i < 12; i++)
                Assert.Equal(i is 4 or 5 or 8 or 9 ? Status.Missing : Status.Done, OrderedMap.Contains(_me, map, Key(i)));
            foreach (int key in (int[])[6, 10]) Assert.Equal(Status.Done, OrderedMap.Remove(_me, map, Key(key), out _));
            Assert.Equal(2, PackedSegments(map));
            Assert.True(MapCheck.IsValid(_me, map));
            Drop(map);
            if (!failed) break;
        }
    }
#endif

    [Fact]
    public void WithoutMemoryShardsShrinkLater()
    {
        const int Keys = 3000;
        for (int n = 1; ; n++)
        {
            OrderedMap* map = Create(Keys);
            uint slots = SlotsOf(map);
            HeapDebug.FailAt(n);
            for (int i = 0; i < Keys - 50; i++) Assert.Equal(Status.Done, MapOps.Remove(_me, map, Key(i), out _));
            bool failed = HeapDebug.HasFailed;
            HeapDebug.FailAt(0);
            Assert.InRange(SlotsOf(map), 51u, slots / 4);
            Assert.True(MapCheck.IsValid(_me, map));
            Assert.Equal(Enumerable.Range(Keys - 50, 50).Select(key => (long)key), KeysOf(_me, map));
            Drop(map);
            if (!failed) break;
        }
    }

    static List<long> KeysOf(Participant* me, OrderedMap* map)
    {
        List<long> keys = [];
        Assert.Equal(Status.Done, MapSnapshots.Take(me, map, out MapSnapshot* snapshot));
        for (ulong i = 0; i < snapshot->Count; i++) keys.Add(MapSnapshot.Key(snapshot, i).Int);
        MapSnapshot.Free(me, snapshot);
        return keys;
    }

    [Fact]
    public void NoAdditionIsLostAndNoKeyMissedWhileAllOthersAreRemoved()
    {
        for (int round = 0; round < 3; round++)
            RemoveAllOthers(Sizes.AreSmall ? 1000 : 12_000, Sizes.AreSmall ? 5 : 50, round);
    }

    // Keys that divide by the step stay, and are added to, read, walked and copied.
    void RemoveAllOthers(int count, int step, int seed)
    {
        OrderedMap* map = Create(count);
        int left = 2;
        long[] added = new long[2];
        Threads.Body Remover(int number) => me =>
        {
            int[] keys = [.. Enumerable.Range(0, count).Where(key => key % step != 0 && key % 2 == number)];
            new Random(seed * 2 + number).Shuffle(keys);
            foreach (int key in keys) Assert.Equal(Status.Done, OrderedMap.Remove(me, map, Key(key), out _));
            Interlocked.Decrement(ref left);
        };
        Threads.Body Adder(int number) => me =>
        {
            for (int i = number * step; Volatile.Read(ref left) > 0
                || added[number] == 0; i = (i + 7 * step) % count, added[number]++)
            {
                Assert.Equal(Status.Done, OrderedMap.Add(me, map, Key(i), Value.OfInt(1), out _));
                if (i % 3 == 0) Assert.Equal(Status.Done, OrderedMap.Set(me, map, Key(count + number), Value.OfInt(i)));
            }
        };
        Threads.Run(Remover(0), Remover(1), Adder(0), Adder(1), me =>
        {
            while (Volatile.Read(ref left) > 0)
            {
                List<long> seen = KeysOf(me, map);
                Assert.Equal(
                    Enumerable.Range(0, (count + step - 1) / step).Select(i => (long)i * step),
                    seen.Where(key => key < count && key % step == 0));
                Assert.Equal(seen.Order().Distinct().Count(key => key < count), seen.Count(key => key < count));
            }
        });
        Assert.True(MapCheck.IsValid(_me, map));
        long sum = 0;
        for (int i = 0; i < count; i += step)
        {
            Assert.Equal(Status.Done, OrderedMap.Get(_me, map, Key(i), out Value value));
            sum += value.Int;
        }
        Assert.Equal(added.Sum(), sum);
        Drop(map);
    }

    [Fact]
    public void HistoriesAreLinearizablePerKeyWhileSegmentsArePacked()
    {
        for (int round = 0; round < 20; round++) HistoryIsLinearizable(round);
    }

    void HistoryIsLinearizable(int seed)
    {
        const int Keys = 60;
        OrderedMap* map = Create(Keys);
        History<(int Kind, int Key, long Value), (Status Status, long Value)> history = new(3);
        Threads.Body Of(int thread) => me =>
        {
            Random random = new(seed * 3 + thread);
            for (int i = 0; i < 200; i++)
            {
                // Removals prevail, so that few are left; what is inserted comes at the end.
                int kind = random.Next(6), key = random.Next(Keys);
                long start = History.Now(), desired = thread * 1000 + i;
                Value value = default;
                Status status = kind switch
                {
                    0 => OrderedMap.Set(me, map, Key(key), Value.OfInt(desired)),
                    1 => OrderedMap.Get(me, map, Key(key), out value),
                    2 => OrderedMap.CompareExchange(me, map, Key(key), Key(0), Value.OfInt(desired), out _),
                    _ => OrderedMap.Remove(me, map, Key(key), out value),
                };
                history.Add(thread, (kind, key, desired), (status, value.IsInt ? value.Int : -1), start);
            }
        };
        Threads.Run(Of(0), Of(1), Of(2));
        Assert.True(MapCheck.IsValid(_me, map));
        Linearizability.CheckEach(history.Calls, operation => operation.Key, new KeyState(0), Step);
        Drop(map);
    }

    static bool Step(
        ref KeyState state, (int Kind, int Key, long Value) operation, (Status Status, long Value) result)
    {
        long? before = state.Value;
        switch (operation.Kind)
        {
            case 0:
                state = new(operation.Value);
                return result.Status == Status.Done;
            case 1:
                return before == null ? result.Status == Status.Missing : result == (Status.Done, before.Value);
            case 2:
                if (before == 0) state = new(operation.Value);
                return result.Status == (before == 0 ? Status.Done : Status.Missing);
            default:
                state = default;
                return before == null ? result.Status == Status.Missing : result == (Status.Done, before.Value);
        }
    }

    // Whoever found the map inside a section goes on with it, though the last reference is dropped.
    [Fact]
    public void AMapThatDiesWhileItIsPackedLeavesNothingBehind()
    {
        for (int round = 0; round < 100; round++)
        {
            OrderedMap* map = Create(round % 2 == 0 ? 300 : 1100);
            using Barrier inside = new(2);
            Threads.Run(
                me =>
                {
                    Epoch.Enter(me);
                    inside.SignalAndWait();
                    for (int i = 0; i < 300; i++)
                        Assert.True(MapOps.Remove(me, map, Key(i * 7 % 300), out _) is Status.Done or Status.Missing
                        or Status.Deleted);
                    Epoch.Exit(me);
                },
                me =>
                {
                    inside.SignalAndWait();
                    Epoch.Enter(me);
                    for (int i = 0; i < round; i++) MapOps.Remove(me, map, Key(i), out _);
                    if (round % 3 == 0) MapOps.Delete(me, map);
                    Reference.Drop(me, &map->Object.Head);
                    Epoch.Exit(me);
                });
            Assert.Equal(0, Heap.LiveBlocks(_heap));
        }
    }
}

using System.Text;
using CsCheck;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>
/// Random sequences of everything that can be done to an ordered map, against a plain list, with every result compared.
/// </summary>
public sealed unsafe class OrderedMapModelTests : IDisposable
{
    /// <summary>One thing done to the map.</summary>
    public abstract record Step
    {
        public sealed record Get(int Key) : Step;

        public sealed record Set(int Key, int Value) : Step;

        public sealed record TryAdd(int Key, int Value) : Step;

        public sealed record Remove(int Key) : Step;

        public sealed record Take(int Key) : Step;


        public sealed record Exchange(int Key, int Expected, int Value) : Step;

        public sealed record Add(int Key, int Delta) : Step;


        public sealed record TakeEnd(bool Last) : Step;

        public sealed record Snapshot : Step;

        public sealed record Compact : Step;

        public sealed record Clear : Step;
    }

    static readonly Gen<int> Number = Gen.Int[0, 3];

    readonly Pool _pool = Pool.Create("map");
    readonly PoolHeap* _heap;
    readonly Participant* _me;

    public OrderedMapModelTests()
    {
        // Freed blocks are filled with a pattern, and a second free is found.
        HeapDebug.Start(1 << 20);
        _heap = _pool.LiveHeap();
        HeapDebug.Stop();
        _me = Epoch.Join();
    }

    public void Dispose()
    {
        Epoch.Leave(_me);
        _pool.Delete();
    }

    static Gen<Step> AnyStep(int keys)
    {
        Gen<int> key = Gen.Int[0, keys - 1];
        return Gen.Frequency(
            (4, key.Select(k => (Step)new Step.Get(k))),
            (12, Gen.Select(key, Number, (k, v) => (Step)new Step.Set(k, v))),
            (5, Gen.Select(key, Number, (k, v) => (Step)new Step.TryAdd(k, v))),
            (8, key.Select(k => (Step)new Step.Remove(k))),
            (3, key.Select(k => (Step)new Step.Take(k))),
            (3, Gen.Select(key, Number, Number, (k, e, v) => (Step)new Step.Exchange(k, e, v))),
            (3, Gen.Select(key, Number, (k, v) => (Step)new Step.Add(k, v))),
            (4, Gen.Bool.Select(last => (Step)new Step.TakeEnd(last))),
            (3, Gen.Const((Step)new Step.Snapshot())),
            (1, Gen.Const((Step)new Step.Compact())),
            (1, Gen.Const((Step)new Step.Clear())));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(12, false)]
    [InlineData(60, false)]
    [InlineData(12, true)]
    public void BehavesLikeADictionaryThatKeepsTheOrderOfInsertion(int keys, bool collide) =>
        AnyStep(keys).Array[0, 150].Sample(steps => Run(steps, collide), iter: 1000, threads: 1);

    [Fact]
    public void BehavesSoInLongHistories() =>
        AnyStep(100).Array[100, 400].Sample(steps => Run(steps, false), iter: 200, threads: 1);

    [Fact]
    public void BehavesSoWhenNearlyAllIsRemoved()
    {
        if (Sizes.AreSmall) NearlyAllIsRemoved(80, 20, 100);
        else NearlyAllIsRemoved(600, 60, 10);
    }

    // In any order, and then some more, which comes behind.
    void NearlyAllIsRemoved(int keys, int more, int iterations) =>
        Gen.Select(Gen.Int[1, int.MaxValue - 1], AnyStep(keys).Array[more, 2 * more]).Sample((seed, steps) =>
        {
            int[] order = [.. Enumerable.Range(0, keys)];
            new Random(seed).Shuffle(order);
            Step[] fill = [.. Enumerable.Range(0, keys).Select(key => new Step.Set(key, key % 4))];
            Step[] empty = [.. order[..^(keys / 20)].Select(key => new Step.Remove(key))];
            Run([.. fill, .. empty, .. steps], false);
        }, iter: iterations, threads: 1);

    [Fact]
    public void AShardWhoseHashesNoBitsTellApartGrowsBeyondTheSizeAtWhichOthersAreSplit()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        byte* text = stackalloc byte[sizeof(int)];
        // The index sees these bits only within a shard. The last keys go beyond the slots that 16 bits can say.
        Probe Key(int number)
        {
            *(int*)text = number;
            return Probe.Bytes(text, sizeof(int), (ulong)Math.Min(number + 5_600, ushort.MaxValue) << 32);
        }
        const int Keys = 60_000;
        for (int i = 0; i < Keys; i++)
            Assert.Equal(Status.Done, OrderedMap.TryAdd(_me, map, Key(i), Value.OfInt(i)));
        Assert.True(MapCheck.IsValid(_me, map));
        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal(Status.Done, OrderedMap.Get(_me, map, Key(i), out Value value));
            Assert.Equal(Value.OfInt(i), value);
        }
        Assert.Equal(Status.Missing, OrderedMap.Get(_me, map, Key(Keys), out _));
        for (int i = 0; i < Keys; i++) Assert.Equal(Status.Done, OrderedMap.Remove(_me, map, Key(i), out _));
        Assert.True(MapCheck.IsValid(_me, map));
        Epoch.Enter(_me);
        Reference.Drop(_me, &map->Object.Head);
        Epoch.Exit(_me);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(500)]
    public void KeysOfAKindFindWhatProbesFind(int keys)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        Epoch.Enter(_me);
        for (int i = 0; i < keys; i++)
        {
            byte[] text = Encoding.ASCII.GetBytes(new string('k', i % 40) + i);
            fixed (byte* data = text)
            {
                TextKey key = new(data, (nuint)text.Length, Hashing.OfBytes(text));
                IntKey number = new(i);
                Assert.Equal(Status.Missing, OrderedMap.Get(_me, map, key, out _));
                Assert.Equal(Status.Done, OrderedMap.Give(_me, map, key, Value.OfInt(i)));
                Assert.Equal(
                    Status.Done, OrderedMap.Set(_me, map, Probe.Of(Value.Of((double)i)), Value.OfInt(-i)));
                Assert.Equal(Status.Done, OrderedMap.Get(_me, map, key, out Value found));
                Assert.Equal(Value.OfInt(i), found);
                Assert.Equal(Status.Done, OrderedMap.Get(_me, map, key.AsProbe, out found));
                Assert.Equal(Value.OfInt(i), found);
                Assert.Equal(Status.Done, OrderedMap.Get(_me, map, number, out found));
                Assert.Equal(Value.OfInt(-i), found);
                Assert.Equal(Status.Done, OrderedMap.Give(_me, map, number, Value.OfInt(7)));
                Assert.Equal(Status.Done, OrderedMap.Get(_me, map, number.AsProbe, out found));
                Assert.Equal(Value.OfInt(7), found);
                data[text.Length - 1] ^= 1;
                Assert.Equal(Status.Missing, OrderedMap.Get(_me, map, key, out _));
            }
        }
        Assert.True(MapCheck.IsValid(_me, map));
        Reference.Drop(_me, &map->Object.Head);
        Epoch.Exit(_me);
    }

    void Run(Step[] steps, bool collide)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        List<(int Key, long Value)> model = [];
        foreach (Step step in steps)
        {
            if (step is Step.Snapshot)
            {
                Assert.Equal(model, Snapshot(map));
            }
            else if (step is Step.Compact)
            {
                Assert.Equal(Status.Done, Compaction.Run(_me, map));
            }
            else
            {
                Epoch.Enter(_me);
                Check(map, model, step, collide);
                Epoch.Exit(_me);
            }
            Assert.True(MapCheck.IsValid(_me, map), $"invalid after {step}");
            Assert.Equal(Status.Done, OrderedMap.Count(_me, map, out ulong count));
            Assert.Equal((ulong)model.Count, count);
        }
        Assert.Equal(model, Snapshot(map));
        Epoch.Enter(_me);
        Reference.Drop(_me, &map->Object.Head);
        Assert.Equal(Status.Deleted, OrderedMap.Delete(_me, map));
        Epoch.Exit(_me);
    }

    void Check(OrderedMap* map, List<(int Key, long Value)> model, Step step, bool collide)

    {
        Value result;
        int at;
        switch (step)
        {
            case Step.Get(int k):
                at = model.FindIndex(e => e.Key == k);
                Assert.Equal(
                    at < 0 ? Status.Missing
                    : Status.Done,
                    With(k, collide, (in Probe p, out Value r) => OrderedMap.Get(_me, map, p, out r), out result));
                if (at >= 0) Assert.Equal(Value.OfInt(model[at].Value), result);
                break;
            case Step.Set(int k, int v):
                Assert.Equal(
                    Status.Done, With(
                    k, collide, (in Probe p, out Value r) =>
                    { r = default; return OrderedMap.Set(_me, map, p, Value.OfInt(v)); }, out _));
                Put(model, k, v);
                break;
            case Step.TryAdd(int k, int v):
                at = model.FindIndex(e => e.Key == k);
                Assert.Equal(
                    at < 0 ? Status.Done
                    : Status.Exists,
                    With(k, collide, (in Probe p, out Value r) =>
                    OrderedMap.GetOrAdd(_me, map, p, Value.OfInt(v), out r), out result));
                if (at < 0) Put(model, k, v);
                Assert.Equal(Value.OfInt(model.Find(e => e.Key == k).Value), result);
                break;
            case Step.Remove or Step.Take:
                int key = step is Step.Remove remove ? remove.Key : ((Step.Take)step).Key;
                at = model.FindIndex(e => e.Key == key);
                Assert.Equal(at < 0 ? Status.Missing : Status.Done, With(key, collide, (in Probe p, out Value r) =>
                    step is Step.Remove
                        ? OrderedMap.Remove(_me, map, p, out r) : OrderedMap.Take(_me, map, p, out r), out result));
                if (at < 0) break;
                Assert.Equal(Value.OfInt(model[at].Value), result);
                model.RemoveAt(at);
                break;
            case Step.Exchange(int k, int expected, int v):
                at = model.FindIndex(e => e.Key == k && e.Value == expected);
                Assert.Equal(at < 0 ? Status.Missing : Status.Done,
                    With(k, collide, (in Probe p, out Value r) =>
                        OrderedMap.CompareExchange(
                        _me, map, p, Probe.Of(Value.Of((double)expected)), Value.OfInt(v), out r), out _));
                if (at >= 0) model[at] = (k, v);
                break;
            case Step.Add(int k, int delta):
                at = model.FindIndex(e => e.Key == k);
                Assert.Equal(
                    Status.Done, With(
                    k, collide, (in Probe p, out Value r) => OrderedMap.Add(_me, map, p, Value.OfInt(delta), out r), out result));
                long sum = (at < 0 ? 0 : model[at].Value) + delta;
                Assert.Equal(Value.OfInt(sum), result);
                Put(model, k, sum);
                break;
            case Step.TakeEnd(bool last):
                Assert.Equal(model.Count == 0 ? Status.Missing : Status.Done,
                    last ? OrderedMap.TakeLast(_me, map, default, out Value end, out result)
                        : OrderedMap.TakeFirst(_me, map, default, out end, out result));
                if (model.Count == 0) break;
                at = last ? model.Count - 1 : 0;
                Assert.Equal(model[at], (int.Parse(Blob.ToText(end)[4..]), result.Int));
                Reference.Drop(_me, end);
                model.RemoveAt(at);
                break;
            default:
                Assert.Equal(Status.Done, OrderedMap.Clear(_me, map));
                model.Clear();
                break;
        }
    }

    List<(int Key, long Value)> Snapshot(OrderedMap* map)
    {
        List<(int, long)> entries = [];
        Assert.Equal(Status.Done, MapSnapshots.Take(_me, map, out MapSnapshot* snapshot));
        for (ulong i = 0; i < snapshot->Count; i++)
        {
            entries.Add((int.Parse(Blob.ToText(MapSnapshot.Key(snapshot, i))[4..]), MapSnapshot.Value(snapshot, i).Int));
        }
        MapSnapshot.Free(_me, snapshot);
        return entries;
    }

    delegate Status Operation(in Probe probe, out Value result);

    static Status With(int key, bool collide, Operation operation, out Value result)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"key {key}");
        // Those that collide do so in all bits, or in all but the lowest ones, or in the half that the index uses.
        ulong hash = !collide ? Hashing.OfBytes(bytes) : (key % 3) switch { 0 => 0, 1 => 0xFFFF_FFFF_0000_0000, _ => (ulong)key };
        fixed (byte* data = bytes) return operation(Probe.Text(data, (nuint)bytes.Length, hash), out result);
    }

    static void Put(List<(int Key, long Value)> model, int key, long value)
    {
        int at = model.FindIndex(e => e.Key == key);
        if (at < 0) model.Add((key, value));
        else model[at] = (key, value);
    }
}

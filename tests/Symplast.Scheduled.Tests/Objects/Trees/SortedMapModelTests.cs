using CsCheck;
using Symplast.Memory;
using Xunit;

using Map = Symplast.Objects.SortedMap;

namespace Symplast.Objects.Tests;
/// <summary>One thread, against a plain sorted dictionary.</summary>
public unsafe class SortedMapModelTests
{
    enum Kind
    {
        Set,
        Insert,
        Remove,
        Exchange,
        Add,
        PopMin,
        PopMax,
        Clear,
        Neighbours,
        Range,
        Snapshot,
    }

    readonly record struct Step(Kind Kind, int Key, int Value, int Other);

    static readonly Gen<Step> Steps = Gen.Select(
        Gen.Frequency(
            (12, Gen.Const(Kind.Set)), (12, Gen.Const(Kind.Insert)), (10, Gen.Const(Kind.Remove)),
            (2, Gen.Const(Kind.Exchange)),
            (2, Gen.Const(Kind.Add)), (4, Gen.Const(Kind.PopMin)), (4, Gen.Const(Kind.PopMax)), (1, Gen.Const(Kind.Clear)),
                (1, Gen.Const(Kind.Neighbours)), (1, Gen.Const(Kind.Range)), (1, Gen.Const(Kind.Snapshot))),
        Gen.Int[0, 60], Gen.Int[0, 3], Gen.Int[0, 60], (kind, key, value, other) => new Step(kind, key, value, other));

    [Fact]
    public void EveryOperationDoesWhatASortedDictionaryDoes() => Steps.Array[1, 250].Sample(steps =>
    {
        using SortedMapFixture fixture = new();
        Run(fixture, steps, number =>
            number % 3 == 2 && number % 2 == 0 ? Value.Of((double)number) : Value.OfInt(number), value =>
            value.IsInt ? value.Int : (long)value.Float);
    }, iter: 300, threads: 1);

    [Fact]
    public void TextWithACommonBeginningIsSortedToo() => Steps.Array[1, 120].Sample(steps =>
    {
        using SortedMapFixture fixture = new();
        Value[] texts = [.. Enumerable.Range(0, 64).Select(
            i => SortedMapFixture.Text(fixture.Me, fixture.PoolHeap, i < 32 ? $"beginning {i:00}" : $"{(char)('a' + i)}"))];
        Dictionary<string, long> numbers =
            texts.Select((text, i) => (text.ToString(), i)).ToDictionary(pair => pair.Item1, pair => (long)pair.i);
        // Numbers in the order of the texts.
        long[] order = [.. numbers.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value)];
        Run(fixture, steps, number => texts[order[number]], value => Array.IndexOf(order, numbers[value.ToString()]));
        foreach (Value text in texts) Assert.Equal(1, text.Head->Count);
    }, iter: 150, threads: 1);

    // Texts from the pool, and from outside.
    static Probe Ask(Func<int, Value> keyOf, int number) =>
        number % 2 == 0 ? Probe.Of(keyOf(number)) : SortedMapFixture.Ask(keyOf(number));

    static void Run(SortedMapFixture fixture, Step[] steps, Func<int, Value> keyOf, Func<Value, long> numberOf)
    {
        Participant* me = fixture.Me;
        SortedMap* map = Map.Create(me, fixture.PoolHeap);
        SortedDictionary<long, long> model = [];
        Epoch.Enter(me);
        foreach (Step step in steps)
        {
            Probe key = Ask(keyOf, step.Key);
            bool isThere = model.TryGetValue(step.Key, out long old);
            Value given;
            switch (step.Kind)
            {
                case Kind.Set:
                    Assert.Equal(Status.Done, Map.Set(me, map, key, Value.OfInt(step.Value)));
                    model[step.Key] = step.Value;
                    break;
                case Kind.Insert:
                    Assert.Equal(
                        isThere ? Status.Exists : Status.Done, Map.GetOrAdd(me, map, key, Value.OfInt(step.Value), out given));
                    Assert.Equal(isThere ? old : step.Value, given.Int);
                    model.TryAdd(step.Key, step.Value);
                    break;
                case Kind.Remove:
                    Assert.Equal(isThere ? Status.Done : Status.Missing, Map.Remove(me, map, key, out given));
                    Assert.True(isThere ? given.Int == old : given.IsEmpty);
                    model.Remove(step.Key);
                    break;
                case Kind.Exchange:
                    bool changes = isThere && old == step.Value;
                    Assert.Equal(
                        changes ? Status.Done
                        : Status.Missing,
                        Map.CompareExchange(me, map, key, Probe.Of(Value.OfInt(step.Value)), Value.OfInt(step.Other), out given));
                    Assert.True(isThere ? given.Int == old : given.IsEmpty);
                    if (changes) model[step.Key] = step.Other;
                    break;
                case Kind.Add:
                    Assert.Equal(Status.Done, Map.Add(me, map, key, Value.OfInt(step.Value), out given));
                    Assert.Equal(old + step.Value, given.Int);
                    model[step.Key] = old + step.Value;
                    break;
                case Kind.PopMin or Kind.PopMax:
                    Status status = step.Kind == Kind.PopMin
                        ? Map.PopMin(me, map, default, out Value popped, out given)
                        : Map.PopMax(me, map, default, out popped, out given);
                    Assert.Equal(model.Count > 0 ? Status.Done : Status.Missing, status);
                    if (status != Status.Done) break;
                    long edge = step.Kind == Kind.PopMin ? model.Keys.First() : model.Keys.Last();
                    Assert.Equal((edge, model[edge]), (numberOf(popped), given.Int));
                    Reference.Drop(me, popped);
                    model.Remove(edge);
                    break;
                case Kind.Clear:
                    Assert.Equal(Status.Done, Map.Clear(me, map));
                    model.Clear();
                    break;
                case Kind.Neighbours:
                    CheckNeighbours(me, map, model, keyOf, numberOf);
                    break;
                case Kind.Range:
                    CheckRange(me, map, model, keyOf, numberOf, step);
                    break;
                case Kind.Snapshot:
                    Assert.Equal(model.Select(pair => (pair.Key, pair.Value)), All(me, map, numberOf));
                    break;
            }
            Assert.Null(Validity.Check(me, map));
            Assert.Equal(Status.Done, Map.Count(me, map, out long count));
            Assert.Equal(model.Count, count);
            Status got = Map.Get(me, map, key, out given);
            Assert.Equal(
                model.TryGetValue(step.Key, out long now)
                ? (Status.Done, now) : (Status.Missing, 0), (got, given.IsEmpty ? 0 : given.Int));
        }
        Assert.Equal(model.Select(pair => (pair.Key, pair.Value)), All(me, map, numberOf));
        CheckNeighbours(me, map, model, keyOf, numberOf);
        Reference.Drop(me, &map->Object.Head);
        Epoch.Exit(me);
    }

    static List<(long Key, long Value)> All(Participant* me, SortedMap* map, Func<Value, long> numberOf) =>
        SortedMapFixture.Entries(me, map).ConvertAll(entry => (numberOf(entry.Key), entry.Value.Int));

    static void CheckRange(
        Participant* me, SortedMap* map, SortedDictionary<long, long> model, Func<int, Value> keyOf, Func<Value, long> numberOf,
        Step step)
    {
        Probe from = Ask(keyOf, step.Key);
        Probe to = Ask(keyOf, step.Other);
        for (int kind = 0; kind < 9; kind++)
        {
            SortedBound lower = kind % 3 == 0
                ? SortedBound.None : kind % 3 == 1 ? SortedBound.Including(from) : SortedBound.Excluding(from);
            SortedBound upper = kind / 3 == 0
                ? SortedBound.None : kind / 3 == 1 ? SortedBound.Including(to) : SortedBound.Excluding(to);
            IEnumerable<long> expected = model.Where(pair =>
                (kind % 3 == 0 || pair.Key > step.Key || kind % 3 == 1 && pair.Key == step.Key)
                    && (kind / 3 == 0 || pair.Key < step.Other || kind / 3 == 1 && pair.Key == step.Other))
                .Select(pair => pair.Key);
            Assert.Equal(expected, SortedMapFixture.Keys(me, map, lower, upper).ConvertAll(key => numberOf(key)));
        }
    }

    static void CheckNeighbours(
        Participant* me, SortedMap* map, SortedDictionary<long, long> model, Func<int, Value> keyOf, Func<Value, long> numberOf)
    {
        for (int i = 0; i <= 60; i++)
        {
            Probe bound = Ask(keyOf, i);
            CheckOne(model.Where(pair => pair.Key <= i).Reverse(), Map.Floor(me, map, bound, out Value key, out Value value), key,
                value);
            CheckOne(model.Where(pair => pair.Key < i).Reverse(), Map.Lower(me, map, bound, out key, out value), key, value);
            CheckOne(model.Where(pair => pair.Key >= i), Map.Ceiling(me, map, bound, out key, out value), key, value);
            CheckOne(model.Where(pair => pair.Key > i), Map.Higher(me, map, bound, out key, out value), key, value);
        }
        CheckOne(model, Map.First(me, map, out Value edge, out Value present), edge, present);
        CheckOne(model.Reverse(), Map.Last(me, map, out edge, out present), edge, present);

        void CheckOne(IEnumerable<KeyValuePair<long, long>> candidates, Status status, Value key, Value value)
        {
            (long, long)? expected = candidates.Select(pair => ((long, long)?)(pair.Key, pair.Value)).FirstOrDefault();
            Assert.Equal(expected == null ? Status.Missing : Status.Done, status);
            if (expected != null) Assert.Equal(expected, (numberOf(key), value.Int));
        }
    }
}

using CsCheck;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Sorted maps that get many entries at once, and what is taken out of them without room in the pool.</summary>
public sealed unsafe class SortedMapFillingTests : IDisposable
{
    readonly SortedMapFixture _fixture = new();
    readonly Participant* _me;
    readonly PoolHeap* _heap;

    public SortedMapFillingTests()
    {
        _me = _fixture.Me;
        _heap = _fixture.PoolHeap;
        Epoch.Enter(_me);
    }

    public void Dispose()
    {
        Epoch.Exit(_me);
        long live = Heap.LiveBlocks(_heap);
        _fixture.Dispose();
        Assert.Equal(0, live);
    }

    static void Fill(Participant* me, PoolHeap* heap, Value[] keys)
    {
        SortedMap* map = SortedMap.Create(me, heap);
        SortedEntry[] entries = [.. keys.Select((key, i) => new SortedEntry(key, Value.OfInt(i)))];
        fixed (SortedEntry* start = entries)
            Assert.Equal(
            keys.Length == 0 ? Status.Missing : Status.Done, SortedMap.Fill(me, map, start, keys.Length));
        Assert.Null(Validity.Check(me, map));
        Assert.Equal(Status.Done, SortedMap.Count(me, map, out long count));
        Assert.Equal(keys.Length, count);
        SortedEntry[] expected = [.. entries.OrderBy(entry => entry.Key, Comparer<Value>.Create(Ordering.Compare))];
        Assert.Equal(expected, SortedMapFixture.Entries(me, map));
        for (int i = 0; i < expected.Length; i += 7)
        {
            Assert.Equal(Status.Done, SortedMap.Get(me, map, Probe.Of(expected[i].Key), out Value value));
            Assert.Equal(expected[i].Value, value);
            CheckAt(me, map, i, expected[i]);
            CheckAt(me, map, i - expected.Length, expected[i]);
        }
        Assert.Equal(Status.Missing, SortedMap.TakeAt(me, map, keys.Length, out _, out _));
        Assert.Equal(Status.Missing, SortedMap.TakeAt(me, map, -keys.Length - 1, out _, out _));
        // It goes on as any other.
        for (int i = 0; i < expected.Length; i += 2)
            Assert.Equal(Status.Done, SortedMap.Remove(me, map, Probe.Of(expected[i].Key), out _));
        Assert.Null(Validity.Check(me, map));
        Reference.Drop(me, &map->Object.Head);
    }

    static Value Int(int number) => Value.OfInt(number);

    static void CheckAt(Participant* me, SortedMap* map, long number, SortedEntry expected)

    {
        Assert.Equal(Status.Done, SortedMap.TakeAt(me, map, number, out Value key, out Value value));
        Assert.Equal(expected, new SortedEntry(key, value));
        Reference.Drop(me, key);
        Reference.Drop(me, value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(27)]
    [InlineData(700)]
    public void NumbersInAnyOrder(int count)
    {
        Random random = new(count);
        Value[] keys = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? Value.Of(i + 0.5) : Value.OfInt(i))];
        Fill(_me, _heap, keys);
        random.Shuffle(keys);
        Fill(_me, _heap, keys);
    }

    [Fact]
    public void TextsInAnyOrder() => Gen.String[Gen.Int[0, 2].Select(i => "abé"[i]), 0, 20].Array[1, 100].Sample(words =>
    {
        foreach (string beginning in (string[])["", "they begin alike: "])
        {
            Fill(
                _me, _heap, [.. words.Distinct().Select(word => SortedMapFixture.Text(_me, _heap, beginning + word))]);
        }
    }, iter: 60, threads: 1);

    [Fact]
    public void OneThatIsNotEmptyOrKeysOfSeveralClassesAreLeftToTheCaller()
    {
        Value text = SortedMapFixture.Text(_me, _heap, "text");
        SortedMap* map = SortedMap.Create(_me, _heap);
        SortedEntry* entries = stackalloc SortedEntry[2];
        foreach (Value other in (Value[])[Value.OfInt(1), Value.None, Value.Of(double.NaN)])
        {
            (entries[0], entries[1]) = (new SortedEntry(text, Value.None), new SortedEntry(other, Value.None));
            Assert.Equal(Status.WrongKind, SortedMap.Fill(_me, map, entries, 2));
            (entries[0], entries[1]) = (entries[1], entries[0]);
            Assert.Equal(Status.WrongKind, SortedMap.Fill(_me, map, entries, 2));
        }
        SortedMap.Set(_me, map, Probe.Of(text), Value.None);
        SortedEntry entry = new(text, text);
        Assert.Equal(Status.Missing, SortedMap.Fill(_me, map, &entry, 1));
        SortedMap.Delete(_me, map);
        Assert.Equal(Status.Deleted, SortedMap.Fill(_me, map, &entry, 1));
        Reference.Drop(_me, &map->Object.Head);
        Assert.Equal(1, text.Head->Count);
        Reference.Drop(_me, text);
    }

    [Fact]
    public void KeysOfARangeAreThoseBetweenItsBounds()
    {
        SortedMap* map = SortedMap.Create(_me, _heap);
        for (int i = 0; i < 60; i++)
            SortedMap.Set(_me, map, Probe.Of(Value.OfInt(2 * i)), Value.OfInt(i));
        for (int from = -2; from < 124; from += 3)
        {
            for (int to = -2; to < 124; to += 5)
            {
                SortedBound lower = from < 0
                    ? SortedBound.None
                    : from % 2 == 0
                    ? SortedBound.Including(Probe.Of(Value.OfInt(from))) : SortedBound.Excluding(Probe.Of(Value.OfInt(from - 1)));
                SortedBound upper = to < 0
                    ? SortedBound.None
                    : to % 2 == 0
                    ? SortedBound.Including(Probe.Of(Value.OfInt(to))) : SortedBound.Excluding(Probe.Of(Value.OfInt(to - 1)));
                int least = from < 0 ? 0 : from;
                int most = to < 0 ? 118 : to % 2 == 0 ? to : to - 2;
                Assert.Equal(
                    Enumerable.Range(0, 60).Select(i => 2 * i).Where(key => key >= least && key <= most).Select(Int),
                    SortedMapFixture.Keys(_me, map, lower, upper));
            }
        }
        Value text = SortedMapFixture.Text(_me, _heap, "text");
        Assert.Equal(
            Status.WrongKind,
            SortedMap.SnapshotKeys(
            _me, map, SortedBound.Including(Probe.Of(text)), SortedBound.None, out _));
        Assert.Equal(
            Status.WrongKind,
            SortedMap.SnapshotKeys(
            _me, map, SortedBound.Including(Probe.Of(text)), SortedBound.Including(Probe.Of(Value.OfInt(1))), out _));
        Reference.Drop(_me, text);
        Reference.Drop(_me, &map->Object.Head);
    }
}

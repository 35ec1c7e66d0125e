using System.Collections.Concurrent;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Real threads; what they get is checked.</summary>
public sealed unsafe class SortedMapThreadTests : IDisposable
{
    const int Turns = 20_000;

    readonly SortedMapFixture _fixture = new();
    readonly SortedMap* _map;

    public SortedMapThreadTests() => _map = SortedMap.Create(_fixture.Me, _fixture.PoolHeap);

    public void Dispose()
    {
        SortedMapFixture.Drop(_fixture.Me, _map);
        long live = Heap.LiveBlocks(_fixture.PoolHeap);
        _fixture.Dispose();
        Assert.Equal(0, live);
    }

    [Fact]
    public void EachThreadFindsWhatItStoredLastUnderItsKeys()
    {
        SortedMapFixture.Together(4, (number, its) =>
        {
            Participant* me = (Participant*)its;
            Random random = new(number);
            Dictionary<int, long> mine = [];
            for (int turn = 0; turn < Turns; turn++)
            {
                int key = random.Next(100) * 4 + number;
                bool isThere = mine.TryGetValue(key, out long value);
                switch (random.Next(4))
                {
                    case 0:
                        Assert.Equal(
                            isThere ? Status.Done
                            : Status.Missing,
                            SortedMap.Remove(me, _map, SortedMapFixture.Key(key), out Value removed));
                        Assert.True(isThere ? removed.Int == value : removed.IsEmpty);
                        mine.Remove(key);
                        break;
                    case 1:
                        mine[key] = turn;
                        Assert.Equal(
                            Status.Done, SortedMap.Set(
                            me, _map, SortedMapFixture.Key(key), Value.OfInt(turn)));
                        break;
                    case 2:
                        Assert.Equal(
                            isThere ? Status.Exists
                            : Status.Done,
                            SortedMap.GetOrAdd(me, _map, SortedMapFixture.Key(key), Value.OfInt(turn), out _));
                        mine.TryAdd(key, turn);
                        break;
                    default:
                        Assert.Equal(
                            isThere ? Status.Done
                            : Status.Missing,
                            SortedMap.Get(me, _map, SortedMapFixture.Key(key), out Value found));
                        Assert.True(isThere ? found.Int == value : found.IsEmpty);
                        break;
                }
            }
        });
        Assert.Null(Validity.Check(_fixture.Me, _map));
    }

    // Of two threads that would store tuples which have no order, in leaves that are small enough to part them, one is refused at
    // any time.
    [Fact]
    public void TuplesThatHaveNoOrderAreNeverKeysTogether()
    {
        const int pairs = 12;
        Epoch.Enter(_fixture.Me);
        Value[] numbers = [.. Enumerable.Range(0, pairs).Select(i => PairOf(Value.OfInt(i), Value.OfInt(i)))];
        Value[] others =
            [.. Enumerable.Range(0, pairs).Select(i => PairOf(Value.OfInt(i), PairOf(Value.OfInt(i), Value.OfInt(1))))];
        Epoch.Exit(_fixture.Me);
        int refused = 0;
        SortedMapFixture.Together(4, (number, its) =>
        {
            Participant* me = (Participant*)its;
            Random random = new(number);
            bool isNumber = number % 2 == 0;
            for (int turn = 0; turn < Turns; turn++)
            {
                int i = random.Next(pairs / 2) * 2 + number / 2;
                Probe own = Probe.Of((isNumber ? numbers : others)[i]);
                Status status = SortedMap.GetOrAdd(me, _map, own, Value.True, out _);
                if (status == Status.WrongKind)
                {
                    Interlocked.Increment(ref refused);
                    continue;
                }
                Assert.Equal(Status.Done, status);
                Assert.Equal(
                    Status.Missing,
                    SortedMap.Get(me, _map, Probe.Of((isNumber ? others : numbers)[i]), out _));
                Assert.Equal(Status.Done, SortedMap.Remove(me, _map, own, out _));
            }
        });
        Assert.True(refused > 0);
        Assert.Null(Validity.Check(_fixture.Me, _map));
        Epoch.Enter(_fixture.Me);
        foreach (Value tuple in numbers.Concat(others)) Reference.Drop(_fixture.Me, tuple);
        Epoch.Exit(_fixture.Me);
    }

    Value PairOf(Value first, Value second)
    {
        Value* items = stackalloc Value[2] { first, second };
        return TupleBlob.Create(_fixture.Me, _fixture.PoolHeap, items, 2);
    }

    [Fact]
    public void EachEntryIsPoppedOnceAndInOrder()
    {
        const int count = 20_000;
        int[] keys = [.. Enumerable.Range(0, count)];
        new Random(1).Shuffle(keys);
        foreach (int key in keys)
            SortedMap.Set(_fixture.Me, _map, SortedMapFixture.Key(key), Value.OfInt(-key));
        ConcurrentBag<long> all = [];
        SortedMapFixture.Together(4, (number, its) =>
        {
            Participant* me = (Participant*)its;
            bool least = number % 2 == 0;
            long last = least ? -1 : count;
            while ((least
                ? SortedMap.PopMin(me, _map, default, out Value key, out Value value)
                : SortedMap.PopMax(me, _map, default, out key, out value)) == Status.Done)
            {
                Assert.Equal(-key.Int, value.Int);
                Assert.True(least ? key.Int > last : key.Int < last);
                last = key.Int;
                all.Add(last);
            }
        });
        Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), all.Order());
        Assert.Null(Validity.Check(_fixture.Me, _map));
        Assert.Equal((Status.Done, 0), (SortedMap.Count(_fixture.Me, _map, out long left), left));
    }

    [Fact]
    public void RangesGiveEachKeyThatStaysOnceAndInOrder()
    {
        Participant* mine = _fixture.Me;
        for (int key = 0; key < 3000; key += 10) Put(mine, key);
        bool stop = false;
        SortedMapFixture.Together(3, (number, its) =>
        {
            Participant* me = (Participant*)its;
            Random random = new(number);
            if (number == 0)
            {
                for (int turn = 0; turn < 300; turn++) Scan(me, turn % 20, 300 - turn % 7);
                Volatile.Write(ref stop, true);
                return;
            }
            while (!Volatile.Read(ref stop))
            {
                int key = random.Next(3000);
                if (key % 10 == 0) continue;
                if (random.Next(2) == 0) Put(me, key);
                else SortedMap.Remove(me, _map, SortedMapFixture.Key(key), out _);
            }
        });
        Assert.Null(Validity.Check(mine, _map));

        void Put(Participant* me, int key) =>
            Assert.Equal(
            Status.Done, SortedMap.Set(me, _map, SortedMapFixture.Key(key), Value.OfInt(key)));
    }

    // A range that begins and ends with keys that stay, at one moment.
    void Scan(Participant* me, int from, int to)
    {
        Epoch.Enter(me);
        SortedBound lower = SortedBound.Including(SortedMapFixture.Key(10 * from));
        SortedBound upper = SortedBound.Excluding(SortedMapFixture.Key(10 * to));
        List<long> keys = SortedMapFixture.Keys(me, _map, lower, upper).ConvertAll(key => key.Int);
        Epoch.Exit(me);
        Assert.All(keys.Skip(1).Zip(keys), pair => Assert.True(pair.Second < pair.First));
        Assert.Equal(Enumerable.Range(from, to - from).Select(i => 10L * i), keys.Where(key => key % 10 == 0));
        Assert.All(keys, key => Assert.InRange(key, 10 * from, 10 * to - 1));
    }

    [Fact]
    public void SumsAddUp()
    {
        SortedMapFixture.Together(4, (number, its) =>
        {
            Participant* me = (Participant*)its;
            for (int turn = 0; turn < Turns; turn++)
                Assert.Equal(
                Status.Done, SortedMap.Add(
                me, _map, SortedMapFixture.Key(turn % 7), Value.OfInt(number + 1), out _));
        });
        long total = 0;
        while (SortedMap.PopMin(_fixture.Me, _map, default, out _, out Value sum) == Status.Done)
            total += sum.Int;
        Assert.Equal(Turns * (1 + 2 + 3 + 4), total);
    }

    [Fact]
    public void ASnapshotIsTheMapAtOneMoment()
    {
        // Each writer counts in two entries, far apart, first in one and then in the other; entries in between come and go.
        bool stop = false;
        SortedMapFixture.Together(3, (number, its) =>
        {
            Participant* me = (Participant*)its;
            if (number < 2)
            {
                for (int turn = 1; !Volatile.Read(ref stop); turn++)
                {
                    SortedMap.Set(me, _map, SortedMapFixture.Key(number), Value.OfInt(turn));
                    SortedMap.Set(
                        me, _map, SortedMapFixture.Key(100 + turn % 100 * 2 + number), Value.OfInt(0));
                    SortedMap.Remove(
                        me, _map, SortedMapFixture.Key(100 + turn * 7 % 100 * 2 + number), out _);
                    SortedMap.Set(me, _map, SortedMapFixture.Key(1000 + number), Value.OfInt(turn));
                }
                return;
            }
            for (int turn = 0; turn < 500; turn++)
            {
                Dictionary<long, long> entries =
                    SortedMapFixture.Entries(me, _map).ToDictionary(entry => entry.Key.Int, entry => entry.Value.Int);
                for (int writer = 0; writer < 2; writer++)
                    Assert.InRange(entries.GetValueOrDefault(writer) - entries.GetValueOrDefault(1000 + writer), 0, 1);
            }
            Volatile.Write(ref stop, true);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ClearingAndDeletingInTheMidstOfEverythingReleasesEachReferenceOnce(bool deletes)
    {
        for (int round = 0; round < 20; round++)
        {
            SortedMap* map = SortedMap.Create(_fixture.Me, _fixture.PoolHeap);
            int deleted = 0;
            SortedMapFixture.Together(4, (number, its) =>
            {
                Participant* me = (Participant*)its;
                Random random = new(number);
                for (int turn = 0; turn < 600; turn++)
                {
                    if (number == 0 && turn % 100 == 99)
                    {
                        if (!deletes) Assert.Equal(Status.Done, SortedMap.Clear(me, map));
                        else if (turn > 300 && SortedMap.Delete(me, map) == Status.Done)
                            Interlocked.Increment(ref deleted);
                    }
                    Value key = SortedMapFixture.Text(me, _fixture.PoolHeap, "with a common beginning " + random.Next(200));
                    Status status;
                    Epoch.Enter(me);
                    switch (random.Next(8))
                    {
                        case 0:
                            status = SortedMap.PopMin(
                                me, map, default, out Value popped, out Value poppedValue);
                            if (status == Status.Done) Assert.StartsWith("'with", popped.ToString(), StringComparison.Ordinal);
                            Reference.Drop(me, popped);
                            Reference.Drop(me, poppedValue);
                            break;
                        case 1:
                            status = SortedMap.Remove(me, map, Probe.Of(key), out Value removed);
                            if (status == Status.Done) Assert.StartsWith("'with", removed.ToString(), StringComparison.Ordinal);
                            break;
                        case 2:
                            status = SortedMap.Floor(
                                me, map, Probe.Of(key), out Value floor, out Value value);
                            if (status == Status.Done)
                                Assert.True(Ordering.Compare(floor, key) <= 0 && value.Kind == ValueKind.Text);
                            break;
                        case 3:
                            status = SortedMap.SnapshotKeys(
                                me, map, SortedBound.Including(Probe.Of(key)), SortedBound.None, out MapSnapshot* range);
                            if (status == Status.Done) MapSnapshot.Free(me, range);
                            break;
                        case 4 when turn % 10 == 0:
                            status = SortedMap.SnapshotEntries(me, map, out MapSnapshot* entries);
                            if (status == Status.Done) MapSnapshot.Free(me, entries);
                            break;
                        default:
                            status = SortedMap.Set(me, map, Probe.Of(key), key);
                            break;
                    }
                    Reference.Drop(me, key);
                    Epoch.Exit(me);
                    if (status == Status.Deleted) Assert.True(deletes);
                    else Assert.True(status is Status.Done or Status.Missing);
                }
            });
            Assert.Equal(deletes ? 1 : 0, deleted);
            if (deletes) Assert.Equal(Status.Deleted, SortedMap.Delete(_fixture.Me, map));
            else Assert.Null(Validity.Check(_fixture.Me, map));
            SortedMapFixture.Drop(_fixture.Me, map);
        }
    }
}

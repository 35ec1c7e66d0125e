using System.Numerics;
using System.Text;
using CsCheck;
using Symplast.Memory;
using Xunit;

using Map = Symplast.Objects.SortedMap;

namespace Symplast.Objects.Tests;

public sealed unsafe class SortedMapTests : IDisposable
{
    readonly SortedMapFixture _fixture = new();
    readonly Participant* _me;
    readonly PoolHeap* _heap;
    readonly SortedMap* _map;

    public SortedMapTests()
    {
        _me = _fixture.Me;
        _heap = _fixture.PoolHeap;
        _map = Map.Create(_me, _heap);
        Epoch.Enter(_me);
    }

    public void Dispose()
    {
        Reference.Drop(_me, &_map->Object.Head);
        Epoch.Exit(_me);
        long live = Heap.LiveBlocks(_heap);
        _fixture.Dispose();
        Assert.Equal(0, live);
    }

    Value Text(string text, ValueKind kind = ValueKind.Text) => SortedMapFixture.Text(_me, _heap, text, kind);

    Value Big(BigInteger number)
    {
        byte[] bytes = number.ToByteArray();
        fixed (byte* data = bytes)
            return Blob.Create(_me, _heap, ValueKind.BigInt, data, (nuint)bytes.Length, Hashing.OfBigInt(bytes));
    }

    Value Tuple(params Value[] items)
    {
        fixed (Value* start = items) return TupleBlob.Create(_me, _heap, start, (nuint)items.Length);
    }

    void Put(Value key, int value = 0)
    {
        Assert.Equal(Status.Done, Map.Set(_me, _map, Probe.Of(key), Value.OfInt(value)));
        Reference.Drop(_me, key);
    }

    List<string> Keys() => SortedMapFixture.Entries(_me, _map).ConvertAll(entry => entry.Key.ToString());

    [Fact]
    public void NumbersOfAllKindsAreSortedByTheirExactValues()
    {
        BigInteger huge = BigInteger.Pow(2, 2000);
        BigInteger[] integers = [0, 1, -1, 1L << 49, (1L << 49) - 1, -(1L << 49), -(1L << 49) - 1, (1L << 53) + 1, 1L << 53,
            (1L << 53) - 1, long.MaxValue, long.MinValue, huge, -huge, huge + 1, BigInteger.Pow(2, 64) - 1,
            BigInteger.Pow(2, 1023), -BigInteger.Pow(2, 64), -BigInteger.Pow(2, 64) + 1];
        double[] doubles = [0.5, -0.5, double.MaxValue, double.MinValue, double.PositiveInfinity, double.NegativeInfinity,
            double.Epsilon, (1L << 53) + 2.0, 1.8446744073709552e19 * 2, 9223372036854775808.0 * 3, 0.1];
        foreach (BigInteger integer in integers)
            Put(integer >= -(1L << 49) && integer < 1L << 49 ? Value.OfInt((long)integer) : Big(integer));
        foreach (double real in doubles) Put(Value.Of(real));
        Assert.Null(Validity.Check(_me, _map));
        Assert.Equal(integers.Length + doubles.Length, Keys().Count);
        foreach (BigInteger integer in integers)
        {
            double near = (double)integer;
            Value key = integer >= -(1L << 49) && integer < 1L << 49 ? Value.OfInt((long)integer) : Big(integer);
            Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Of(key), out _));
            // The double that equals it, if there is one, finds it too.
            bool equal = !double.IsInfinity(near) && new BigInteger(near) == integer;
            if (equal) Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Of(Value.Of(near)), out _));
            Reference.Drop(_me, key);
        }
        Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Of(Value.True), out _));
        Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Of(Value.Of(-0.0)), out _));
    }

    [Fact]
    public void EqualNumbersAreOneKeyWhateverTheirKinds()
    {
        Value big = Big(BigInteger.One << 70), other = Big((BigInteger.One << 70) + 1);
        (Value, Value)[] pairs =
        [
            (Value.OfInt(1), Value.True), (Value.OfInt(0), Value.Of(-0.0)), (Value.Of(7.0), Value.OfInt(7)),
                (Value.Of(-3e9), Value.OfInt(-3_000_000_000)),
            (Value.Of(Math.ScaleB(1, 49)), Big(BigInteger.One << 49)), (big, Value.Of(Math.ScaleB(1, 70))),
        ];
        for (int i = 0; i < pairs.Length; i++)
            Assert.Equal(Status.Done, Map.Set(_me, _map, Probe.Of(pairs[i].Item1), Value.OfInt(i)));
        for (int i = 0; i < pairs.Length; i++)
        {
            Assert.Equal(SortedKey.TagOf(pairs[i].Item1), SortedKey.TagOf(pairs[i].Item2));
            Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Of(pairs[i].Item2), out Value found));
            Assert.Equal(i, found.Int);
            Assert.Equal(Status.Done, Map.Set(_me, _map, Probe.Of(pairs[i].Item2), Value.OfInt(-i)));
        }
        Assert.Equal(Status.Missing, Map.Get(_me, _map, Probe.Of(other), out _));
        Map.Count(_me, _map, out long count);
        Assert.Equal(pairs.Length, count);
        Reference.Drop(_me, other);
        Reference.Drop(_me, big);
        Reference.Drop(_me, pairs[4].Item2);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(60)]
    public void KeysWithOneTagAreToldApart(int count)
    {
        // All with one hash.
        Status With(int number, bool sets)
        {
            byte[] bytes = Encoding.UTF8.GetBytes($"{number:000}");
            fixed (byte* data = bytes)
            {
                Probe key = Probe.Text(data, (nuint)bytes.Length, 5);
                if (sets) return Map.Set(_me, _map, key, Value.OfInt(number));
                Status status = Map.Get(_me, _map, key, out Value found);
                if (status == Status.Done) Assert.Equal(number, found.Int);
                return status;
            }
        }

        for (int i = 0; i < count; i++) Assert.Equal(Status.Done, With(2 * i, true));
        for (int i = 0; i < 2 * count; i++) Assert.Equal(i % 2 == 0 ? Status.Done : Status.Missing, With(i, false));
        // Places that are no entries any more have that tag too.
        for (int i = 0; i < count / 2; i++)
        {
            Map.PopMin(_me, _map, default, out Value key, out _);
            Reference.Drop(_me, key);
        }
        for (int i = 0; i < count; i++) Assert.Equal(i < count / 2 ? Status.Missing : Status.Done, With(2 * i, false));
        for (int i = 0; i < count; i++) Assert.Equal(Status.Done, With(2 * i, true));
        for (int i = 0; i < 2 * count; i++) Assert.Equal(i % 2 == 0 ? Status.Done : Status.Missing, With(i, false));
        Assert.Null(Validity.Check(_me, _map));
    }

    [Fact]
    public void ABeginningIsComparedAsFarAsItGoes() =>
        Gen.Select(Gen.Int[0, 1].Array[0, 24], Gen.Int[0, 1].Array[1, 24], Gen.Int[0, 24], Gen.Int[1, 24]).Sample(
        (first, second, shared, length) =>
    {
        byte[] stored = [.. second.Select(i => (byte)i)];
        byte[] asked = [.. stored.Take(shared), .. first.Select(i => (byte)i)];
        length = Math.Min(length, stored.Length);
        bool expected = asked.Length >= length && asked.AsSpan(0, length).SequenceEqual(stored.AsSpan(0, length));
        Value key;
        fixed (byte* data = stored) key = Blob.Create(_me, _heap, ValueKind.Bytes, data, (nuint)stored.Length, 0);
        byte none = 0;
        fixed (byte* data = asked)
            Assert.Equal(expected, SortedKey.HasBeginning(data == null ? &none : data, (nuint)asked.Length, key, (nuint)length));
        Reference.Drop(_me, key);
    }, threads: 1, iter: 2000);

    [Fact]
    public void DigestsAreOrderedAsTheKeysAre() =>
        Gen.Select(Gen.Long, Gen.Double, Gen.Int[0, 2], Gen.Long, Gen.Int[0, 200]).Array[2, 12].Sample(items =>
    {
        List<Value> keys = [.. items.Select(item => item.Item3 switch
        {
            0 => Sum.OfInteger(_me, _heap, item.Item1),
            1 => Value.Of(item.Item2),
            _ => Big(((BigInteger)item.Item4 << item.Item5) + (1L << 60)),
        }).Where(key => Ordering.ClassOf(key) != OrderingClass.None)];
        foreach (Value left in keys)
        {
            foreach (Value right in keys)
            {
                int order = Ordering.Compare(left, right);
                int digests = SortedKey.DigestOf(left, 0).CompareTo(SortedKey.DigestOf(right, 0));
                Assert.True(digests == 0 || Math.Sign(digests) == Math.Sign(order));
                Assert.True(order != 0 || digests == 0);
            }
        }
        foreach (Value key in keys) Reference.Drop(_me, key);
    }, threads: 1, iter: 500);

    [Fact]
    public void DigestsOfBytesAreOrderedByWhatFollowsTheirCommonBeginning() =>
        Gen.Select(Gen.Int[0, 2].Array[0, 20], Gen.Int[0, 12]).Array[2, 10].Sample(items =>
    {
        Value[] keys = [.. items.Select(
            item => Text("0123456789ab"[..item.Item2] + string.Concat(item.Item1.Select(i => "\0a\u007f"[i])), ValueKind.Bytes))];
        foreach (Value left in keys)
        {
            foreach (Value right in keys)
            {
                byte skip = SortedKey.CommonBeginning(left, right);
                int order = Ordering.Compare(left, right);
                int digests = SortedKey.DigestOf(left, skip).CompareTo(SortedKey.DigestOf(right, skip));
                Assert.True(digests == 0 || Math.Sign(digests) == Math.Sign(order));
                Assert.True(order != 0 || digests == 0);
            }
        }
        foreach (Value key in keys) Reference.Drop(_me, key);
    }, threads: 1, iter: 500);

    [Fact]
    public void BytesThatAreAllOnesAreFoundToo()
    {
        // Their digests would be the greatest number of all, which marks free places of inner nodes.
        for (int length = 0; length < 200; length++)
        {
            byte[] bytes = [.. Enumerable.Repeat((byte)0xFF, length)];
            fixed (byte* data = bytes)
                Assert.Equal(
                Status.Done, Map.Set(_me, _map, Probe.Bytes(data, (nuint)length, Hashing.OfBytes(bytes)), Value.OfInt(length)));
            Assert.Null(Validity.Check(_me, _map));
            fixed (byte* data = bytes)
                Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Bytes(data, (nuint)length, Hashing.OfBytes(bytes)), out _));
        }
        Assert.Equal(Status.Done, Map.Last(_me, _map, out _, out Value greatest));
        Assert.Equal(199, greatest.Int);
    }

    [Fact]
    public void TextIsSortedByCodePointAndBytesByValue()
    {
        string[] texts = ["", "\0", "a", "a\0", "aa", "abcdefgh", "abcdefgh\0", "abcdefghi", "abcdefg", "z", "é", "￿", "𐀀", "日本"];
        foreach (string text in texts) Put(Text(text));
        Assert.Null(Validity.Check(_me, _map));
        Assert.Equal(
            texts.OrderBy(text => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(text)), StringComparer.Ordinal).Select(
            text => $"'{text}'"), Keys());
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes("abcdefgh");
        fixed (byte* data = bytes)
            Assert.Equal(Status.Done, Map.Get(_me, _map, Probe.Text(data, 8, Hashing.OfBytes(bytes)), out _));
    }

    [Fact]
    public void TuplesAreSortedByTheirItems()
    {
        Value[] tuples = [Tuple(), Tuple(Value.OfInt(1)), Tuple(Value.OfInt(1), Value.OfInt(1)),
            Tuple(Value.OfInt(1), Value.Of(1.5)), Tuple(Value.OfInt(2)), Tuple(Value.OfInt(3), Text("a")),
            Tuple(Value.OfInt(3), Text("a"), Value.OfInt(0)),
            Tuple(Value.OfInt(3), Text("b")), Tuple(Value.OfInt(4), Tuple()), Tuple(Value.OfInt(4), Tuple(Value.OfInt(1)))];
        for (int i = tuples.Length - 1; i >= 0; i--) Put(tuples[i], i);
        Assert.Null(Validity.Check(_me, _map));
        Assert.Equal(
            Enumerable.Range(0, tuples.Length), SortedMapFixture.Entries(_me, _map).ConvertAll(entry => (int)entry.Value.Int));
    }

    [Fact]
    public void TuplesThatPythonCannotCompareAreNotKeysOfOneMap()
    {
        for (int i = 0; i < 100; i++) Put(Tuple(Value.OfInt(i), Value.OfInt(i)), i);
        for (int i = 0; i < 100; i++)
        {
            Value mixed = Tuple(Value.OfInt(i), Text("a"));
            Assert.Equal(Status.WrongKind, Map.GetOrAdd(_me, _map, Probe.Of(mixed), Value.None, out _));
            Assert.Equal(Status.Missing, Map.Get(_me, _map, Probe.Of(mixed), out _));
            Reference.Drop(_me, mixed);
            // What is shorter, or differs before, can be compared.
            Put(Tuple(Value.OfInt(i)), i);
            Put(Tuple(Value.Of(i + 0.5), Text("a")), i);
        }
        Assert.Null(Validity.Check(_me, _map));
    }

    [Fact]
    public void KeysAreOfTheClassOfTheFirstWhileThereAreAny()
    {
        Probe number = SortedMapFixture.Key(1);
        Value word = Text("word");
        Probe text = Probe.Of(word);
        Assert.Equal(Status.Missing, Map.Get(_me, _map, text, out _));
        Assert.Equal(Status.Done, Map.Set(_me, _map, number, Value.None));
        Assert.Equal(Status.WrongKind, Map.Set(_me, _map, text, Value.None));
        Assert.Equal(Status.WrongKind, Map.Get(_me, _map, text, out _));
        Assert.Equal(Status.WrongKind, Map.Remove(_me, _map, text, out _));
        Assert.Equal(Status.WrongKind, Map.Floor(_me, _map, text, out _, out _));
        Assert.Equal(Status.Done, Map.Remove(_me, _map, number, out _));
        Assert.Equal(Status.Missing, Map.Remove(_me, _map, text, out _));
        Assert.Equal(Status.Missing, Map.Floor(_me, _map, text, out _, out _));
        Assert.Equal(Status.Done, Map.Set(_me, _map, text, Value.None));
        Assert.Equal(Status.WrongKind, Map.GetOrAdd(_me, _map, number, Value.None, out _));
        Assert.Equal(Status.Done, Map.Clear(_me, _map));
        Assert.Equal(Status.Done, Map.GetOrAdd(_me, _map, number, Value.None, out _));
        Reference.Drop(_me, word);
    }

    [Fact]
    public void WhatHasNoPlaceInAnOrderIsNoKey()
    {
        Value tuple = Tuple(Value.Of(double.NaN));
        foreach (Value key in (Value[])[Value.None, Value.Of(double.NaN), tuple])
        {
            Assert.Equal(Status.WrongKind, Map.Set(_me, _map, Probe.Of(key), Value.None));
            Assert.Equal(Status.WrongKind, Map.Get(_me, _map, Probe.Of(key), out _));
            Assert.Equal(Status.WrongKind, Map.Ceiling(_me, _map, Probe.Of(key), out _, out _));
            Assert.Equal(
                Status.WrongKind,
                Map.SnapshotKeys(_me, _map, SortedBound.Including(Probe.Of(key)), SortedBound.None, out _));
        }
        Reference.Drop(_me, tuple);
    }

    [Fact]
    public void AddingKnowsItsLimits()
    {
        Probe key = SortedMapFixture.Key(1);
        Value large = Sum.OfInteger(_me, _heap, long.MaxValue);
        Assert.Equal(Status.Done, Map.Add(_me, _map, key, large, out Value sum));
        Assert.True(Equality.AreEqual(large, sum));
        Assert.Equal(Status.Done, Map.Add(_me, _map, key, Value.OfInt(1), out sum));
        Assert.Equal(Status.Overflow, Sum.Integer(sum, out _));
        Assert.Equal(Status.Done, Map.Add(_me, _map, key, Value.OfInt(-1), out sum));
        Assert.True(Equality.AreEqual(large, sum));
        Assert.Equal(Status.Done, Map.Set(_me, _map, key, Value.None));
        Assert.Equal(Status.WrongKind, Map.Add(_me, _map, key, Value.OfInt(1), out _));
        Assert.Equal(Status.Done, Map.Set(_me, _map, key, Value.Of(0.5)));
        Assert.Equal(Status.Done, Map.Add(_me, _map, key, Value.OfInt(1), out sum));
        Assert.Equal(1.5, sum.Float);
        Reference.Drop(_me, large);
    }

#if !SMALL
    [Fact]
    public void ATreeGrowsAndShrinksWithItsEntries()
    {
        const int count = 100_000;
        for (int i = 0; i < count; i++) Map.Set(_me, _map, SortedMapFixture.Key(i * 7919L % count), Value.OfInt(i));
        Assert.Null(Validity.Check(_me, _map));
        Assert.InRange(((SortedNode*)_map->Root)->Level, 2, 4);
        for (int i = 0; i < count; i++)
        {
            if (i % 5000 != 0) Assert.Equal(Status.Done, Map.Remove(_me, _map, SortedMapFixture.Key(i), out _));
        }
        Assert.Null(Validity.Check(_me, _map));
        Assert.Equal(1, ((SortedNode*)_map->Root)->Level);
        while (Map.PopMax(_me, _map, default, out _, out _) == Status.Done) { }
        Assert.Null(Validity.Check(_me, _map));
        Assert.Equal(0, ((SortedNode*)_map->Root)->Level);
    }
#endif

    [Fact]
    public void ADeletedMapAnswersDeletedToEverything()
    {
        SortedMap* map = Map.Create(_me, _heap);
        Probe key = SortedMapFixture.Key(1);
        Assert.Equal(Status.Done, Map.Set(_me, map, key, Value.None));
        Assert.Equal(Status.Done, Map.Delete(_me, map));
        Assert.Equal(Status.Deleted, Map.Delete(_me, map));
        Assert.Equal(Status.Deleted, Map.Get(_me, map, key, out _));
        Assert.Equal(Status.Deleted, Map.Contains(_me, map, key));
        Assert.Equal(Status.Deleted, Map.Set(_me, map, key, Value.None));
        Assert.Equal(Status.Deleted, Map.GetOrAdd(_me, map, key, Value.None, out _));
        Assert.Equal(Status.Deleted, Map.Remove(_me, map, key, out _));
        Assert.Equal(Status.Deleted, Map.Add(_me, map, key, Value.OfInt(1), out _));
        Assert.Equal(Status.Deleted, Map.Count(_me, map, out _));
        Assert.Equal(Status.Deleted, Map.First(_me, map, out _, out _));
        Assert.Equal(Status.Deleted, Map.Higher(_me, map, key, out _, out _));
        Assert.Equal(Status.Deleted, Map.PopMin(_me, map, default, out _, out _));
        Assert.Equal(Status.Deleted, Map.SnapshotKeys(_me, map, SortedBound.None, SortedBound.None, out _));
        Assert.Equal(Status.Deleted, Map.Clear(_me, map));
        Assert.Equal(Status.Deleted, Map.SnapshotEntries(_me, map, out _));
        Reference.Drop(_me, &map->Object.Head);
    }

    [Fact]
    public void MapsInMapsAreReleasedWithoutRecursion()
    {
        SortedMap* inner = Map.Create(_me, _heap);
        for (int depth = 0; depth < 100_000; depth++)
        {
            SortedMap* outer = Map.Create(_me, _heap);
            Value reference = Value.Of(&inner->Object.Head);
            Assert.Equal(Status.Done, Map.Set(_me, outer, SortedMapFixture.Key(depth), reference));
            Reference.Drop(_me, reference);
            inner = outer;
        }
        Reference.Drop(_me, &inner->Object.Head);
    }

    [Fact]
    public void AnOperationThatFindsNoMemoryChangesNothing()
    {
        SortedMap* map = SortedMap.Create(_me, _heap);
        SortedDictionary<int, int> model = [];
        Random random = new(5);
        Value[] texts = [.. Enumerable.Range(0, 40).Select(i => Text($"key {i:00}"))];
        int failures = 0;
        for (int turn = 0; turn < 3000; turn++)
        {
            int number = random.Next(40);
            HeapDebug.FailAt(1 + random.Next(4));
            Status status;
            // A probe from outside, so that the key needs memory too.
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes($"key {number:00}");
            fixed (byte* data = bytes)
            {
                Probe key = Probe.Text(data, (nuint)bytes.Length, Hashing.OfBytes(bytes));
                if (random.Next(3) != 0)
                {
                    status = SortedMap.Set(_me, map, key, texts[turn % 40]);
                    if (status == Status.Done) model[number] = turn % 40;
                }
                else
                {
                    status = SortedMap.Remove(_me, map, key, out _);
                    Assert.Equal(model.Remove(number) ? Status.Done : Status.Missing, status);
                }
            }
            if (status == Status.NoMemory) failures++;
            if (turn % 500 == 0 && SortedMap.Clear(_me, map) == Status.Done) model.Clear();
            HeapDebug.FailAt(0);
            string? fault = Validity.Check(_me, map);
            // Merging needs memory too, and is left to the next one.
            Assert.True(fault == null || fault.EndsWith("too sparse", StringComparison.Ordinal)
                || fault == "the root has one child", fault);
            foreach (Value text in texts)
            {
                Status got = SortedMap.Get(_me, map, Probe.Of(text), out Value value);
                bool isThere = model.TryGetValue(Array.IndexOf(texts, text), out int expected);
                Assert.Equal(isThere ? Status.Done : Status.Missing, got);
                if (isThere) Assert.Equal(texts[expected], value);
            }
        }
        Assert.True(failures > 100);
        Reference.Drop(_me, &map->Object.Head);
        foreach (Value text in texts) Reference.Drop(_me, text);
    }
}

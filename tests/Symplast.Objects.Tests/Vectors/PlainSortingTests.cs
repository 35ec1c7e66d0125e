using CsCheck;
using Symplast.Memory;
using Xunit;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests.Vectors;

/// <summary>Numbers and texts are sorted by themselves, as others sort them: stably.</summary>
public sealed unsafe class PlainSortingTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("sorting");

    public PlainSortingTests() => Epoch.Enter(_me);

    public void Dispose()
    {
        Epoch.Exit(_me);
        long live = Heap.LiveBlocks(_heap);
        Epoch.Leave(_me);
        Assert.Equal(0, live);
    }

    SharedVector* Vectored(Value[] values)
    {
        SharedVector* vector = Vector.Create(_me, _heap);
        fixed (Value* start = values) Assert.Equal(Status.Done, Vector.GiveSlice(_me, vector, 0, 0, start, values.Length));
        return vector;
    }

    // Outside a section, as it must be.
    Status Sort(SharedVector* vector, bool isReversed)
    {
        Epoch.Exit(_me);
        Status status = Vector.SortPlain(_me, vector, isReversed);
        Epoch.Enter(_me);
        return status;
    }

    Value[] Contents(SharedVector* vector)
    {
        Vector.Count(_me, vector, out long count);
        Value[] values = new Value[count];
        for (int i = 0; i < count; i++) Assert.Equal(Status.Done, Vector.Get(_me, vector, i, out values[i]));
        return values;
    }

    void Drop(SharedVector* vector) => Reference.Drop(_me, Value.Of((Header*)vector));

    void Check(Value[] values)
    {
        foreach (bool isReversed in (bool[])[false, true])
        {
            foreach (Value value in values) Reference.Take(value);
            SharedVector* vector = Vectored(values);
            Assert.Equal(Status.Done, Sort(vector, isReversed));
            Comparer<Value> order = Comparer<Value>.Create(Ordering.Compare);
            Assert.Equal(
                (isReversed ? values.OrderDescending(order) : values.Order(order)).Select(value => value.Bits),
                Contents(vector).Select(value => value.Bits));
            Assert.True(Vector.IsValid(vector));
            Drop(vector);
        }
        foreach (Value value in values) Reference.Drop(_me, value);
    }

    static readonly double[] Extremes =
        [-0.0, 0.0, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, -double.Epsilon, double.MaxValue];

    static readonly Gen<Value> Numbers = Gen.OneOf(
        Gen.Int[-3, 3].Select(number => Value.OfInt(number)), Gen.Long[-(1L << 49), (1L << 49) - 1].Select(Value.OfInt),
            Gen.Int[-3, 3].Select(number => Value.Of(number / 2.0)),
        Gen.Double.Where(number => !double.IsNaN(number)).Select(number => Value.Of(number)),
            Gen.Bool.Select(number => Value.Of(number)),
        Gen.Int[0, Extremes.Length - 1].Select(i => Value.Of(Extremes[i])));

    static readonly Gen<char> Letters = Gen.Int[0, 4].Select(i => "\0abé語"[i]);

    static readonly Gen<string> Words = Gen.OneOf(
        Gen.String[Letters, 0, 12], Gen.String[Letters, 0, 3].Select(end => "a common beginning " + end), Gen.Const("a"));

    [Fact]
    public void NumbersOfAllKindsInOneOrder() => Numbers.Array[0, 200].Sample(Check, iter: 300, threads: 1);

    [Fact]
    public void Texts() =>
        Words.Array[0, 200].Sample(
        words => Check([.. words.Select(word => SortedMapFixture.Text(_me, _heap, word))]), iter: 300, threads: 1);

    [Fact]
    public void TextsWithOneBeginning() =>
        Words.Array[0, 100].Sample(
            words => Check([.. words.Select(word => SortedMapFixture.Text(_me, _heap, "one beginning, " + word))]), iter: 100,
            threads: 1);

    [Fact]
    public void Bytes() =>
        Words.Array[0, 100].Sample(
        words => Check([.. words.Select(word => SortedMapFixture.Text(_me, _heap, word, ValueKind.Bytes))]), iter: 100,
        threads: 1);

    [Fact]
    public void WhatOthersMustCompareIsLeftAsItIs()
    {
        Value text = SortedMapFixture.Text(_me, _heap, "text");
        foreach (Value[] values in (
            Value[][])[[Value.OfInt(2), text], [text, Value.OfInt(1)], [Value.OfInt(2), Value.Of(double.NaN)],
            [Value.None, Value.OfInt(1)]])
        {
            foreach (Value value in values) Reference.Take(value);
            SharedVector* vector = Vectored(values);
            Assert.Equal(Status.WrongKind, Sort(vector, isReversed: false));
            Assert.Equal(values, Contents(vector));
            Drop(vector);
        }
        Assert.Equal(1, text.Head->Count);
        Reference.Drop(_me, text);
    }

    [Fact]
    public void AnEmptyOneStaysEmptyAndADeletedOneDeleted()
    {
        SharedVector* vector = Vectored([]);
        Assert.Equal(Status.Done, Sort(vector, isReversed: true));
        Vector.Delete(_me, vector);
        Assert.Equal(Status.Deleted, Sort(vector, isReversed: true));
        Value value = Value.None;
        Assert.Equal(Status.Deleted, Vector.GiveSlice(_me, vector, 0, 0, &value, 1));
        Drop(vector);
    }

    [Fact]
    public void WhatIsGivenIsNotCountedAgain()
    {
        Value text = SortedMapFixture.Text(_me, _heap, "text");
        Reference.Take(text);
        Reference.Take(text);
        SharedVector* vector = Vectored([text]);
        Assert.Equal(Status.Done, Vector.GiveSlice(_me, vector, 0, 1, &text, 1));
        Assert.Equal(2, text.Head->Count);
        Drop(vector);
        Assert.Equal(1, text.Head->Count);
        Reference.Drop(_me, text);
    }
}

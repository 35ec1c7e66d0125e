using System.Numerics;
using CsCheck;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class OrderingTests : IDisposable
{
    readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    void AgreesWithTheModel(Sample left, Sample right)
    {
        Value storedLeft = left.Store(_bench);
        Value storedRight = right.Store(_bench);
        Assert.Equal(left.Class, Ordering.ClassOf(storedLeft));
        Assert.Equal(left.Class, Probe.Of(storedLeft).Class);
        if (left.Class == OrderingClass.None || right.Class == OrderingClass.None) return;
        int expected = Math.Sign(left.Class != right.Class ? left.Class.CompareTo(right.Class) : left.Order(right));
        Assert.Equal(expected, Math.Sign(Ordering.Compare(storedLeft, storedRight)));
        Assert.Equal(-expected, Math.Sign(Ordering.Compare(storedRight, storedLeft)));
        if (left.Class == right.Class)
            Assert.Equal(expected, Math.Sign(new SortedKey(Probe.Of(storedLeft)).Compare(storedRight)));
        Assert.Equal(expected == 0, Equality.AreEqual(storedLeft, storedRight));
    }

    void ForPairs(Gen<Sample> gen, int pairs = 20_000) =>
        Gen.Select(gen, gen).Sample(AgreesWithTheModel, iter: pairs, threads: 1);

    [Fact]
    public void NumbersOfAllKindsAreInOrderOfTheirExactValues() => ForPairs(Sample.Numbers, 50_000);

    [Fact]
    public void TextIsInOrderOfCodePoints() => ForPairs(Sample.Texts);

    [Fact]
    public void BytesAreInOrder() => ForPairs(Sample.ByteStrings);

    [Fact]
    public void TuplesAreInOrderOfTheirFirstDifference() => ForPairs(Sample.Orderly);

    [Fact]
    public void WhatHasNoOrderSaysSo() => ForPairs(Sample.Any);

    [Fact]
    public void NumbersNextToEachOtherAreTold()
    {
        BigInteger big = BigInteger.One << 100;
        Value[] ascending =
        [
            Value.Of(double.NegativeInfinity), Value.Of(double.MinValue), _bench.BigInt(-big - 1), Value.Of(-Math.ScaleB(1, 100)),
                _bench.BigInt(-big + 1),
            Value.OfInt(-(1L << 49)), Value.OfInt(-1), Value.Of(-double.Epsilon), Value.False, Value.Of(double.Epsilon),
                Value.True, Value.Of(1 + Math.ScaleB(1, -52)),
            Value.OfInt((1L << 49) - 1), _bench.BigInt(1L << 49), _bench.BigInt((1L << 53) - 1), Value.Of(Math.ScaleB(1, 53)),
                _bench.BigInt((1L << 53) + 1),
            _bench.BigInt(long.MaxValue), Value.Of(Math.ScaleB(1, 63)), _bench.BigInt((BigInteger.One << 63) + 1),
                _bench.BigInt(big - 1), Value.Of(Math.ScaleB(1, 100)),
            _bench.BigInt(big + 1), Value.Of(double.MaxValue), _bench.BigInt(BigInteger.One << 2000),
                Value.Of(double.PositiveInfinity),
        ];
        for (int i = 0; i < ascending.Length; i++)
        {
            for (int j = 0; j < ascending.Length; j++)
                Assert.Equal(i.CompareTo(j), Math.Sign(Ordering.Compare(ascending[i], ascending[j])));
        }
    }

    [Fact]
    public void TextFromOutsideThePoolComparesAsIfItWereInside() =>
        Gen.Select(Sample.Texts, Sample.Orderly).Sample((outside, stored) =>
    {
        byte[] bytes = Bench.Utf8(((Characters)outside).Points);
        Value inside = outside.Store(_bench);
        Value other = stored.Store(_bench);
        fixed (byte* data = bytes)
        {
            Probe text = Probe.Text(data, (nuint)bytes.Length, Hashing.Of(inside));
            Assert.Equal(OrderingClass.Text, text.Class);
            if (stored.Class == OrderingClass.Text)
                Assert.Equal(Math.Sign(Ordering.Compare(inside, other)), Math.Sign(new SortedKey(text).Compare(other)));
            Assert.Equal(0, new SortedKey(text).Compare(inside));
            Probe octets = Probe.Bytes(data, (nuint)bytes.Length, Hashing.Of(inside));
            Assert.Equal(OrderingClass.Bytes, octets.Class);
            Value own = _bench.Bytes(bytes);
            if (stored.Class == OrderingClass.Bytes)
                Assert.Equal(Math.Sign(Ordering.Compare(own, other)), Math.Sign(new SortedKey(octets).Compare(other)));
            Assert.Equal(0, new SortedKey(octets).Compare(own));
        }
    }, iter: 20_000, threads: 1);

    [Fact]
    public void SortingByItGivesOneOrderWhateverTheBeginning() => Sample.Orderly.Array[0, 30].Sample(samples =>
    {
        Value[] values = [.. samples.Where(sample => sample.Class != OrderingClass.None).Select(sample => sample.Store(_bench))];
        Value[] reversed = [.. values.Reverse()];
        Array.Sort(values, Ordering.Compare);
        Array.Sort(reversed, Ordering.Compare);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(Equality.AreEqual(values[i], reversed[i]));
            for (int j = i + 1; j < values.Length; j++) Assert.True(Ordering.Compare(values[i], values[j]) <= 0);
        }
    }, iter: 2000, threads: 1);
}

using System.Numerics;
using CsCheck;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class EqualityTests : IDisposable
{
    readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    // CsCheck calls on several threads; a participant belongs to one.
    void ForPairs(Gen<Sample> gen, Action<Sample, Value, Sample, Value> check, int pairs = 20_000) =>
        Gen.Select(gen, gen).Sample(
            (left, right) => check(left, left.Store(_bench), right, right.Store(_bench)), iter: pairs, threads: 1);

    void AgreesWithTheModel(Sample left, Value storedLeft, Sample right, Value storedRight)
    {
        Assert.Equal(left.IsEqual(right), Equality.AreEqual(storedLeft, storedRight));
        Assert.Equal(left.IsEqual(right), Equality.AreEqual(storedRight, storedLeft));
        Assert.Equal(left.IsEqual(right), Probe.Of(storedLeft).Matches(storedRight));
        Assert.True(Equality.AreEqual(storedLeft, left.Store(_bench)));
        if (left.IsEqual(right)) Assert.Equal(Hashing.Of(storedLeft), Hashing.Of(storedRight));
    }

    [Fact]
    public void NumbersAreEqualIfPythonSaysSoAndThenHashAlike() => ForPairs(Sample.Numbers, AgreesWithTheModel, 50_000);

    [Fact]
    public void AllValuesAreEqualIfPythonSaysSoAndThenHashAlike() => ForPairs(Sample.Any, AgreesWithTheModel);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(1L << 48)]
    [InlineData(-(1L << 49))]
    public void AnIntegerEqualsItsDoubleAndItsComplexNumberAndItsBoolean(long number)
    {
        Value[] all = [Value.OfInt(number), Value.Of((double)number), _bench.Complex(number, 0), _bench.Complex(number, -0.0)];
        if (number is 0 or 1) all = [.. all, Value.Of(number == 1)];
        if (number == 0) all = [.. all, Value.Of(-0.0), _bench.Complex(-0.0, 0)];
        foreach (Value left in all)
        {
            foreach (Value right in all)
            {
                Assert.True(Equality.AreEqual(left, right));
                Assert.Equal(Hashing.Of(left), Hashing.Of(right));
            }
        }
    }

    [Fact]
    public void ABigIntegerEqualsADoubleOnlyIfItIsExactlyThat()
    {
        BigInteger power = BigInteger.One << 80;
        Assert.True(Equality.AreEqual(_bench.BigInt(power), Value.Of(Math.ScaleB(1, 80))));
        Assert.True(Equality.AreEqual(Value.Of(-Math.ScaleB(1, 80)), _bench.BigInt(-power)));
        Assert.False(Equality.AreEqual(_bench.BigInt(power + 1), Value.Of(Math.ScaleB(1, 80))));
        Assert.False(Equality.AreEqual(_bench.BigInt(power), Value.Of(double.PositiveInfinity)));
        Assert.True(Equality.AreEqual(_bench.BigInt(new BigInteger(double.MaxValue)), Value.Of(double.MaxValue)));
        Assert.True(Equality.AreEqual(_bench.BigInt(new BigInteger(double.MinValue)), Value.Of(double.MinValue)));
    }

    [Fact]
    public void ANaNEqualsItselfSoThatItCanBeFoundAgain()
    {
        Assert.True(Equality.AreEqual(Value.Of(double.NaN), Value.Of(-double.NaN)));
        Assert.True(Equality.AreEqual(_bench.Complex(double.NaN, 1), _bench.Complex(double.NaN, 1)));
        Assert.True(Equality.AreEqual(_bench.Tuple(Value.Of(double.NaN)), _bench.Tuple(Value.Of(double.NaN))));
        Assert.False(Equality.AreEqual(Value.Of(double.NaN), Value.Of(0.0)));
        Assert.False(Equality.AreEqual(_bench.Complex(0, double.NaN), Value.Of(0.0)));
    }

    [Fact]
    public void TextIsNotBytesAndObjectsAreOnlyThemselves()
    {
        Assert.False(Equality.AreEqual(_bench.Text("a"), _bench.Bytes((byte)'a')));
        Assert.False(Equality.AreEqual(Value.None, Value.False));
        Assert.False(Equality.AreEqual(Value.None, Value.Ellipsis));
        long* places = stackalloc long[8];
        byte* aligned = (byte*)(((nuint)places + 15) & ~(nuint)15);
        Assert.True(Equality.AreEqual(Value.Foreign(aligned), Value.Foreign(aligned)));
        Assert.False(Equality.AreEqual(Value.Foreign(aligned), Value.Foreign(aligned + 16)));
    }

    [Fact]
    public void AProbeMatchesAndBecomesWhatLiesElsewhere()
    {
        byte[] bytes = Bench.Utf8([0xE9, 'a', 0xD800]);
        fixed (byte* data = bytes)
        {
            Probe text = Probe.Text(data, (nuint)bytes.Length, Hashing.OfBytes(bytes));
            Probe octets = Probe.Bytes(data, (nuint)bytes.Length, Hashing.OfBytes(bytes));
            Value stored = _bench.Text(0xE9, 'a', 0xD800);
            Assert.True(text.Matches(stored));
            Assert.Equal(text.Hash, Hashing.Of(stored));
            Assert.False(octets.Matches(stored));
            Assert.True(octets.Matches(_bench.Bytes(bytes)));
            Assert.False(text.Matches(_bench.Text("a")));
            Assert.False(text.Matches(Value.None));
            Value copy = text.ToValue(_bench.Me, _bench.Heap);
            Assert.True(Equality.AreEqual(stored, copy));
            Assert.False(Blob.IsAscii(copy));
            Assert.Equal(ValueKind.Bytes, octets.ToValue(_bench.Me, _bench.Heap).Kind);
        }
    }

    [Fact]
    public void AProbeForEmptyTextNeedsNoAddress()
    {
        Probe probe = Probe.Text(null, 0, Hashing.OfBytes([]));
        Assert.True(probe.Matches(_bench.Text("")));
        Assert.False(probe.Matches(Value.Empty));
        Assert.False(probe.Matches(_bench.Bytes()));
        Value stored = probe.ToValue(_bench.Me, _bench.Heap);
        Assert.True(probe.Matches(stored));
        Assert.True(Blob.IsAscii(stored));
    }

    [Fact]
    public void AProbeForAValueTakesAReferenceWhenItIsStored()
    {
        Value text = _bench.Text("shared");
        Value stored = Probe.Of(text).ToValue(_bench.Me, _bench.Heap);
        Assert.Equal(text, stored);
        Assert.Equal(2, text.Head->Count);
    }

    [Fact]
    public void ComparingAndHashingAllocatesNothing()
    {
        Value[] values = [Value.True, Value.OfInt(7), Value.Of(7.5), Value.Of(1e300), _bench.BigInt(BigInteger.One << 70),
            _bench.BigInt(-BigInteger.Pow(10, 300)),
            _bench.Complex(1, 2), _bench.Text("text"), _bench.Tuple(Value.OfInt(1), _bench.Text("x")),
                _bench.Tuple(Value.Of(1.0), _bench.Text("y"))];
        long found = 0;
        void All()
        {
            foreach (Value left in values)
            {
                foreach (Value right in values)
                {
                    if (Equality.AreEqual(left, right)) found++;
                    if (Ordering.ClassOf(left) != OrderingClass.None && Ordering.ClassOf(right) != OrderingClass.None)
                        found += Ordering.Compare(left, right);
                    if (Probe.Of(left).Matches(right)) found++;
                }
            }
        }
        All();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) All();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(found > 0);
    }
}

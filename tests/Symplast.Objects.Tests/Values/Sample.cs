using System.Numerics;
using CsCheck;

namespace Symplast.Objects.Tests;

/// <summary>
/// Values as Python sees them, as a model to compare with: an exact fraction, code points, bytes or items, and how to store it.
/// </summary>
internal abstract record Sample
{
    internal abstract Value Store(Bench bench);

    /// <summary>Python's ==, where a NaN is itself.</summary>
    internal abstract bool IsEqual(Sample other);

    /// <summary>The order within a class.</summary>
    internal virtual int Order(Sample other) => throw new InvalidOperationException();

    internal virtual OrderingClass Class => OrderingClass.None;

    internal static readonly Gen<Sample> Numbers = Gen.OneOf(
        Gen.Long[-3, 3].Select(number => (BigInteger)number),
        Gen.Long.Select(number => (BigInteger)number),
        Gen.Select(Gen.Int[0, 1100], Gen.Int[-2, 2], Gen.Bool).Select(
            (power, near, negative) => (BigInteger.One << power) * (negative ? -1 : 1) + near),
        Gen.Double.Where(double.IsFinite).Select(number => new BigInteger(number)))
        .SelectMany(number => Gen.Int[0, 7].Select(kind => OfNumber(number, kind)));

    internal static readonly Gen<Sample> Texts =
        Gen.OneOf(Gen.Int[0, 0x7F], Gen.Int[0x80, 0x7FF], Gen.Int[0x800, 0xFFFF], Gen.Int[0x10000, 0x10FFFF], Gen.Int['a', 'b'])
        .Array[0, 4].Select<int[], Sample>(points => new Characters(points));

    internal static readonly Gen<Sample> ByteStrings =
        Gen.Byte[0, 2].Array[0, 4].Select<byte[], Sample>(bytes => new Octets(bytes));

    internal static readonly Gen<Sample> Others =
        OneOf(new Constant(Value.None), new Constant(Value.Ellipsis), new Real(double.NaN), new Pair(double.NaN, 1));

    static Gen<Sample> OneOf(params Sample[] samples) => Gen.Int[0, samples.Length - 1].Select(i => samples[i]);

    internal static readonly Gen<Sample> Orderly = Items(Gen.OneOf(Numbers, Texts, ByteStrings), 3);

    internal static readonly Gen<Sample> Any = Items(Gen.OneOf(Numbers, Texts, ByteStrings, Others), 3);

    static Gen<Sample> Items(Gen<Sample> leaf, int depth)
    {
        if (depth == 0) return leaf;
        Gen<Sample> tuple = Items(leaf, depth - 1).Array[0, 3].Select<Sample[], Sample>(items => new Items(items));
        return Gen.OneOf(leaf, leaf, tuple);
    }

    // The same number in one of its forms, or one next to it.
    static Sample OfNumber(BigInteger number, int kind)
    {
        double real = (double)number;
        if (!double.IsFinite(real)) real = number.Sign * double.MaxValue;
        return kind switch
        {
            6 => new Real(number.IsEven ? double.PositiveInfinity : double.NegativeInfinity),
            0 => new Real(real),
            1 => new Pair(real, 0),
            2 => new Real(real / 2),
            3 when number.IsOne || number.IsZero => new Truth(number.IsOne),
            4 => new Pair(real, number.IsEven ? -0.0 : 1.5),
            _ => new Whole(number),
        };
    }
}

internal abstract record Number : Sample
{
    // Every double is a whole multiple of 2^-1100.
    const int Scale = 1100;

    internal virtual double ImaginaryPart => 0;

    /// <summary>The real part times 2^1100; null for what is not finite.</summary>
    internal abstract BigInteger? Exact { get; }

    /// <summary>The real part if it is not finite, else 0.</summary>
    internal virtual double NotFinite => 0;

    internal override OrderingClass Class => double.IsNaN(NotFinite) ? OrderingClass.None : OrderingClass.Number;

    internal override bool IsEqual(Sample other) =>
        other is Number number && ImaginaryPart.Equals(number.ImaginaryPart) && Nullable.Equals(Exact, number.Exact)
            && NotFinite.Equals(number.NotFinite);

    internal override int Order(Sample other)
    {
        Number number = (Number)other;
        return Exact is { } left && number.Exact is { } right ? left.CompareTo(right) : NotFinite.CompareTo(number.NotFinite);
    }

    private protected static BigInteger? Scaled(BigInteger number) => number << Scale;

    private protected static BigInteger? Scaled(double real)
    {
        if (!double.IsFinite(real)) return null;
        long bits = BitConverter.DoubleToInt64Bits(real);
        int exponent = (int)(bits >> 52 & 0x7FF);
        BigInteger mantissa = bits & ((1L << 52) - 1) | (exponent == 0 ? 0 : 1L << 52);
        return (mantissa << Math.Max(exponent, 1) - 1075 + Scale) * (bits < 0 ? -1 : 1);
    }
}

internal sealed record Whole(BigInteger Integer) : Number
{
    internal override BigInteger? Exact => Scaled(Integer);

    internal override Value Store(Bench bench) => bench.Integer(Integer);
}

internal sealed record Truth(bool IsTrue) : Number
{
    internal override BigInteger? Exact => Scaled(IsTrue ? BigInteger.One : BigInteger.Zero);

    internal override Value Store(Bench bench) => Value.Of(IsTrue);
}

internal sealed record Real(double Double) : Number
{
    internal override BigInteger? Exact => Scaled(Double);

    internal override double NotFinite => double.IsFinite(Double) ? 0 : Double;

    internal override Value Store(Bench bench) => Value.Of(Double);
}

internal sealed record Pair(double Real, double Imaginary) : Number
{
    // -0.0 is 0.
    internal override double ImaginaryPart => Imaginary == 0 ? 0 : Imaginary;

    internal override BigInteger? Exact => Scaled(Real);

    internal override double NotFinite => double.IsFinite(Real) ? 0 : Real;

    internal override OrderingClass Class => OrderingClass.None;

    internal override Value Store(Bench bench) => bench.Complex(Real, Imaginary);
}

internal sealed record Constant(Value Word) : Sample
{
    internal override bool IsEqual(Sample other) => other is Constant constant && Word == constant.Word;

    internal override Value Store(Bench bench) => Word;
}

internal sealed record Characters(int[] Points) : Sample
{
    internal override OrderingClass Class => OrderingClass.Text;

    internal override bool IsEqual(Sample other) => other is Characters text && Points.AsSpan().SequenceEqual(text.Points);

    internal override int Order(Sample other) => Points.AsSpan().SequenceCompareTo(((Characters)other).Points);

    internal override Value Store(Bench bench) => bench.Text(Points);

    public override string ToString() => "text " + string.Join(' ', Points);
}

internal sealed record Octets(byte[] Bytes) : Sample
{
    internal override OrderingClass Class => OrderingClass.Bytes;

    internal override bool IsEqual(Sample other) => other is Octets bytes && Bytes.AsSpan().SequenceEqual(bytes.Bytes);

    internal override int Order(Sample other) => Bytes.AsSpan().SequenceCompareTo(((Octets)other).Bytes);

    internal override Value Store(Bench bench) => bench.Bytes(Bytes);

    public override string ToString() => "bytes " + string.Join(' ', Bytes);
}

internal sealed record Items(Sample[] Values) : Sample
{
    internal override OrderingClass Class =>
        Array.TrueForAll(Values, item => item.Class != OrderingClass.None) ? OrderingClass.Tuple : OrderingClass.None;

    internal override bool IsEqual(Sample other) =>
        other is Items items && Values.Length == items.Values.Length
            && Values.Zip(items.Values).All(pair => pair.First.IsEqual(pair.Second));

    internal override int Order(Sample other)
    {
        foreach ((Sample left, Sample right) in Values.Zip(((Items)other).Values))
        {
            int order = left.Class != right.Class ? left.Class.CompareTo(right.Class) : left.Order(right);
            if (order != 0) return order;
        }
        return Values.Length.CompareTo(((Items)other).Values.Length);
    }

    internal override Value Store(Bench bench) => bench.Tuple([.. Values.Select(item => item.Store(bench))]);

    public override string ToString() => "(" + string.Join<Sample>(", ", Values) + ")";
}

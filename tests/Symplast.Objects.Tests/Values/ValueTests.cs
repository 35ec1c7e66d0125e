using CsCheck;
using Xunit;

namespace Symplast.Objects.Tests;

public unsafe class ValueTests
{
    [Fact]
    public void ADoubleComesBackBitByBit() => Gen.Double.Where(number => !double.IsNaN(number)).Sample(number =>
    {
        Value value = Value.Of(number);
        Assert.Equal(ValueKind.Float, value.Kind);
        Assert.True(value.IsFloat && !value.IsInt && !value.IsPointer && !value.IsCounted);
        Assert.Equal(BitConverter.DoubleToInt64Bits(number), BitConverter.DoubleToInt64Bits(value.Float));
    });

    [Theory]
    [InlineData(-0.0)]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(double.MinValue)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void SoDoTheUtmostOnes(double number) =>
        Assert.Equal(BitConverter.DoubleToInt64Bits(number), BitConverter.DoubleToInt64Bits(Value.Of(number).Float));

    [Fact]
    public void AllNaNsAreOneWhateverTheirBits() =>
        Gen.Select(Gen.ULong[1, (1UL << 52) - 1], Gen.Bool).Sample((payload, negative) =>
    {
        Value value = Value.Of(BitConverter.UInt64BitsToDouble(payload | 0x7FFUL << 52 | (negative ? 1UL << 63 : 0)));
        Assert.Equal(ValueKind.Float, value.Kind);
        Assert.Equal(Value.Of(double.NaN), value);
        Assert.True(double.IsNaN(value.Float));
    });

    [Fact]
    public void AnIntegerOf50BitsComesBack() => Gen.Long[-(1L << 49), (1L << 49) - 1].Sample(number =>
    {
        Assert.True(Value.Fits(number));
        Value value = Value.OfInt(number);
        Assert.Equal(ValueKind.Int, value.Kind);
        Assert.True(value.IsInt && !value.IsFloat && !value.IsPointer && !value.IsCounted);
        Assert.Equal(number, value.Int);
    });

    [Theory]
    [InlineData(1L << 49)]
    [InlineData(-(1L << 49) - 1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void LargerOnesDoNotFit(long number) => Assert.False(Value.Fits(number));

    [Fact]
    public void EachConstantIsOfItsKindAndUnlikeTheOthers()
    {
        (Value Value, ValueKind Kind)[] all =
        [
            (Value.Empty, ValueKind.Empty), (Value.Mark(1), ValueKind.Mark), (Value.Mark(15), ValueKind.Mark),
                (Value.None, ValueKind.None),
            (Value.Ellipsis, ValueKind.Ellipsis), (Value.False, ValueKind.Bool), (Value.True, ValueKind.Bool),
                (Value.OfInt(0), ValueKind.Int), (Value.Of(0.0), ValueKind.Float),
        ];
        Assert.All(all, each => Assert.Equal(each.Kind, each.Value.Kind));
        Assert.All(all, each => Assert.Equal(each.Kind == ValueKind.Empty, each.Value.IsEmpty));
        Assert.All(all, each => Assert.False(each.Value.IsPointer || each.Value.IsCounted));
        Assert.Equal(all.Length, all.Select(each => each.Value).Distinct().Count());
        Assert.Equal(all.Length, all.Select(each => each.Value.ToString() + each.Value.Bits).Distinct().Count());
    }

    [Fact]
    public void APointerComesBackWithItsKindAndOnlyForeignOnesAreNotCounted() =>
        Gen.Select(Gen.Long[256, (1L << 44) - 1], Gen.Int[0, 6]).Sample((line, number) =>
    {
        ValueKind kind = ValueKind.Object + (byte)number;
        Value value = Value.Of(kind, (void*)(line << 4));
        Assert.Equal(kind, value.Kind);
        Assert.True((void*)(line << 4) == value.Pointer);
        Assert.True(value.IsPointer && !value.IsInt && !value.IsFloat);
        Assert.Equal(kind != ValueKind.Foreign, value.IsCounted);
    });
}

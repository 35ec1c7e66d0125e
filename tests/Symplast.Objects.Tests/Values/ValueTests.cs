using CsCheck;
using Xunit;

namespace Symplast.Objects.Tests;

public class ValueTests
{
    [Fact]
    public void ADoubleComesBackBitByBit() => Gen.Double.Sample(number =>
    {
        Value value = Value.Of(number);
        Assert.Equal(ValueKind.Float, value.Kind);
        Assert.Equal(BitConverter.DoubleToInt64Bits(number), BitConverter.DoubleToInt64Bits(value.Float));
    });

    [Fact]
    public void AnIntegerOf50BitsComesBack() => Gen.Long[-(1L << 49), (1L << 49) - 1].Sample(number =>
    {
        Assert.True(Value.Fits(number));
        Value value = Value.OfInt(number);
        Assert.Equal(ValueKind.Int, value.Kind);
        Assert.Equal(number, value.Int);
    });
}

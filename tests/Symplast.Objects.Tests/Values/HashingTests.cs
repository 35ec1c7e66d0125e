using System.Globalization;
using System.Numerics;
using CsCheck;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed class HashingTests
{
    // As a double, as an integer, and as a complex number without an imaginary part.
    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [InlineData(-1.0)]
    [InlineData(3e15)]
    [InlineData(4611686018427387904.0)]
    [InlineData(9223372036854774784.0)]
    [InlineData(9223372036854775808.0)]
    [InlineData(-9223372036854775808.0)]
    [InlineData(-9223372036854777856.0)]
    [InlineData(18446744073709551616.0)]
    [InlineData(-18446744073709551616.0)]
    [InlineData(1e300)]
    [InlineData(-1e300)]
    [InlineData(double.MaxValue)]
    [InlineData(double.MinValue)]
    public void ANumberHashesAlikeWhateverItIsMadeOf(double number) => CheckWhole(number);

    [Fact]
    public void EachDoubleThatIsWholeHashesAsTheInteger() =>
        Gen.Select(Gen.Long[-(1L << 53), 1L << 53], Gen.Int[0, 960]).Sample(
        (mantissa, exponent) => CheckWhole(Math.ScaleB(mantissa, exponent)));

    static void CheckWhole(double number)
    {
        BigInteger whole = new(number);
        Assert.Equal(Hashing.OfFloat(number), Hashing.OfBigInt(whole.ToByteArray()));
        Assert.Equal(Hashing.OfFloat(number), Hashing.OfComplex(number, 0));
        Assert.Equal(Hashing.OfFloat(number), Hashing.OfComplex(number, -0.0));
        if (whole >= long.MinValue && whole <= long.MaxValue) Assert.Equal(Hashing.OfFloat(number), Hashing.OfInt((long)whole));
    }

    [Fact]
    public void AnyIntegerHashesAlikeInAnyNumberOfBytes() => Gen.Select(Gen.Long, Gen.Int[0, 9]).Sample((number, more) =>
    {
        byte[] bytes = new byte[8 + more];
        bytes.AsSpan().Fill(number < 0 ? (byte)0xFF : (byte)0);
        BitConverter.TryWriteBytes(bytes, number);
        Assert.Equal(Hashing.OfInt(number), Hashing.OfBigInt(bytes));
    });

    [Fact]
    public void NumbersThatDifferHashDifferently()
    {
        HashSet<ulong> seen = [];
        BigInteger modulus = (BigInteger.One << 61) - 1;
        for (int i = 1; i <= 2000; i++) Assert.True(seen.Add(Hashing.OfBigInt((modulus * i).ToByteArray())));
        for (int i = 0; i <= 1100; i++)
        {
            // What is near a power of 2, but for those that are multiples of the modulus.
            foreach (BigInteger number in new[] { (BigInteger.One << i) + 5, -(BigInteger.One << i) - 5 })
                Assert.True(seen.Add(Hashing.OfBigInt(number.ToByteArray())), $"{number}");
        }
        for (double number = 0.75; number > 1e-300; number /= 2) Assert.True(seen.Add(Hashing.OfFloat(number)));
        foreach (double number in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
            Assert.True(seen.Add(Hashing.OfFloat(number)));
        Assert.True(seen.Add(Hashing.OfComplex(1.5, -2.25)));
        Assert.True(seen.Add(Hashing.OfComplex(-2.25, 1.5)));
        Assert.True(seen.Add(Hashing.OfComplex(0, 1.5)));
    }

    [Fact]
    public void TheHashOfBytesDependsOnEachOfThemAndOnTheirNumber()
    {
        HashSet<ulong> seen = [];
        for (int length = 0; length < 40; length++)
        {
            byte[] bytes = new byte[length];
            Assert.True(seen.Add(Hashing.OfBytes(bytes)));
            for (int i = 0; i < length; i++)
            {
                bytes[i] = 1;
                Assert.True(seen.Add(Hashing.OfBytes(bytes)));
                bytes[i] = 0;
            }
        }
    }

    [Fact]
    public void AProductInPartsIsTheProduct() => Gen.Select(Gen.ULong, Gen.ULong).Sample((left, right) =>
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        Assert.Equal(high ^ low, Hashing.FoldInParts(left, right));
        Assert.Equal(ulong.MaxValue - 1 ^ 1, Hashing.FoldInParts(ulong.MaxValue, ulong.MaxValue));
    });

    // Each bit of a text turns each bit of its hash in about half of all texts.
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(16)]
    [InlineData(33)]
    public void EachBitOfATextTurnsHalfOfItsHash(int length)
    {
        const int Texts = 4000;
        Random random = new(length);
        byte[] bytes = new byte[length];
        int[] turned = new int[length * 8 * 64];
        for (int text = 0; text < Texts; text++)
        {
            random.NextBytes(bytes);
            ulong hash = Hashing.OfBytes(bytes);
            for (int bit = 0; bit < length * 8; bit++)
            {
                bytes[bit >> 3] ^= (byte)(1 << (bit & 7));
                ulong changed = hash ^ Hashing.OfBytes(bytes);
                bytes[bit >> 3] ^= (byte)(1 << (bit & 7));
                for (int i = 0; i < 64; i++) turned[bit * 64 + i] += (int)(changed >> i & 1);
            }
        }
        // The key is another one in each process: far enough from the half that no key misses it, near enough to see a bit that
        // is stuck or follows.
        Assert.All(turned, count => Assert.InRange(count, Texts * 2 / 10, Texts * 8 / 10));
    }

    [Theory]
    [InlineData("key{0:x9}")]
    [InlineData("{0}")]
    [InlineData("a/rather/long/path/that/differs/only/in/its/last/{0:d7}/part")]
    [InlineData("{0:d7} and then the same text for all of them")]
    public void TextsInARowSpreadAndDoNotCollide(string format)
    {
        const int Texts = 1 << 16;
        HashSet<ulong> all = [];
        int[] low = new int[256];
        int[] high = new int[256];
        for (int i = 0; i < Texts; i++)
        {
            ulong hash = Hashing.OfBytes(
                System.Text.Encoding.ASCII.GetBytes(string.Format(CultureInfo.InvariantCulture, format, i)));
            all.Add(hash);
            low[hash & 255]++;
            high[hash >> 56]++;
        }
        Assert.Equal(Texts, all.Count);
        Assert.All(low, count => Assert.InRange(count, 64, 1024));
        Assert.All(high, count => Assert.InRange(count, 64, 1024));
    }

    // The integers of a range must not fall into a few places of a table, neither by their low bits (which small maps compare)
    // nor by their middle ones (places of a shard) nor by their high ones (shards).
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 8)]
    [InlineData(0, 12)]
    [InlineData(5, 100)]
    [InlineData(0, 1 << 12)]
    [InlineData(0, 1 << 13)]
    [InlineData(0, 1 << 16)]
    [InlineData(-(1L << 40), 1L << 20)]
    [InlineData(0, 1L << 27)]
    [InlineData(0, 1L << 32)]
    [InlineData(1, 3L << 32)]
    [InlineData(1_700_000_000_000, 1000)]
    [InlineData(0, 1_000_000_000)]
    public void HashesOfIntegersInARowSpread(long first, long step)
    {
        int[] low = new int[256];
        int[] middle = new int[256];
        int[] high = new int[256];
        for (long i = 0; i < 256 * 64; i++)
        {
            ulong hash = Hashing.OfInt(first + i * step);
            low[hash & 255]++;
            middle[hash >> 32 & 255]++;
            high[hash >> 56]++;
        }
        Assert.All(low, count => Assert.InRange(count, 16, 128));
        Assert.All(middle, count => Assert.InRange(count, 16, 128));
        Assert.All(high, count => Assert.InRange(count, 16, 128));
    }

    // As far as a search goes in a table that is two thirds full, on average; by chance it would be two.
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(48)]
    [InlineData(1000)]
    [InlineData(1 << 12)]
    [InlineData(1 << 20)]
    [InlineData(1L << 36)]
    [InlineData(1_000_000)]
    public void IntegersInARowAreFoundSoon(long step)
    {
        const int Keys = 21_000, Places = 1 << 15;
        bool[] isTaken = new bool[Places];
        long looks = 0;
        for (long i = 0; i < Keys; i++)
        {
            ulong place = Hashing.OfInt(i * step) >> 32 & Places - 1;
            for (looks++; isTaken[place]; looks++) place = place + 1 & Places - 1;
            isTaken[place] = true;
        }
        Assert.InRange(looks, Keys, 4 * Keys);
    }
}

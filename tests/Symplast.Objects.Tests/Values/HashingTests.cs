using System.Globalization;
using System.Numerics;
using CsCheck;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed class HashingTests
{
    // What hash() says in CPython 3.14, before our mixing.
    [Theory]
    [InlineData(0.5, 1152921504606846976)]
    [InlineData(1 / 3.0, 768614336404564608)]
    [InlineData(-2.5, -1152921504606846978)]
    [InlineData(1e300, 1224995262755759164)]
    [InlineData(5e-324, 16777216)]
    [InlineData(-1e-310, -615709907932414099)]
    [InlineData(double.PositiveInfinity, 314159)]
    [InlineData(double.NegativeInfinity, -314159)]
    [InlineData(3e15, 3000000000000000)]
    [InlineData(-0.0, 0)]
    public void ADoubleHashesAsInPython(double number, long expected) => Assert.Equal(Hashing.MixNumber((ulong)expected), Hashing.OfFloat(number));

    [Theory]
    [InlineData("2305843009213693951", 0)]
    [InlineData("2305843009213693952", 1)]
    [InlineData("-2305843009213693953", -2)]
    [InlineData("10000000000000000000000000000000000000000", 1388497483929617590)]
    [InlineData("-10000000000000000000000000000000000000000", -1388497483929617590)]
    [InlineData("6662462759719942007440037531362779472290810125440036903063319585255179509", 290248191822315536)]
    public void ABigIntegerHashesAsInPython(string number, long expected) =>
        Assert.Equal(Hashing.MixNumber((ulong)expected), Hashing.OfBigInt(BigInteger.Parse(number, CultureInfo.InvariantCulture).ToByteArray()));

    [Fact]
    public void AComplexNumberHashesAsInPython() => Assert.Equal(Hashing.MixNumber(unchecked((ulong)-576460752305423493)), Hashing.OfComplex(1.5, -2.25));

    [Fact]
    public void AnyIntegerHashesAlikeInAnyNumberOfBytes() => Gen.Select(Gen.Long, Gen.Int[0, 9]).Sample((number, more) =>
    {
        byte[] bytes = new byte[8 + more];
        bytes.AsSpan().Fill(number < 0 ? (byte)0xFF : (byte)0);
        BitConverter.TryWriteBytes(bytes, number);
        Assert.Equal(Hashing.OfInt(number), Hashing.OfBigInt(bytes));
    });

    [Fact]
    public void ABigIntegerHashesByItsRemainder() => Gen.Byte.Array[1, 300].Sample(bytes =>
    {
        BigInteger number = new(bytes);
        long remainder = (long)(BigInteger.Abs(number) % ((BigInteger.One << 61) - 1));
        Assert.Equal(Hashing.MixNumber((ulong)(number.Sign < 0 ? -remainder : remainder)), Hashing.OfBigInt(bytes));
    });

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
        // The key is another one in each process: far enough from the half that no key misses it, near enough to see a bit that is stuck or follows.
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
            ulong hash = Hashing.OfBytes(System.Text.Encoding.ASCII.GetBytes(string.Format(CultureInfo.InvariantCulture, format, i)));
            all.Add(hash);
            low[hash & 255]++;
            high[hash >> 56]++;
        }
        Assert.Equal(Texts, all.Count);
        Assert.All(low, count => Assert.InRange(count, 64, 1024));
        Assert.All(high, count => Assert.InRange(count, 64, 1024));
    }

    // The integers of a range must not fall into a few places of a table, neither by their low bits (which small maps compare) nor by their middle ones (places of a shard) nor by their high ones (shards).
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

using System.Numerics;
using Xunit;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Objects.Tests;

/// <summary>
/// Keys that somebody chose who knows how we hash, but not the keys of this process: they spread over the index as any others do.
/// What counts is how far searches go.
/// </summary>
public sealed unsafe class OrderedMapAdversaryTests : IDisposable
{
    const int Keys = 6000;
    static readonly BigInteger Modulus = (BigInteger.One << 61) - 1;

    readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string> Attacks => [.. Sets.Keys];

    static readonly Dictionary<string, Func<Bench, int, Value>> Sets = new()
    {
        ["in a row"] = (bench, i) => bench.Integer(i),
        // One hash in CPython.
        ["multiples of 2^61 - 1"] = (bench, i) => bench.Integer(Modulus * i),
        ["alike modulo 2^61 - 1"] = (bench, i) => bench.Integer(12345 - Modulus * i),
        ["alike modulo 2^32"] = (bench, i) => bench.Integer(((long)i << 32) + 7),
        ["alike modulo 2^47"] = (bench, i) => bench.Integer(((long)i << 47) + 7),
        ["alike modulo 2^64"] = (bench, i) => bench.Integer(((BigInteger)i << 64) + 7),
        ["alike modulo 2^200"] = (bench, i) => bench.Integer(((BigInteger)i << 200) + 7),
        ["powers of 2, more and less"] = (bench, i) => bench.Integer((BigInteger.One << i / 3) + i % 3 - 1),
        // One half, for a mixer that somebody knows and undoes.
        ["alike in the high half, if multiplied by a known factor"] = (bench, i) =>
            bench.Integer(Undone(0xD6E8FEB86659FD93, (ulong)i)),
        ["alike in the low half, if multiplied by a known factor"] = (bench, i) =>
            bench.Integer(Undone(0xD6E8FEB86659FD93, (ulong)i << 32)),
        ["alike in the high half, if multiplied by the golden ratio"] = (bench, i) =>
            bench.Integer(Undone(0x9E3779B97F4A7C15, (ulong)i)),
        ["doubles with the same low bits"] = (_, i) => Value.Of(BitConverter.Int64BitsToDouble(((long)i << 38) + (1L << 60))),
        ["doubles with the same high bits"] = (_, i) => Value.Of(BitConverter.Int64BitsToDouble((1L << 60) + i)),
        // One hash in CPython.
        ["doubles alike modulo 2^61 - 1"] = (_, i) => Value.Of(Math.ScaleB(1.0 + i / 32, i % 32 * 61 - 976)),
        ["complex numbers of a grid"] = (bench, i) => bench.Complex(i / 80, i % 80),
        ["complex numbers alike in CPython"] = (bench, i) => bench.Complex(1000003.0 * i, -i),
        // The pairs hash alike in CPython.
        ["tuples"] = (bench, i) => bench.Tuple(bench.Integer(i), bench.Integer(Second(i))),
        ["tuples of two things"] = (bench, i) =>
            bench.Tuple([.. Enumerable.Range(0, 13).Select(bit => (i >> bit & 1) == 0 ? Value.None : Value.Ellipsis)]),
        ["nested tuples"] = (bench, i) => bench.Tuple(bench.Tuple(Value.OfInt(i / 80)), bench.Tuple(Value.OfInt(i % 80))),
        ["texts"] = (bench, i) =>
            bench.Text(string.Concat(Enumerable.Range(0, 13).Select(bit => (i >> bit & 1) == 0 ? "AaAaAaAa" : "BBBBBBBB"))),
        ["bytes"] = (bench, i) => bench.Bytes(BitConverter.GetBytes((long)i << 40)),
    };

    // The word that a multiplication makes to a product of our choice, after the high half was folded into the low one.
    static BigInteger Undone(ulong factor, ulong product)
    {
        ulong word = product * Inverse(factor);
        return (long)(word ^ word >> 32);
    }

    static ulong Inverse(ulong odd)
    {
        ulong inverse = odd;
        for (int i = 0; i < 6; i++) inverse *= 2 - odd * inverse;
        return inverse;
    }

    // With what CPython's hash of (first, second) is always the same.
    static BigInteger Second(int first)
    {
        const ulong Round = 11400714785074694791, Lane = 14029467366897019727, Start = 2870177450012600261;
        ulong hash = BitOperations.RotateLeft(Start + (ulong)first * Lane, 31) * Round;
        return (long)((0 - hash) * Inverse(Lane)) >> 4;
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public void SearchesAreShortWhateverTheKeys(string attack) =>
        Check([.. Enumerable.Range(1, Keys).Select(i => Sets[attack](_bench, i))]);

    [Fact]
    public void SearchesAreShortForAllOfThemTogether() =>
        Check([.. Sets.Values.SelectMany(make => Enumerable.Range(1, Keys / 4).Select(i => make(_bench, i)))]);

    void Check(Value[] keys)
    {
        OrderedMap* map = Map.Create(_bench.Me, _bench.Heap);
        foreach (Value key in keys) Assert.Equal(Status.Done, Map.Set(_bench.Me, map, Probe.Of(key), Value.None));
        Assert.Equal(Status.Done, Map.Count(_bench.Me, map, out ulong count));
        long looks = 0;
        ulong found = 0;
        LargeTable* large = LargeTable.OfRoot(map->Root);
        HashSet<nint> shards = [];
        for (int place = 0; place < 1 << large->Directory->Depth; place++)
        {
            Shard* shard = ShardDirectory.ShardOf(ShardDirectory.Items(large->Directory)[place]);
            if (!shards.Add((nint)shard)) continue;
            ulong* slots = Shard.Slots(shard);
            for (ulong i = 0; i <= shard->Mask; i++)
            {
                if (slots[i] is 0 or Shard.Deleted) continue;
                found++;
                looks += 1 + (long)(i - (slots[i] >> 32) & shard->Mask);
            }
        }
        Assert.Equal(count, found);
        // By chance it is two and a half where an index is at its fullest.
        Assert.InRange(looks, 1, 6 * (long)count);
    }
}

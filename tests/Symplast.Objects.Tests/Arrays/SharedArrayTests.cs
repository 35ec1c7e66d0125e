using CsCheck;
using Symplast.Memory;
using Xunit;
using Operations = Symplast.Objects.SharedArray;

namespace Symplast.Objects.Tests.Arrays;

public sealed unsafe class SharedArrayTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("arrays");

    public SharedArrayTests() => Epoch.Enter(_me);

    public void Dispose()
    {
        Epoch.Exit(_me);
        Epoch.Leave(_me);
    }

    /// <summary>All kinds.</summary>
    public static TheoryData<ElementKind> Kinds => [.. Enum.GetValues<ElementKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnElementBehavesAsANumberOfItsKind(ElementKind kind) =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[-3, 2],
        Gen.OneOf(Gen.Long, Gen.Int.Select(i => (long)i), Gen.Long[-200, 200])).Array.Sample(
        steps =>
        {
            SharedArray* array = Operations.Create(_me, _heap, kind, 'x', 3);
            Int128[] integers = new Int128[3];
            double[] reals = new double[3];
            bool isReal = Elements.IsReal(kind);
            ulong WordOf(int i) => isReal ? Elements.OfReal(kind, reals[i]) : Elements.OfInteger(kind, integers[i]);
            foreach ((int operation, int index, long number) in steps)
            {
                int i = index < 0 ? index + 3 : index;
                Int128 integer = number < Elements.Least(kind) || number > Elements.Greatest(kind)
                    ? Elements.Greatest(kind) : number;
                double real = kind == ElementKind.Float32 ? (float)number : number;
                ulong word = isReal ? Elements.OfReal(kind, real) : Elements.OfInteger(kind, integer);
                ulong before = WordOf(i);
                ulong seen;
                switch (operation)
                {
                    case 0:
                        Assert.Equal(Status.Done, Operations.Exchange(_me, array, index, word, out seen));
                        Assert.Equal(before, seen);
                        (integers[i], reals[i]) = (integer, real);
                        break;
                    case 1:
                        Assert.Equal(
                            Status.Done, Operations.CompareExchange(
                            _me, array, index, before ^ (ulong)(number & 1), word, out seen));
                        Assert.Equal(before, seen);
                        if ((number & 1) == 0) (integers[i], reals[i]) = (integer, real);
                        break;
                    case 2 when isReal:
                        Assert.Equal(Status.WrongKind, Operations.Add(_me, array, index, (Int128)number, out _));
                        Assert.Equal(Status.Done, Operations.AddReal(_me, array, index, number / 4.0, out seen));
                        reals[i] = kind == ElementKind.Float32 ? (float)(reals[i] + number / 4.0) : reals[i] + number / 4.0;
                        Assert.Equal(WordOf(i), seen);
                        break;
                    case 2:
                        Assert.Equal(Status.WrongKind, Operations.AddReal(_me, array, index, 1.0, out _));
                        Int128 sum = integers[i] + number;
                        bool fits = sum >= Elements.Least(kind) && sum <= Elements.Greatest(kind);
                        Assert.Equal(
                            fits ? Status.Done : Status.Overflow, Operations.Add(_me, array, index, (Int128)number, out seen));
                        if (fits) integers[i] = sum;
                        if (fits) Assert.Equal(WordOf(i), seen);
                        break;
                }
                for (int each = 0; each < 3; each++)
                {
                    Assert.Equal(Status.Done, Operations.Get(_me, array, each, out seen, out ElementKind found));
                    Assert.Equal((WordOf(each), kind), (seen, found));
                }
            }
            Reference.Drop(_me, (Header*)array);
        },
        iter: 300,
        threads: 1);

    [Theory]
    [InlineData(ElementKind.Int8, sbyte.MinValue, sbyte.MaxValue, 1)]
    [InlineData(ElementKind.UInt8, 0, byte.MaxValue, 1)]
    [InlineData(ElementKind.Int16, short.MinValue, short.MaxValue, 2)]
    [InlineData(ElementKind.UInt16, 0, ushort.MaxValue, 2)]
    [InlineData(ElementKind.Int32, int.MinValue, int.MaxValue, 4)]
    [InlineData(ElementKind.UInt32, 0, uint.MaxValue, 4)]
    [InlineData(ElementKind.Int64, long.MinValue, long.MaxValue, 8)]
    [InlineData(ElementKind.UInt64, 0, -1, 8)]
    public void TheLimitsAreThoseOfTheType(ElementKind kind, long least, long greatest, int size)
    {
        Int128 top = kind == ElementKind.UInt64 ? ulong.MaxValue : greatest;
        Assert.Equal(((Int128)least, top, size), (Elements.Least(kind), Elements.Greatest(kind), Elements.SizeOf(kind)));
        foreach (Int128 number in (Int128[])[least, top, 0, 1, top - 1, least + 1])
        {
            ulong word = Elements.OfInteger(kind, number);
            Assert.Equal(number, Elements.Integer(kind, word));
            Assert.True(size == 8 || word >> (8 * size) == 0);
        }
    }

    [Fact]
    public void AnIndexOutsideIsMissingAndALengthCanBeZero()
    {
        SharedArray* array = Operations.Create(_me, _heap, ElementKind.Int32, 'i', 4);
        SharedArray* empty = Operations.Create(_me, _heap, ElementKind.Float64, 'd', 0);
        foreach (nint index in (nint[])[4, -5, nint.MaxValue, nint.MinValue])
        {
            Assert.Equal(Status.Missing, Operations.Get(_me, array, index, out _, out _));
            Assert.Equal(Status.Missing, Operations.Exchange(_me, array, index, 1, out _));
            Assert.Equal(Status.Missing, Operations.CompareExchange(_me, array, index, 0, 1, out _));
            Assert.Equal(Status.Missing, Operations.Add(_me, array, index, (Int128)1, out _));
        }
        Assert.Equal(Status.Missing, Operations.Get(_me, empty, 0, out _, out _));
        Assert.Equal(Status.Missing, Operations.Get(_me, empty, -1, out _, out _));
        Assert.Equal(Status.Done, Operations.Export(_me, empty, out ArrayView view));
        Assert.Equal((0, 'd', 8), (view.Count, view.Tag, view.Size));
        view.End();
        view.End();
        Assert.True(Operations.Create(_me, _heap, ElementKind.Int64, 'q', nint.MaxValue) == null);
        Reference.Drop(_me, (Header*)array);
        Reference.Drop(_me, (Header*)empty);
    }

    [Fact]
    public void AnExportedElementIsTheElement()
    {
        SharedArray* array = Operations.Create(_me, _heap, ElementKind.Float64, 'd', 100);
        Assert.Equal(Status.Done, Operations.Export(_me, array, out ArrayView view));
        ((double*)view.Data)[42] = 1.5;
        Operations.AddReal(_me, array, 42, 0.25, out ulong sum);
        Assert.Equal((1.75, 1.75), (Elements.Real(ElementKind.Float64, sum), ((double*)view.Data)[42]));
        Assert.Equal(Status.Done, Operations.Delete(_me, array));
        Assert.Equal(Status.Deleted, Operations.Export(_me, array, out _));
        Reference.Drop(_me, (Header*)array);
        Assert.Equal(1.75, ((double*)view.Data)[42]);
        view.End();
        Assert.Equal(0, Heap.LiveBlocks(_heap));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NoAdditionIsLost(ElementKind kind)
    {
        SharedArray* array = Operations.Create(_me, _heap, kind, 'x', 8);
        int times = Math.Min(30_000, (int)Int128.Min(Elements.IsReal(kind) ? 30_000 : Elements.Greatest(kind) / 3, 30_000));
        // Neighbours at the same time, which share a word of the machine.
        void Add(Participant* me)
        {
            for (int i = 0; i < times; i++)
            {
                for (int index = 2; index < 5; index++)
                {
                    Assert.Equal(
                        Status.Done, Elements.IsReal(kind)
                        ? Operations.AddReal(me, array, index, 1.0, out _) : Operations.Add(me, array, index, Int128.One, out _));
                }
            }
        }
        Threads.Run(Add, Add, Add);
        for (int index = 0; index < 8; index++)
        {
            Operations.Get(_me, array, index, out ulong word, out _);
            double found = Elements.IsReal(kind) ? Elements.Real(kind, word) : (double)Elements.Integer(kind, word);
            Assert.Equal(index is >= 2 and < 5 ? 3 * times : 0, found);
        }
        Reference.Drop(_me, (Header*)array);
    }

    [Fact]
    public void CopiesTakeStepsAndDifferencesAreFoundAsNumbersCompare()
    {
        int* from = stackalloc int[10];
        int* to = stackalloc int[10];
        for (int i = 0; i < 10; i++) (from[i], to[i]) = (i, -1);
        Elements.Copy(4, (byte*)(to + 9), -8, (byte*)from, 12, 4);
        Assert.Equal([-1, -1, -1, 9, -1, 6, -1, 3, -1, 0], new Span<int>(to, 10).ToArray());
        Assert.Equal(3, Elements.FirstDifference(ElementKind.Int32, (byte*)(to + 3), (byte*)(to + 3), 3));
        Assert.Equal(0, Elements.FirstDifference(ElementKind.Int32, (byte*)(to + 3), (byte*)(to + 4), 3));
        double* left = stackalloc double[3] { 0.0, double.NaN, 1 };
        double* right = stackalloc double[3] { -0.0, double.NaN, 1 };
        Assert.Equal(1, Elements.FirstDifference(ElementKind.Float64, (byte*)left, (byte*)right, 3));
    }

    [Fact]
    public void DeletionEmptiesOnceAndIsFinal()
    {
        SharedArray* array = Operations.Create(_me, _heap, ElementKind.Int8, 'b', 1_000_000);
        Assert.Equal(Status.Done, Operations.Delete(_me, array));
        Assert.Equal(Status.Deleted, Operations.Delete(_me, array));
        Assert.Equal(Status.Deleted, Operations.Get(_me, array, 0, out _, out _));
        Assert.Equal(Status.Deleted, Operations.Count(_me, array, out _));
        Assert.Equal(1, Heap.LiveBlocks(_heap));
        Reference.Drop(_me, (Header*)array);
        Assert.Equal(0, Heap.LiveBlocks(_heap));
    }
}

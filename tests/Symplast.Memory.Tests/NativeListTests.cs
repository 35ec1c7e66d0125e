using CsCheck;
using Xunit;

namespace Symplast.Memory.Tests;

public unsafe class NativeListTests
{
    [Fact]
    public void ElementsKeepTheirValuesWhileTheListGrows()
    {
        NativeList<long> list = default;
        for (int i = 0; i < 10_000; i++)
        {
            list.Add(i);
            Assert.Equal(i, *list.Last);
        }
        for (int i = 0; i < 10_000; i++) Assert.Equal(i, *list[i]);
        Assert.Equal(10_000, list.Count);
        list.Dispose();
    }

    [Fact]
    public void ADisposedListIsEmptyAndUsable()
    {
        NativeList<int> list = default;
        list.Dispose();
        list.Add(1);
        list.Dispose();
        list.Dispose();
        Assert.Equal(0, list.Count);
        list.Add(2);
        Assert.Equal(2, *list[0]);
        list.Dispose();
    }

    [Fact]
    public void ALargeElementIsWrittenThroughTheAddressOfANewOne()
    {
        NativeList<(nint, double, long)> list = default;
        for (int i = 0; i < 100; i++) *list.Add() = (i, i / 2.0, -i);
        for (int i = 0; i < 100; i++) Assert.Equal((i, i / 2.0, -i), *list[i]);
        list.Dispose();
    }

    [Fact]
    public void AnyOrderOfOperationsGivesWhatAManagedListGives()
    {
        const int Add = 0, RemoveLast = 1, RemoveAt = 2, Clear = 3;
        var step = Gen.Select(
            Gen.Frequency((8, Gen.Const(Add)), (2, Gen.Const(RemoveLast)), (2, Gen.Const(RemoveAt)), (1, Gen.Const(Clear))),
            Gen.Int[0, 1000]);
        step.Array[0, 200].Sample(steps =>
        {
            NativeList<int> list = default;
            List<int> expected = [];
            foreach ((int what, int number) in steps)
            {
                switch (what)
                {
                    case Add:
                        list.Add(number);
                        expected.Add(number);
                        break;
                    case RemoveLast when expected.Count > 0:
                        list.RemoveLast();
                        expected.RemoveAt(expected.Count - 1);
                        break;
                    case RemoveAt when expected.Count > 0:
                        int index = number % expected.Count;
                        list.RemoveAtUnordered(index);
                        expected[index] = expected[^1];
                        expected.RemoveAt(expected.Count - 1);
                        break;
                    case Clear:
                        list.Clear();
                        expected.Clear();
                        break;
                }
            }
            int[] actual = new int[list.Count];
            for (int i = 0; i < actual.Length; i++) actual[i] = *list[i];
            list.Dispose();
            Assert.Equal(expected, actual);
        });
    }
}

using System.Runtime.InteropServices;
using CsCheck;
using Symplast.CPython;
using Symplast.Python.Graph;
using Xunit;

namespace Symplast.Python.Tests;

/// <summary>The memo with objects that are nothing but a reference count, so that no Python is needed.</summary>
public sealed unsafe class MemoTests : IDisposable
{
    const int Objects = 4000;

    readonly PyObject* _objects = (PyObject*)NativeMemory.AllocZeroed(Objects, (nuint)sizeof(PyObject));

    public MemoTests()
    {
        for (int i = 0; i < Objects; i++) _objects[i].RefCount = 1;
    }

    public void Dispose() => NativeMemory.Free(_objects);

    [Fact]
    public void AnEmptyMemoKnowsNothing()
    {
        Memo memo = default;
        Assert.True(memo.Find(_objects) == null);
        Assert.Equal(0u, memo.Slots);
        memo.Dispose();
    }

    [Fact]
    public void EveryPairIsFoundWhileTheTableGrows()
    {
        Memo memo = default;
        for (int i = 0; i < Objects; i++)
        {
            memo.Add(_objects + i, _objects + Objects - 1 - i);
            Assert.True(memo.Find(_objects + i) == _objects + Objects - 1 - i);
            Assert.True(i + 1 == Objects || memo.Find(_objects + i + 1) == null);
        }
        for (int i = 0; i < Objects; i++) Assert.True(memo.Find(_objects + i) == _objects + Objects - 1 - i);
        memo.Dispose();
    }

    [Fact]
    public void OriginalsAreHeldUntilTheMemoEnds()
    {
        Memo memo = default;
        for (int i = 0; i < 100; i++) memo.Add(_objects + i, _objects);
        for (int i = 0; i < 100; i++) Assert.Equal(2u, _objects[i].RefCount);
        memo.Replace(_objects + 5, _objects + 1);
        Assert.Equal(2u, _objects[5].RefCount);
        memo.Dispose();
        for (int i = 0; i < 100; i++) Assert.Equal(1u, _objects[i].RefCount);
        Assert.True(memo.Find(_objects) == null);
    }

    [Fact]
    public void WalkingTheSlotsMeetsEveryPairOnce()
    {
        Memo memo = default;
        for (int i = 0; i < 1500; i++) memo.Add(_objects + i, _objects + i + 1);
        HashSet<nint> met = [];
        for (nuint slot = 0; slot < memo.Slots; slot++)
        {
            if (memo[slot].Original == null) continue;
            Assert.True(memo[slot].Copy == memo[slot].Original + 1);
            Assert.True(met.Add((nint)memo[slot].Original));
        }
        Assert.Equal(1500, met.Count);
        memo.Dispose();
    }

    [Fact]
    public void AnyOrderOfAddingAndReplacingGivesWhatADictionaryGives() =>
        Gen.Select(Gen.Int[0, Objects - 1], Gen.Int[0, Objects - 1]).Array[0, 1500].Sample(
            steps =>
            {
                Memo memo = default;
                Dictionary<int, int> expected = [];
                foreach ((int original, int copy) in steps)
                {
                    if (!expected.TryAdd(original, copy)) memo.Replace(_objects + original, _objects + copy);
                    else memo.Add(_objects + original, _objects + copy);
                    expected[original] = copy;
                }
                bool same = Enumerable.Range(0, Objects).All(
                    i => memo.Find(_objects + i) == (expected.TryGetValue(i, out int copy) ? _objects + copy : null));
                memo.Dispose();
                Assert.True(same);
            },
            threads: 1);
}

using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class TupleTests : IDisposable
{
    readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    Value Nest(int depth, Value core)
    {
        for (int i = 0; i < depth; i++) core = _bench.Tuple(core);
        return core;
    }

    [Fact]
    public void ATupleHoldsItsItemsInOrder()
    {
        Value text = _bench.Text("x");
        Value tuple = _bench.Tuple(Value.OfInt(1), text, Value.None);
        Assert.Equal(3, (int)TupleBlob.LengthOf(tuple));
        Assert.Equal(Value.OfInt(1), TupleBlob.Items((TupleBlob*)tuple.Pointer)[0]);
        Assert.Equal(text, TupleBlob.Items((TupleBlob*)tuple.Pointer)[1]);
        Assert.Equal(1, TupleBlob.DepthOf(tuple));
        Assert.Equal(1, text.Head->Count);
        Assert.Equal(0, (int)TupleBlob.LengthOf(_bench.Tuple()));
    }

    [Fact]
    public void NestingHasALimitBeyondWhichNothingIsTaken()
    {
        Value deepest = Nest(TupleBlob.MaximumDepth, Value.None);
        Assert.Equal(TupleBlob.MaximumDepth, TupleBlob.DepthOf(deepest));
        Value* items = stackalloc Value[] { Value.None, deepest };
        Assert.True(TupleBlob.Create(_bench.Me, _bench.Heap, items, 2).IsEmpty);
        Assert.Equal(1, deepest.Head->Count);
    }

    [Fact]
    public void TheDeepestTuplesCompareAndDieOnASmallStack()
    {
        Value left = Nest(TupleBlob.MaximumDepth, Value.OfInt(1));
        Value right = Nest(TupleBlob.MaximumDepth, Value.Of(1.0));
        Value greater = Nest(TupleBlob.MaximumDepth, Value.OfInt(2));
        Exception? failure = null;
        Thread small = new(() =>
        {
            Participant* me = Epoch.Join();
            Epoch.Enter(me);
            failure = Xunit.Record.Exception(() =>
            {
                Assert.True(Equality.AreEqual(left, right));
                Assert.Equal(0, Ordering.Compare(left, right));
                Assert.True(Ordering.Compare(left, greater) < 0);
                Reference.Drop(me, left);
            });
            Epoch.Exit(me);
            Epoch.Leave(me);
        }, 192 * 1024);
        small.Start();
        small.Join();
        Assert.Null(failure);
        Assert.Equal(0, left.Head->Count);
    }

    [Fact]
    public void TheLastReferenceToANestReleasesEachBlockInItOnce()
    {
        Value shared = _bench.Text("shared");
        Value outside = _bench.Text("held from outside as well");
        Reference.Take(outside);
        List<Value> blocks = [];
        Value tuple = _bench.Tuple();
        for (int i = 0; i < 400; i++)
        {
            blocks.Add(tuple);
            if (i > 0) Reference.Take(shared);
            tuple = i == 200 ? _bench.Tuple(shared, outside, tuple) : _bench.Tuple(shared, tuple, Value.OfInt(i));
        }
        Reference.Drop(_bench.Me, tuple);
        Assert.All(blocks, block => Assert.Equal(0, block.Head->Count));
        Assert.Equal(0, shared.Head->Count);
        Assert.Equal(1, outside.Head->Count);
        Assert.False(Reference.TryTake(tuple));
    }

    [Fact]
    public void ATupleOfManyTuplesReleasesThemAll()
    {
        Value core = _bench.Text("core");
        Value[] items = new Value[100_000];
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0) Reference.Take(core);
            items[i] = _bench.Tuple(core);
        }
        Value all = _bench.Tuple(items);
        Reference.Drop(_bench.Me, all);
        Assert.Equal(0, core.Head->Count);
        Assert.All(items, item => Assert.Equal(0, item.Head->Count));
    }
}

using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class FrozenSetTests : IDisposable
{
    readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    // Takes over the references of the members.
    Value Set(params Value[] members)
    {
        fixed (Value* items = members)
        {
            Value copy = TupleBlob.CreateSet(_bench.Me, _bench.Heap, items, (nuint)members.Length);
            Assert.False(copy.IsEmpty);
            return copy;
        }
    }

    [Fact]
    public void TheOrderOfMembersDoesNotMatter()
    {
        Random random = new(1);
        Value[] numbers = [.. Enumerable.Range(0, 100).Select(i => Value.OfInt(i * 7))];
        Value first = Set([.. numbers]);
        for (int i = 0; i < 20; i++)
        {
            random.Shuffle(numbers);
            Value other = Set([.. numbers]);
            Assert.True(Equality.AreEqual(first, other));
            Assert.Equal(Hashing.Of(first), Hashing.Of(other));
        }
    }

    [Fact]
    public void MembersAreComparedAsValuesAre()
    {
        Value one = Set(Value.OfInt(1), Value.Of(2.0), _bench.Text("x"));
        Assert.True(Equality.AreEqual(one, Set(Value.True, Value.OfInt(2), _bench.Text("x"))));
        Assert.False(Equality.AreEqual(one, Set(Value.True, Value.OfInt(2), _bench.Text("y"))));
        Assert.False(Equality.AreEqual(one, Set(Value.True, Value.OfInt(2))));
        Assert.True(Equality.AreEqual(Set(), Set()));
        Assert.True(Equality.AreEqual(Set(Set(Value.OfInt(1))), Set(Set(Value.True))));
    }

    [Fact]
    public void ThoseWithOneHashAreToldApart()
    {
        // Text and bytes bring their hash along.
        Value text = _bench.Text("x");
        Value bytes = _bench.Bytes((byte)'x');
        Value one = Value.OfInt(1);
        Assert.Equal(Hashing.Of(text), Hashing.Of(bytes));
        Assert.True(Equality.AreEqual(Set(text, one, bytes), Set(bytes, one, text)));
        Assert.False(Equality.AreEqual(Set(text, one), Set(bytes, one)));
    }

    [Fact]
    public void ASetIsNoTupleAndHasNoPlaceInAnOrder()
    {
        Assert.False(Equality.AreEqual(Set(Value.OfInt(1)), _bench.Tuple(Value.OfInt(1))));
        Assert.Equal(OrderingClass.None, Ordering.ClassOf(Set(Value.OfInt(1))));
        Assert.Equal(OrderingClass.None, Ordering.ClassOf(_bench.Tuple(Set())));
    }

    [Fact]
    public void NestingHasTheLimitOfTuples()
    {
        Value deep = Set();
        for (int i = 1; i < TupleBlob.MaximumDepth; i++) deep = Set(deep);
        Assert.Equal(TupleBlob.MaximumDepth, TupleBlob.DepthOf(deep));
        Assert.True(TupleBlob.CreateSet(_bench.Me, _bench.Heap, &deep, 1).IsEmpty);
    }
}

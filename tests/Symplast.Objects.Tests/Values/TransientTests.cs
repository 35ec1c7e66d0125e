using System.Text;
using Symplast.Memory;
using Xunit;
using MapOps = Symplast.Objects.OrderedMap;

namespace Symplast.Objects.Tests.Values;

/// <summary>
/// Values that are made for one lookup: they find what equal stored ones find, take nothing of a pool, and are freed whole.
/// </summary>
public sealed unsafe class TransientTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("transient");
    readonly PoolHeap* _heap;

    public TransientTests() => _heap = _pool.LiveHeap();

    public void Dispose()
    {
        _pool.Delete();
        Epoch.Leave(_me);
    }

    Value Text(PoolHeap* heap, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        fixed (byte* data = utf8) return Blob.Create(_me, heap, ValueKind.Text, data, (nuint)utf8.Length, Hashing.OfBytes(utf8));
    }

    Value Pair(PoolHeap* heap, Value first, Value second)
    {
        Value* items = stackalloc Value[2] { first, second };
        return TupleBlob.Create(_me, heap, items, 2);
    }

    [Fact]
    public void ATransientTupleFindsAnEqualKey()
    {
        OrderedMap* map = MapOps.Create(_me, _heap);
        Epoch.Enter(_me);
        Value stored = Pair(_heap, Pair(_heap, Value.OfInt(1), Text(_heap, "é")), Text(_heap, "key"));
        Assert.Equal(Status.Done, MapOps.Set(_me, map, Probe.Of(stored), Value.OfInt(5)));
        Reference.Drop(_me, stored);
        Epoch.Exit(_me);
        long blocks = Heap.LiveBlocks(_heap);
        Value sought = Pair(null, Pair(null, Value.Of(1.0), Text(null, "é")), Text(null, "key"));
        Assert.Equal(Status.Done, MapOps.Get(_me, map, Probe.Of(sought), out Value found));
        Assert.Equal(5, found.Int);
        Assert.True(Transient.Free(ref sought).IsEmpty);
        Assert.True(sought.IsEmpty);
        Assert.Equal(blocks, Heap.LiveBlocks(_heap));
    }

    [Fact]
    public void LiveObjectsInATransientTupleAreGivenBackOneByOne()
    {
        OrderedMap* map = MapOps.Create(_me, _heap);
        Value held = Value.Of((Header*)map);
        Value tuple = Pair(null, held, Pair(null, Text(null, "text"), held));
        int given = 0;
        while (Transient.Free(ref tuple) is { IsEmpty: false } one)
        {
            Assert.Equal(held, one);
            given++;
        }
        Assert.Equal(2, given);
        Assert.True(tuple.IsEmpty);
    }
}

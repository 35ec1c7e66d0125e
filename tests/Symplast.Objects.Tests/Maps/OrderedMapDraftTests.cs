using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Maps that get many entries at once.</summary>
public sealed unsafe class OrderedMapDraftTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("drafts");

    public OrderedMapDraftTests() => Epoch.Enter(_me);

    public void Dispose()
    {
        Epoch.Exit(_me);
        long live = Heap.LiveBlocks(_heap);
        Epoch.Leave(_me);
        Assert.Equal(0, live);
    }

    // Beyond what is inline, so that keys and values are counted.
    Value Counted(long number) => Sum.OfInteger(_me, _heap, (1L << 60) + number);

    MapDraft Draft<THook>(OrderedMap* map, int first, int count, int room) where THook : struct, IInterleaving
    {
        Assert.Equal(Status.Done, OrderedMap<THook>.BeginDraft(_me, map, (ulong)room, out MapDraft draft));
        for (int i = first; i < first + count; i++)
        {
            Value key = Counted(i);
            Assert.True(OrderedMap<THook>.Find(draft, Probe.Of(key)) == null);
            Assert.True(OrderedMap<THook>.Append(_me, map, ref draft, Hashing.Of(key), key, Counted(1000 + i)));
            Assert.True(*OrderedMap<THook>.Find(draft, Probe.Of(key)) != key);
        }
        return draft;
    }

    void Check<THook>(OrderedMap* map, params int[] numbers) where THook : struct, IInterleaving
    {
        Assert.True(OrderedMap<THook>.IsValid(_me, map));
        Value* keys = stackalloc Value[64];
        Value* values = stackalloc Value[64];
        List<string> found = [], expected = [];
        OrderedMap<THook>.Start(_me, map, out OrderedMapCursor cursor);
        while (OrderedMap<THook>.Next(_me, map, ref cursor, keys, values, 64, out int count) == Status.Done && count > 0)
        {
            for (int i = 0; i < count; i++) found.Add(Name(keys[i]) + Name(values[i]));
        }
        foreach (int number in numbers)
        {
            Value key = Counted(number), value = Counted(1000 + number);
            expected.Add(Name(key) + Name(value));
            Reference.Drop(_me, key);
            Reference.Drop(_me, value);
        }
        Assert.Equal(expected, found);
    }

    static string Name(Value value) => Convert.ToHexString(Blob.Bytes(value));

    void Drop(OrderedMap* map) => Reference.Drop(_me, Value.Of((Header*)map));

    void Set<THook>(OrderedMap* map, int number) where THook : struct, IInterleaving
    {
        Value key = Counted(number), value = Counted(1000 + number);
        Assert.Equal(Status.Done, OrderedMap<THook>.Set(_me, map, Probe.Of(key), value));
        Reference.Drop(_me, key);
        Reference.Drop(_me, value);
    }

    void Remove<THook>(OrderedMap* map, int number) where THook : struct, IInterleaving
    {
        Value key = Counted(number);
        Assert.Equal(Status.Done, OrderedMap<THook>.Remove(_me, map, Probe.Of(key), out _));
        Reference.Drop(_me, key);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(1000)]
    [InlineData(1024)]
    [InlineData(9000)]
    public void AMapThatWasFilledIsLikeOneThatGrew(int count)
    {
        LikeOneThatGrew<Uninterrupted>(count);
        if (count < 1000) LikeOneThatGrew<Tiny>(count);
    }

    void LikeOneThatGrew<THook>(int count) where THook : struct, IInterleaving
    {
        OrderedMap* map = OrderedMap<THook>.Create(_me, _heap);
        // Sequence numbers do not begin with 0.
        Set<THook>(map, 70_000);
        Remove<THook>(map, 70_000);
        MapDraft draft = Draft<THook>(map, 0, count, count);
        Assert.Equal((uint)count, draft.Count);
        OrderedMap<THook>.Start(_me, map, out OrderedMapCursor before);
        Assert.Equal(Status.Done, OrderedMap<THook>.Publish(_me, map, ref draft));
        Assert.False(draft.Exists);
        Check<THook>(map, [.. Enumerable.Range(0, count)]);
        Value* some = stackalloc Value[128];
        OrderedMap<THook>.Next(_me, map, ref before, some, some + 64, 64, out int seen);
        Assert.Equal(0, seen);
        for (int i = 0; i < 40; i++) Set<THook>(map, count + i);
        Remove<THook>(map, 0);
        Set<THook>(map, 0);
        Check<THook>(map, [.. Enumerable.Range(1, count + 39), 0]);
        OrderedMap<THook>.Clear(_me, map);
        Set<THook>(map, 5);
        Check<THook>(map, 5);
        Drop(map);
    }

    [Fact]
    public void ThereMayBeFewerThanThereIsRoomFor()
    {
        OrderedMap* map = OrderedMap<Uninterrupted>.Create(_me, _heap);
        MapDraft draft = Draft<Uninterrupted>(map, 0, 20, 500);
        OrderedMap<Uninterrupted>.Publish(_me, map, ref draft);
        for (int i = 20; i < 700; i++) Set<Uninterrupted>(map, i);
        Check<Uninterrupted>(map, [.. Enumerable.Range(0, 700)]);
        Drop(map);
    }

    [Fact]
    public void MoreThanThereIsRoomForAreRefused()
    {
        OrderedMap* map = OrderedMap<Uninterrupted>.Create(_me, _heap);
        foreach (int room in (int[])[1, 4, 20])
        {
            MapDraft draft = Draft<Uninterrupted>(map, 0, room, room);
            Assert.False(OrderedMap<Uninterrupted>.Append(_me, map, ref draft, 1, Value.None, Value.None));
            OrderedMap<Uninterrupted>.Discard(_me, ref draft);
            Assert.False(draft.Exists);
        }
        Check<Uninterrupted>(map);
        Drop(map);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(50)]
    public void AMapThatIsNotEmptyAnyMoreGetsThemOneByOne(int count)
    {
        OrderedMap* map = OrderedMap<Uninterrupted>.Create(_me, _heap);
        MapDraft draft = Draft<Uninterrupted>(map, 0, count, count);
        Set<Uninterrupted>(map, 3);
        Assert.Equal(Status.Missing, OrderedMap<Uninterrupted>.Publish(_me, map, ref draft));
        Assert.Equal(Status.Missing, OrderedMap<Uninterrupted>.BeginDraft(_me, map, 5, out _));
        Assert.Equal(Status.Done, OrderedMap<Uninterrupted>.Spill(_me, map, ref draft));
        Assert.False(draft.Exists);
        Check<Uninterrupted>(map, [3, .. Enumerable.Range(0, count).Where(number => number != 3)]);
        Drop(map);
    }

    [Fact]
    public void OneThatWasDeletedGetsNothing()
    {
        OrderedMap* map = OrderedMap<Uninterrupted>.Create(_me, _heap);
        MapDraft draft = Draft<Uninterrupted>(map, 0, 40, 40);
        OrderedMap<Uninterrupted>.Delete(_me, map);
        Assert.Equal(Status.Deleted, OrderedMap<Uninterrupted>.Publish(_me, map, ref draft));
        OrderedMap<Uninterrupted>.Discard(_me, ref draft);
        Assert.Equal(Status.Deleted, OrderedMap<Uninterrupted>.BeginDraft(_me, map, 5, out _));
        Drop(map);
    }
}

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

    MapDraft Draft(OrderedMap* map, int first, int count, int room)
    {
        Assert.Equal(Status.Done, MapDraft.Begin(_me, map, (ulong)room, out MapDraft draft));
        for (int i = first; i < first + count; i++)
        {
            Value key = Counted(i);
            Assert.True(MapDraft.Find(draft, Probe.Of(key)) == null);
            Assert.True(MapDraft.Append(_me, map, ref draft, Hashing.Of(key), key, Counted(1000 + i)));
            Assert.True(*MapDraft.Find(draft, Probe.Of(key)) != key);
        }
        return draft;
    }

    void Check(OrderedMap* map, params int[] numbers)
    {
        Assert.True(MapCheck.IsValid(_me, map));
        List<string> found = [], expected = [];
        Assert.Equal(Status.Done, OrderedMap.Count(_me, map, out ulong count));
        Value[] all = new Value[2 * count];
        fixed (Value* items = all) Assert.Equal(count, PrivateSnapshots.TakeAll(map->Root, items, items + 1, 2, count));
        for (ulong i = 0; i < count; i++) found.Add(Name(all[2 * i]) + Name(all[2 * i + 1]));
        foreach (Value each in all) Reference.Drop(_me, each);
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

    void Set(OrderedMap* map, int number)
    {
        Value key = Counted(number), value = Counted(1000 + number);
        Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Probe.Of(key), value));
        Reference.Drop(_me, key);
        Reference.Drop(_me, value);
    }

    void Remove(OrderedMap* map, int number)
    {
        Value key = Counted(number);
        Assert.Equal(Status.Done, OrderedMap.Remove(_me, map, Probe.Of(key), out _));
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
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        // Sequence numbers do not begin with 0.
        Set(map, 70_000);
        Remove(map, 70_000);
        MapDraft draft = Draft(map, 0, count, count);
        Assert.Equal((uint)count, draft.Count);
        Assert.Equal(Status.Done, MapDraft.Publish(_me, map, ref draft));
        Assert.False(draft.Exists);
        Check(map, [.. Enumerable.Range(0, count)]);
        for (int i = 0; i < 40; i++) Set(map, count + i);
        Remove(map, 0);
        Set(map, 0);
        Check(map, [.. Enumerable.Range(1, count + 39), 0]);
        OrderedMap.Clear(_me, map);
        Set(map, 5);
        Check(map, 5);
        Drop(map);
    }

    [Fact]
    public void ThereMayBeFewerThanThereIsRoomFor()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        MapDraft draft = Draft(map, 0, 20, 500);
        MapDraft.Publish(_me, map, ref draft);
        for (int i = 20; i < 700; i++) Set(map, i);
        Check(map, [.. Enumerable.Range(0, 700)]);
        Drop(map);
    }

    [Fact]
    public void MoreThanThereIsRoomForAreRefused()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        foreach (int room in (int[])[1, 4, 20])
        {
            MapDraft draft = Draft(map, 0, room, room);
            Assert.False(MapDraft.Append(_me, map, ref draft, 1, Value.None, Value.None));
            MapDraft.Discard(_me, ref draft);
            Assert.False(draft.Exists);
        }
        Check(map);
        Drop(map);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(50)]
    public void AMapThatIsNotEmptyAnyMoreGetsThemOneByOne(int count)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        MapDraft draft = Draft(map, 0, count, count);
        Set(map, 3);
        Assert.Equal(Status.Missing, MapDraft.Publish(_me, map, ref draft));
        Assert.Equal(Status.Missing, MapDraft.Begin(_me, map, 5, out _));
        Assert.Equal(Status.Done, MapDraft.Spill(_me, map, ref draft));
        Assert.False(draft.Exists);
        Check(map, [3, .. Enumerable.Range(0, count).Where(number => number != 3)]);
        Drop(map);
    }

    [Fact]
    public void OneThatWasDeletedGetsNothing()
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        MapDraft draft = Draft(map, 0, 40, 40);
        OrderedMap.Delete(_me, map);
        Assert.Equal(Status.Deleted, MapDraft.Publish(_me, map, ref draft));
        MapDraft.Discard(_me, ref draft);
        Assert.Equal(Status.Deleted, MapDraft.Begin(_me, map, 5, out _));
        Drop(map);
    }
}

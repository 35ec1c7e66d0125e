using System.Diagnostics;
using System.Text;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>A debug build finds what is damaged when the state changes next. What was damaged is not used afterwards.</summary>
public sealed unsafe class InvariantsTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("invariants");
    readonly PoolHeap* _heap;

    public InvariantsTests() => _heap = _pool.LiveHeap();

    public void Dispose()
    {
        Epoch.ExitAll(_me);
        _pool.Delete();
        Epoch.Leave(_me);
    }

    static void Breaks(string walk, Action change) =>
        Assert.Contains(walk, Assert.Throws<UnreachableException>(change).Message);

    static Probe Key(int i) => Probe.Of(Value.OfInt(i));

    OrderedMap* Map(int count)
    {
        OrderedMap* map = OrderedMap.Create(_me, _heap);
        for (int i = 0; i < count; i++) Assert.Equal(Status.Done, OrderedMap.Set(_me, map, Key(i), Value.None));
        return map;
    }

    void Fill(OrderedMap* map, int from, int end)
    {
        for (int i = from; i < end; i++) OrderedMap.Set(_me, map, Key(i), Value.None);
    }

    [Fact]
    public void ASmallTableOutOfOrderIsFoundWhenItGrows()
    {
        OrderedMap* map = Map(2);
        SmallTable.Sequences((SmallTable*)map->Root)[0] = 1000;
        Breaks("IsSmallValid", () => Fill(map, 2, SmallTable.Most));
    }

    [Fact]
    public void ALogOutOfOrderIsFoundByCompaction()
    {
        OrderedMap* map = Map(100);
        OrderedMap.Remove(_me, map, Key(1), out _);
        Log.EntryAt(LargeTable.OfRoot(map->Root), 50)->Sequence = 1000;
        Breaks("IsNewValid", () => Compaction.Run(_me, map));
    }

    [Fact]
    public void ASegmentThatCountsWrongIsFoundByPacking()
    {
        OrderedMap* map = Map(300);
        LargeTable* large = LargeTable.OfRoot(map->Root);
        int segment = Log.SegmentOf(200);
        Segment* head = Log.HeadOf(large, Log.SegmentAt(large, segment), segment);
        head->Dead--;
        Breaks("IsPackedValid", () =>
        {
            for (uint i = 0; i < head->Count - 1; i++) OrderedMap.Remove(_me, map, Key((int)(head->First + i)), out _);
        });
    }

    [Fact]
    public void AShardWithAStrayEntryIsFoundWhenItIsReplaced()
    {
        OrderedMap* map = Map(17);
        Shard* shard = ShardDirectory.ShardOf(ShardIndex.ItemOf(LargeTable.OfRoot(map->Root), 0));
        shard->Depth = 1;
        shard->Prefix = 2;
        Breaks("HasCounts", () => Fill(map, 17, 1000));
    }

    [Fact]
    public void AWrongTagIsFoundWhenItsLeafIsCut()
    {
        SortedMap* map = SortedMap.Create(_me, _heap);
        Assert.Equal(Status.Done, SortedMap.Set(_me, map, Key(0), Value.None));
        ((SortedLeaf*)map->Root)->Tags[0] ^= 0x80;
        Breaks("Validity.IsValid", () =>
        {
            for (int i = 1; i < 100; i++) SortedMap.Set(_me, map, Key(i), Value.None);
        });
    }

    [Fact]
    public void AnElementThatIsGoneIsFoundWhenARootIsPublished()
    {
        Epoch.Enter(_me);
        SharedVector* vector = SharedVector.Create(_me, _heap);
        Epoch.Exit(_me);
        for (int i = 0; i < 3; i++) Assert.Equal(Status.Done, SharedVector.Append(_me, vector, Value.OfInt(i)));
        *VectorRoot.PlaceOf(vector->Root, VectorRoot.FirstOf(vector->Root->Bounds)) = default;
        Breaks("IsFilled", () => SharedVector.Reverse(_me, vector));
    }

    [Fact]
    public void AnAttributeWithoutAValueIsFoundByTheNextChangeOfShape()
    {
        Epoch.Enter(_me);
        Record* record = Record.Create(_me, _heap, Symplast.Objects.Shapes.CreateTree(_me, _heap));
        Epoch.Exit(_me);
        Assert.Equal(Status.Done, NamedAttributes.Set(_me, record, Name("first"), Value.None));
        RecordBody.Slots(record->Body)[0] = default;
        Breaks("HasItsShape", () => NamedAttributes.Set(_me, record, Name("second"), Value.None));
    }

    Probe Name(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Epoch.Enter(_me);
        fixed (byte* start = bytes)
        {
            Value name = Blob.Create(_me, _heap, ValueKind.Text, start, (nuint)bytes.Length, Hashing.OfBytes(bytes));
            Epoch.Exit(_me);
            return Probe.Of(name);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text;
using CsCheck;
using Symplast.Memory;
using Xunit;

using Map = Symplast.Objects.SortedMap;

namespace Symplast.Objects.Tests;

/// <summary>Trees of nodes as large as the product's.</summary>
public sealed unsafe class SortedMapShapeTests : IDisposable
{
    const int Keys = 4000;

    readonly SortedMapFixture _fixture = new();
    readonly Participant* _me;
    readonly SortedMap* _map;

    public SortedMapShapeTests()
    {
        _me = _fixture.Me;
        _map = Map.Create(_me, _fixture.PoolHeap);
        Epoch.Enter(_me);
    }

    public void Dispose()
    {
        Reference.Drop(_me, &_map->Object.Head);
        Epoch.Exit(_me);
        _fixture.Dispose();
    }

    public enum Order
    {
        Ascending,
        Descending,
        Shuffled,
    }

    static int[] Numbers(Order order)
    {
        int[] numbers = [.. Enumerable.Range(0, Keys)];
        if (order == Order.Descending) Array.Reverse(numbers);
        if (order == Order.Shuffled) new Random(1).Shuffle(numbers);
        return numbers;
    }

    [Theory]
    [InlineData(Order.Ascending, 13)]
    [InlineData(Order.Descending, 13)]
    [InlineData(Order.Shuffled, 8)]
    public void LeavesAreFullWhereKeysComeInOrder(Order order, int least)
    {
        foreach (int number in Numbers(order))
            Assert.Equal(Status.Done, Map.Set(_me, _map, SortedMapFixture.Key(number), Value.OfInt(number)));
        Assert.Null(Validity.Check(_me, _map));
        int leaves = Leaves((SortedNode*)_map->Root);
        Assert.InRange(leaves, 1, Keys / least + 1);
    }

    [Fact]
    public void ALookupReadsTwoCacheLinesOfALeafAndWhoReplacesAValueWritesFewOfThem()
    {
        SortedLeaf leaf = default;
        SortedInner inner = default;
        byte* start = (byte*)&leaf;
        int Line(void* at) => (int)((byte*)at - start) / 64;
        Assert.Equal(384, sizeof(SortedLeaf));
        Assert.Equal((0, 0), (Line(&leaf.Node.Order), Line(leaf.Tags + SortedLeaf.Places)));
        for (int place = 0; place < SortedLeaf.Places; place++)
        {
            int line = Line(Unsafe.AsPointer(ref SortedLeaf.Key(&leaf, place)));
            Assert.Equal(line, Line(Unsafe.AsPointer(ref SortedLeaf.Value(&leaf, place))));
            Assert.Equal(place >= SortedLeaf.Places - 2, line == Line(&leaf.Lock));
            Assert.NotEqual(0, line);
        }
        SortedGroup group = default;
        Assert.Equal((nint)group.Children, (nint)SortedInner.Slot(group.Digests));
        Assert.Equal((128, 192), (sizeof(SortedInner), sizeof(SortedGroup)));
        Assert.Equal(32, (byte*)inner.Heads - (byte*)&inner);
    }

    [Fact]
    public void APlaceIsFoundInAnOrderWhereverItIs() =>
        Gen.Int[0, SortedLeaf.Places - 1].Array[0, SortedLeaf.Places].Sample(drawn =>
    {
        int[] places = [.. drawn.Distinct()];
        ulong order = LeafOrder.First(0);
        // Filled in ascending order, each at the position that makes the drawn order in the end; then those go that were not
        // drawn.
        List<int> model = [];
        for (int place = 0; place < SortedLeaf.Places; place++)
        {
            int rank = Array.IndexOf(places, place);
            int position = rank < 0
                ? model.Count : model.Count(other => Array.IndexOf(places, other) is >= 0 and int at && at < rank);
            order = LeafOrder.Inserted(order, position);
            model.Insert(position, place);
        }
        for (int place = 0; place < SortedLeaf.Places; place++)
        {
            if (places.Contains(place)) continue;
            order = LeafOrder.Removed(order, model.IndexOf(place));
            model.Remove(place);
        }
        for (int place = 0; place < 16; place++)
        {
            int position = LeafOrder.PositionOf(order, place);
            Assert.Equal(places.Contains(place), position < LeafOrder.Count(order));
            Assert.Equal(places.Contains(place), LeafOrder.Holds(order, place));
            if (position < LeafOrder.Count(order)) Assert.Equal(place, LeafOrder.Place(order, position));
        }
    });

    [Fact]
    public void DigestsAreComparedAlikeOnAllProcessors()
    {
        if (!Sse42.IsSupported) return;
        long[] some = [long.MinValue, long.MinValue + 1, -1L << 32, -2, -1, 0, 1, 0x7FFF_FFFF, 0x8000_0000, 1L << 32,
            long.MaxValue - 1, long.MaxValue];
        foreach (long left in some)
        {
            foreach (long right in some)
            {
                Vector128<long> above = AnyOrder.Above(Vector128.Create(left), Vector128.Create(right, left));
                Assert.Equal(Vector128.Create(left > right ? -1L : 0, 0), above);
                Assert.Equal(above, Sse42Order.Above(Vector128.Create(left), Vector128.Create(right, left)));
            }
        }
    }

    static int Leaves(SortedNode* node)
    {
        if (node->Level == 0) return 1;
        SortedInner* inner = (SortedInner*)node;
        int leaves = 0;
        for (int i = 0; i < inner->Count; i++) leaves += Leaves((SortedNode*)*SortedInner.Slot(inner, i));
        return leaves;
    }

    [Theory]
    [InlineData(Order.Ascending)]
    [InlineData(Order.Descending)]
    [InlineData(Order.Shuffled)]
    public void NumbersAreFoundInLargeNodes(Order order) =>
        FindsAll(order, (number, use) => use(SortedMapFixture.Key(number)), key => (int)key.Int);

    [Theory]
    [InlineData(Order.Ascending, "")]
    [InlineData(Order.Descending, "a common beginning/")]
    [InlineData(Order.Shuffled, "a common beginning/")]
    public void TextsAreFoundInLargeNodes(Order order, string beginning) =>
        FindsAll(order, (number, use) => UseText(beginning + number.ToString("00000000"), use), key =>
            int.Parse(key.ToString().Trim('\'')[^8..]));

    [Fact]
    public void TextsOfManyLengthsAreFoundInLargeNodes() =>
        FindsAll(Order.Shuffled, (number, use) => UseText(new string('x', number), use), key => (int)Blob.LengthOf(key));

    [Fact]
    public void AMapIsEmptiedFromBothEnds()
    {
        foreach (int number in Numbers(Order.Ascending))
            Assert.Equal(Status.Done, Map.Set(_me, _map, SortedMapFixture.Key(number), Value.OfInt(number)));
        for (int i = 0; i < Keys / 2; i++)
        {
            Assert.Equal(Status.Done, Map.PopMin(_me, _map, default, out Value least, out _));
            Assert.Equal(Status.Done, Map.PopMax(_me, _map, default, out Value greatest, out _));
            Assert.Equal((i, Keys - 1 - i), ((int)least.Int, (int)greatest.Int));
            if (i % 10 == 0) Assert.Null(Validity.Check(_me, _map));
        }
        Assert.Equal(Status.Missing, Map.PopMin(_me, _map, default, out _, out _));
        Assert.Equal(0, ((SortedNode*)_map->Root)->Level);
    }

    delegate void Use(in Probe key);

    static void UseText(string text, Use use)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* data = bytes) use(Probe.Text(data, (nuint)bytes.Length, Hashing.OfBytes(bytes)));
    }

    // As if a snapshot were made between a removal and the merging that follows it.
    [Fact]
    public void ASnapshotOfLeavesThatAreSparseForAMomentIsRight()
    {
        for (int number = 0; number < 100; number++)
            Assert.Equal(Status.Done, Map.Set(_me, _map, SortedMapFixture.Key(number), Value.OfInt(number)));
        for (int number = 0; number < 100; number++)
        {
            if (number % 10 == 0) continue;
            HeapDebug.FailAt(1);
            Assert.Equal(Status.Done, Map.Remove(_me, _map, SortedMapFixture.Key(number), out _));
            HeapDebug.FailAt(0);
        }
        Assert.Contains("too sparse", Validity.Check(_me, _map));
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => 10L * i), SortedMapFixture.Entries(_me, _map).Select(entry => entry.Key.Int));
    }

    // Even numbers are there, odd ones are not.
    void FindsAll(Order order, Action<int, Use> with, Func<Value, int> numberOf)
    {
        foreach (int number in Numbers(order))
        {
            if (number % 2 == 0)
                with(number, (in key) => Assert.Equal(Status.Done, Map.Set(_me, _map, key, Value.OfInt(number))));
        }
        Assert.Null(Validity.Check(_me, _map));
        FindsAll(_map, with, numberOf);
        // Trees that are built from many entries at once; keys of these kinds only.
        SortedEntry[] entries = [.. SortedMapFixture.Entries(_me, _map)];
        SortedMap* filled = Map.Create(_me, Heap.Of(_map));
        foreach (SortedEntry entry in entries) Reference.Take(entry.Key);
        Status status;
        fixed (SortedEntry* start = entries) status = Map.Fill(_me, filled, start, entries.Length);
        if (status == Status.Done)
        {
            Assert.Null(Validity.Check(_me, filled));
            FindsAll(filled, with, numberOf);
        }
        else foreach (SortedEntry entry in entries) Reference.Drop(_me, entry.Key);
        Reference.Drop(_me, &filled->Object.Head);
        for (int number = 0; number < Keys; number += 2)
        {
            if (number % 20 != 0) with(number, (in key) => Assert.Equal(Status.Done, Map.Remove(_me, _map, key, out _)));
        }
        Assert.Null(Validity.Check(_me, _map));
        for (int number = 0; number < Keys; number += 2)
        {
            Status expected = number % 20 == 0 ? Status.Done : Status.Missing;
            with(number, (in key) => Assert.Equal(expected, Map.Get(_me, _map, key, out _)));
        }
    }

    void FindsAll(SortedMap* map, Action<int, Use> with, Func<Value, int> numberOf)
    {
        for (int number = 1; number < Keys - 1; number++)
        {
            int below = number - number % 2, above = number + number % 2;
            with(number, (in key) =>
            {
                Assert.Equal(number % 2 == 0 ? Status.Done : Status.Missing, Map.Get(_me, map, key, out _));
                Assert.Equal(Status.Done, Map.Floor(_me, map, key, out Value found, out _));
                Assert.Equal(below, numberOf(found));
                Assert.Equal(Status.Done, Map.Ceiling(_me, map, key, out found, out _));
                Assert.Equal(above, numberOf(found));
                Assert.Equal(Status.Done, Map.Lower(_me, map, key, out found, out _));
                Assert.Equal(number % 2 == 0 ? number - 2 : number - 1, numberOf(found));
            });
        }
    }
}

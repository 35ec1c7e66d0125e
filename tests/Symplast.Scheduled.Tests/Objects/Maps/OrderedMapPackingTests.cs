using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using MapOps = Symplast.Objects.OrderedMap;

namespace Symplast.Objects.Tests;

/// <summary>
/// All schedules, within a bound, of a segment of four entries that is packed while others use the map: with one entry removed,
/// the removal of a second packs it, that of a third packs it again, and that of the last drops it.
/// </summary>
public sealed unsafe class OrderedMapPackingTests : IDisposable
{
    // Adds operations that compare, change and take values.
    sealed class Map : OrderedMapWholeTests.Map
    {
        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            OrderedMap* map = (OrderedMap*)structure;
            Value value;
            switch (words[0])
            {
                case "cas":
                    return MapOps.CompareExchange(
                        me, map, Key(words[1]), Key(words[2]), Value.OfInt(long.Parse(words[3])), out value) == Status.Done
                        ? "done" : value.IsInt ? $"{value.Int}" : "none";
                case "add":
                    return MapOps.Add(me, map, Key(words[1]), Value.OfInt(1), out value) == Status.Done ? $"{value.Int}" : "none";
                case "take":
                    return MapOps.Take(me, map, Key(words[1]), out value) == Status.Done ? $"{value.Int}" : "none";
                default:
                    return base.CarryOut(me, structure, words);
            }
        }

        protected override string Model(ref string state, string[] words)
        {
            if (words[0] is not ("cas" or "add" or "take")) return base.Model(ref state, words);
            string current = base.Model(ref state, ["get", words[1]]);
            if (words[0] == "add")
            {
                string sum = current == "none" ? "1" : $"{int.Parse(current) + 1}";
                base.Model(ref state, ["set", words[1], sum]);
                return sum;
            }
            if (words[0] == "take") return base.Model(ref state, ["remove", words[1]]);
            if (current != words[2]) return current;
            base.Model(ref state, ["set", words[1], words[3]]);
            return "done";
        }
    }

    // Ids 4 to 7 are one segment: whole with 4 removed; packed; packed, with entries after it whose segment the next insertion
    // but one leaves behind.
    const string Whole = "0=0 1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 4=x";
    const string Packed = "0=0 1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 4=x 7=x";
    const string Last = "0=0 1=1 2=2 3=3 4=4 5=5 6=6 7=7 4=x 5=x";

    readonly Map _map = new();

    public void Dispose() => Interleaving.Omitted = null;

    public static TheoryData<string, string> Programs()
    {
        string[] programs =
        [
            "get 6; get 5", "set 6 60; get 6", "cas 6 6 60; get 6", "add 6 1; add 6 1", "remove 6; get 6", "remove 6; set 6 60",
                "take 6; get 6", "remove 5; set 5 50",
            "remove 6; remove 7", "set 20 1; get 6; set 6 60", "first; last", "count; get 6; count", "keys; set 6 60", "once",
                "all; set 6 60",
            "set 6 60; all", "clear; set 6 60", "compact; set 6 60",
        ];
        TheoryData<string, string> data = [];
        foreach (string program in programs)
        {
            data.Add(Whole, "remove 5; get 5 | " + program);
            data.Add(Packed, "remove 5; get 6 | " + program);
            data.Add(Last, "set 20 1; get 6 | " + program);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void PackingChangesNothingForAnyone(string state, string programs) => _map.Explore(state, programs, random: 20);

    [Theory]
    [InlineData("remove 5 | set 6 60; get 6 | all")]
    [InlineData("remove 5 | remove 6 | set 6 60; get 7")]
    [InlineData("remove 5; remove 6 | add 7 1; add 7 1 | add 7 1; all")]
    [InlineData("remove 5; remove 6 | remove 7; set 7 70 | count; get 7; count")]
    [InlineData("all | remove 5; set 6 60 | remove 6; set 7 70")]
    [InlineData("all | all | remove 5; remove 6")]
    [InlineData("remove 5; get 7 | clear; set 7 70 | set 7 71; get 7")]
    public void ThreeThreadsSeeOneMap(string programs)
    {
        foreach (string state in (string[])[Whole, Packed, Last]) _map.Explore(state, programs, preemptions: 1, random: 40);
    }

    [Theory]
    [InlineData(OrderedMapFault.ValueIsCopied, Whole, "remove 5 | set 6 60; get 6")]
    [InlineData(OrderedMapFault.ValueIsCopied, Packed, "remove 5 | add 6 1")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, Whole, "remove 5 | get 6")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, Whole, "remove 5 | cas 6 6 60")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, Whole, "remove 5 | all")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, Whole, "remove 5 | keys")]
    [InlineData(OrderedMapFault.RemovalsAreCountedEarly, Whole, "remove 5 | remove 6")]
    [InlineData(OrderedMapFault.SegmentIsPackedTwice, Whole, "remove 5 | remove 6")]
    [InlineData(OrderedMapFault.NothingIsPreserved, Whole, "all | remove 5; set 6 60")]
    internal void ALeftOutStepIsFound(OrderedMapFault fault, string state, string programs)
    {
        Interleaving.Omitted = fault;
        Assert.Throws<ScheduleFailedException>(() => _map.Explore(state, programs, random: 5000));
    }

    // Texts of the pool, so that a reference that is lost or dropped twice shows in the number of blocks.
    [Theory]
    [InlineData("clear")]
    [InlineData("delete")]
    public void WhatIsGivenUpMeanwhileIsReleasedOnce(string end) => ExploreEnd(end);

    [Fact]
    internal void PackingOfWhatIsGivenUpIsFound()
    {
        Interleaving.Omitted = OrderedMapFault.GivenUpIsPacked;
        Assert.Throws<ScheduleFailedException>(() => ExploreEnd("delete"));
    }

    static void ExploreEnd(string end)
    {
        PoolHeap* heap = CheckedHeap.Create("packing");
        Arrange arrange = me =>
        {
            OrderedMap* map = MapOps.Create(me, heap);
            for (int i = 0; i < 9; i++) Put(me, heap, map, i, i);
            MapOps.Remove(me, map, Key(4), out _);
            return new Trial(
                [
                    mine =>
                    {
                        // Keeps the map from being freed for as long as the caller has it in hand.
                        Epoch.Enter(mine);
                        Assert.True(MapOps.Remove(mine, map, Key(5), out _) is Status.Done or Status.Missing or Status.Deleted);
                        Put(mine, heap, map, 6, 60);
                        Epoch.Exit(mine);
                    },
                    mine =>
                    {
                        Epoch.Enter(mine);
                        if (end == "clear") Assert.Equal(Status.Done, MapOps.Clear(mine, map));
                        else Assert.Equal(Status.Done, MapOps.Delete(mine, map));
                        Epoch.Exit(mine);
                    },
                ],
                mine =>
                {
                    Epoch.Enter(mine);
                    Reference.Drop(mine, &map->Object.Head);
                    Epoch.Exit(mine);
                    Assert.Equal(0, Heap.LiveBlocks(heap));
                });
        };
        new Explorer { Preemptions = 2, ScheduleLimit = 4000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 400, seed: 1);
    }

    static Probe Key(int key) => Probe.Of(Value.OfInt(key));

    static void Put(Participant* me, PoolHeap* heap, OrderedMap* map, int key, int value)
    {
        Epoch.Enter(me);
        Value text = Blob.Create(me, heap, ValueKind.Text, (byte*)&value, sizeof(int), (ulong)value);
        Assert.True(MapOps.Set(me, map, Key(key), text) is Status.Done or Status.Deleted);
        Reference.Drop(me, text);
        Epoch.Exit(me);
    }
}

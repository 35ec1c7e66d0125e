using Symplast.Memory;
using Xunit;
using MapOps = Symplast.Objects.OrderedMap;

namespace Symplast.Objects.Tests;

public sealed unsafe class OrderedMapCompactionTests : IDisposable
{
    const int Keys = 2000;

    readonly Pool _pool = Pool.Create("compaction");

    public void Dispose() => _pool.Delete();

    [Fact]
    public void KeysThatArePresentThroughoutAreSeenWhileTheMapIsCompacted()
    {
        const int Compactions = 1500;
        PoolHeap* heap = _pool.LiveHeap();
        Participant* owner = Epoch.Join();
        OrderedMap* map = MapOps.Create(owner, heap);
        for (int i = 0; i < Keys; i++) Assert.Equal(Status.Done, MapOps.Set(owner, map, Probe.Of(Value.OfInt(i)), Value.None));
        bool done = false;
        Threads.Run(
            me =>
            {
                Probe other = Probe.Of(Value.OfInt(Keys));
                for (int i = 0; i < Compactions; i++)
                {
                    MapOps.Set(me, map, other, Value.None);
                    MapOps.Remove(me, map, other, out _);
                    Assert.Equal(Status.Done, Compaction.Run(me, map));
                }
                Volatile.Write(ref done, true);
            },
            me =>
            {
                while (!Volatile.Read(ref done)) Walk(me, map);
            },
            me =>
            {
                for (int i = 0; !Volatile.Read(ref done); i = (i + 7) % Keys)
                    Assert.Equal(Status.Done, MapOps.Contains(me, map, Probe.Of(Value.OfInt(i))));
            });
        Assert.True(MapCheck.IsValid(owner, map));
        Epoch.Leave(owner);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(200)]
    public void AnIterationMeetsWhatWasThereWhenItBeganAlthoughMoreWasInsertedAndTheMapCompacted(int later)
    {
        const int Early = 30;
        Participant* me = Epoch.Join();
        OrderedMap* map = MapOps.Create(me, _pool.LiveHeap());
        for (int i = -1; i < Early; i++) Assert.Equal(Status.Done, MapOps.Set(me, map, Probe.Of(Value.OfInt(i)), Value.None));
        Assert.Equal(Status.Done, MapSnapshots.Begin(me, map, out _, out MapCopy* copy));
        for (int i = 0; i < later; i++)
            Assert.Equal(Status.Done, MapOps.Set(me, map, Probe.Of(Value.OfInt(Early + i)), Value.None));
        Assert.Equal(Status.Done, MapOps.Remove(me, map, Probe.Of(Value.OfInt(-1)), out _));
        Assert.Equal(Status.Done, Compaction.Run(me, map));
        List<long> seen = [];
        Epoch.Enter(me);
        for (uint part = 0; part < copy->Parts; part++)
        {
            Value* items = MapSnapshots.ReadPart(copy, part, out uint count);
            for (uint i = 0; i < count; i++) seen.Add(items[2 * i].Int);
        }
        Epoch.Exit(me);
        MapSnapshots.End(me, map, copy);
        Assert.Equal(Enumerable.Range(-1, Early + 1).Select(i => (long)i), seen);
        Epoch.Leave(me);
    }

    // As either participant; otherwise the gate would stay open, or the thread wait for itself.
    [Fact]
    public void InsideASectionNoMapIsTakenForOneself()
    {
        const int Many = 6000;
        Participant* me = Epoch.Join();
        Participant* other = Epoch.Join();
        OrderedMap* map = MapOps.Create(me, _pool.LiveHeap());
        for (int i = 0; i < Many; i++) Assert.Equal(Status.Done, MapOps.Set(me, map, Probe.Of(Value.OfInt(i)), Value.None));
        foreach (nint inside in (nint[])[(nint)me, (nint)other])
        {
            Epoch.Enter((Participant*)inside);
            Assert.Throws<InvalidOperationException>(() => MapSnapshots.Take(me, map, out _));
            Assert.Throws<InvalidOperationException>(() => Compaction.Run(me, map));
            Epoch.Exit((Participant*)inside);
            Assert.Equal(0, map->Gate);
        }
        // Nor does the map compact itself then.
        Epoch.Enter(other);
        // One is left in each of three large segments.
        int[] left = [1500, 3000, 5000];
        foreach (int i in Enumerable.Range(0, Many).Except(left))
            Assert.Equal(Status.Done, MapOps.Remove(me, map, Probe.Of(Value.OfInt(i)), out _));
        Assert.NotEqual(0u, LargeTable.OfRoot(map->Root)->Dead);
        Epoch.Exit(other);
        Assert.Equal(Status.Done, MapOps.TakeFirst(me, map, default, out _, out _));
        Assert.Equal(0u, LargeTable.OfRoot(map->Root)->Dead);
        Assert.True(MapCheck.IsValid(me, map));
        Epoch.Leave(other);
        Epoch.Leave(me);
    }

    static void Walk(Participant* me, OrderedMap* map)
    {
        int next = 0;
        Assert.Equal(Status.Done, MapSnapshots.Take(me, map, out MapSnapshot* snapshot));
        for (ulong i = 0; i < snapshot->Count && MapSnapshot.Key(snapshot, i).Int < Keys; i++)
            Assert.Equal(next++, MapSnapshot.Key(snapshot, i).Int);
        MapSnapshot.Free(me, snapshot);
        Assert.Equal(Keys, next);
    }
}

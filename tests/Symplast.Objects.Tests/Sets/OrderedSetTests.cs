using CsCheck;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class OrderedSetTests : IDisposable
{
    readonly Pool _pool = Pool.Create("set");
    readonly PoolHeap* _heap;
    readonly Participant* _me = Epoch.Join();

    public OrderedSetTests() => _heap = _pool.LiveHeap();

    public void Dispose()
    {
        Epoch.Leave(_me);
        _pool.Delete();
    }

    [Fact]
    public void BehavesLikeASetThatKeepsTheOrderOfInsertion() =>
        Gen.Select(Gen.Int[0, 20], Gen.Int[0, 9]).Array[0, 200].Sample(steps =>
    {
        OrderedMap* set = OrderedSet.Create(_me, _heap);
        List<long> model = [];
        foreach ((int element, int kind) in steps)
        {
            Probe probe = Probe.Of(Value.OfInt(element));
            bool isThere = model.Contains(element);
            switch (kind)
            {
                case < 4:
                    Assert.Equal(isThere ? Status.Exists : Status.Done, OrderedSet.Add(_me, set, probe));
                    if (!isThere) model.Add(element);
                    break;
                case < 6:
                    Assert.Equal(isThere ? Status.Done : Status.Missing, OrderedSet.Remove(_me, set, probe));
                    model.Remove(element);
                    break;
                case 6:
                    Assert.Equal(model.Count == 0 ? Status.Missing : Status.Done,
                        OrderedMap.TakeLast(_me, set, default, out Value last, out _));
                    if (model.Count == 0) break;
                    Assert.Equal(model[^1], last.Int);
                    model.RemoveAt(model.Count - 1);
                    break;
                case 7:
                    Assert.Equal(model.Count == 0 ? Status.Missing : Status.Done,
                        OrderedSet.TakeFirst(_me, set, default, out Value first));
                    if (model.Count == 0) break;
                    Assert.Equal(model[0], first.Int);
                    model.RemoveAt(0);
                    break;
                case 8:
                    Assert.Equal(isThere ? Status.Done : Status.Missing, OrderedSet.Contains(_me, set, probe));
                    break;
                default:
                    if (element != 0) break;
                    Assert.Equal(Status.Done, OrderedSet.Clear(_me, set));
                    model.Clear();
                    break;
            }
            Assert.True(OrderedSet.IsValid(_me, set));
            Assert.Equal(Status.Done, OrderedSet.Count(_me, set, out ulong count));
            Assert.Equal((ulong)model.Count, count);
        }
        Assert.Equal(Status.Done, MapSnapshots.Take(_me, set, out MapSnapshot* snapshot));
        Assert.Equal(model, Enumerable.Range(0, (int)snapshot->Count).Select(i => MapSnapshot.Key(snapshot, (ulong)i).Int));
        MapSnapshot.Free(_me, snapshot);
        Assert.Equal(Status.Done, OrderedMap.Delete(_me, set));
        Assert.Equal(Status.Deleted, OrderedSet.Contains(_me, set, Probe.Of(Value.None)));
        Epoch.Enter(_me);
        Reference.Drop(_me, &set->Object.Head);
        Epoch.Exit(_me);
    }, iter: 500, threads: 1);
}

using Symplast.Memory;
using Symplast.Objects.Tests.Shapes;
using Xunit;
using ArrayOps = Symplast.Objects.SharedArray;
using CellOps = Symplast.Objects.AtomicReference;
using IntegerOps = Symplast.Objects.AtomicInteger;
using MapOps = Symplast.Objects.OrderedMap;
using QueueOps = Symplast.Objects.SharedQueue;
using RecordOps = Symplast.Objects.Record;
using ShapeOps = Symplast.Objects.Shapes;
using SortedOps = Symplast.Objects.SortedMap;
using VectorOps = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests;

/// <summary>
/// A pin keeps the addresses of a pool that is deleted, but not the memory: whoever touches that before he asks dies.
/// </summary>
public sealed unsafe class PinnedPoolTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("pinned");
    readonly PoolHeap* _heap;

    public PinnedPoolTests()
    {
        _heap = _pool.LiveHeap();
        Epoch.Enter(_me);
        Heap.Pin(_heap);
    }

    public void Dispose()
    {
        Heap.Unpin(_heap);
        Epoch.Leave(_me);
    }

    void DeletePool()
    {
        Epoch.Exit(_me);
        _pool.Delete();
    }

    [Fact]
    public void ArraysAnswerDeletedAndWhatIsExportedStays()
    {
        SharedArray* array = ArrayOps.Create(_me, _heap, ElementKind.Int32, 'i', 100_000);
        ArrayOps.Exchange(_me, array, -1, 5, out _);
        ArrayOps.Export(_me, array, out ArrayView view);
        DeletePool();
        Assert.Equal(Status.Deleted, ArrayOps.Get(_me, array, 0, out _, out _));
        Assert.Equal(Status.Deleted, ArrayOps.Exchange(_me, array, 0, 0, out _));
        Assert.Equal(Status.Deleted, ArrayOps.Add(_me, array, 0, Int128.One, out _));
        Assert.Equal(Status.Deleted, ArrayOps.Count(_me, array, out _));
        Assert.Equal(Status.Deleted, ArrayOps.Export(_me, array, out _));
        Assert.Equal(Status.Deleted, ArrayOps.Delete(_me, array));
        Assert.Equal(5, ((int*)view.Data)[99_999]);
        view.End();
    }

    [Fact]
    public void MapsAnswerDeleted()
    {
        OrderedMap* map = MapOps.Create(_me, _heap);
        SortedMap* sorted = SortedOps.Create(_me, _heap);
        Probe key = Probe.Of(Value.OfInt(1));
        DeletePool();
        Assert.Equal(Status.Deleted, MapOps.Set(_me, map, key, Value.None));
        Assert.Equal(Status.Deleted, MapSnapshots.Take(_me, map, out _));
        Assert.Equal(Status.Deleted, MapOps.Delete(_me, map));
        Assert.Equal(Status.Deleted, SortedOps.Get(_me, sorted, key, out _));
        Assert.Equal(Status.Deleted, SortedOps.Set(_me, sorted, key, Value.None));
        Assert.Equal(Status.Deleted, SortedOps.First(_me, sorted, out _, out _));
        Assert.Equal(Status.Deleted, SortedOps.SnapshotEntries(_me, sorted, out _));
        Assert.Equal(Status.Deleted, SortedOps.Clear(_me, sorted));
        Assert.Equal(Status.Deleted, SortedOps.Delete(_me, sorted));
    }

    [Fact]
    public void ReferencesFromAnotherPoolAreTakenAndDroppedWithoutTouchingIt()
    {
        Pool holder = Pool.Create("holder");
        OrderedMap* target = MapOps.Create(_me, _heap);
        OrderedMap* map = MapOps.Create(_me, holder.LiveHeap());
        OrderedMap* other = MapOps.Create(_me, holder.LiveHeap());
        Value value = Value.Of((Header*)target);
        Probe key = Probe.Of(Value.OfInt(1));
        Assert.Equal(Status.Done, MapOps.Set(_me, map, key, value));
        Assert.Equal(Status.Done, MapOps.Set(_me, other, key, value));
        DeletePool();
        Assert.Equal(Status.Done, MapSnapshots.Take(_me, map, out MapSnapshot* snapshot));
        MapSnapshot.Free(_me, snapshot);
        Epoch.Enter(_me);
        Assert.True(Reference.TryTake(value));
        Reference.Drop(_me, value);
        Assert.Equal(Status.Done, MapOps.Set(_me, map, key, Value.None));
        Reference.Drop(_me, (Header*)other);
        Epoch.Exit(_me);
        holder.Delete();
    }

    [Fact]
    public void ASortedMapsSnapshotWithKeysInThePoolCanBeFreed()
    {
        SortedMap* map = SortedOps.Create(_me, _heap);
        Value text = SortedMapFixture.Text(_me, _heap, "key");
        Assert.Equal(Status.Done, SortedOps.Set(_me, map, Probe.Of(text), Value.None));
        Assert.Equal(Status.Done, SortedOps.SnapshotEntries(_me, map, out MapSnapshot* snapshot));
        DeletePool();
        Assert.Equal(Status.Deleted, SortedOps.SnapshotKeys(_me, map, SortedBound.None, SortedBound.None, out _));
        MapSnapshot.Free(_me, snapshot);
    }

    [Fact]
    public void VectorsAnswerDeleted()
    {
        SharedVector* vector = VectorOps.Create(_me, _heap);
        DeletePool();
        Value one = Value.OfInt(1);
        Assert.Equal(Status.Deleted, VectorOps.Append(_me, vector, one));
        Assert.Equal(Status.Deleted, VectorOps.Get(_me, vector, 0, out _));
        Assert.Equal(Status.Deleted, VectorOps.Set(_me, vector, 0, one));
        Assert.Equal(Status.Deleted, VectorOps.InsertNear(_me, vector, 0, one));
        Assert.Equal(Status.Deleted, VectorOps.TakeLast(_me, vector, default, out _));
        Assert.Equal(Status.Deleted, VectorOps.TakeRange(_me, vector, 0, &one, 1, out _));
        Assert.Equal(Status.Deleted, VectorOps.Clear(_me, vector));
        Assert.Equal(Status.Deleted, VectorOps.Reverse(_me, vector));
        Assert.Equal(Status.Deleted, VectorOps.Snapshot(_me, vector, out _));
        Assert.Equal(Status.Deleted, VectorOps.Delete(_me, vector));
    }

    [Fact]
    public void CellsAndQueuesAnswerDeleted()
    {
        AtomicCell* integer = IntegerOps.Create(_me, _heap, 1);
        AtomicCell* cell = CellOps.Create(_me, _heap, Value.None);
        SharedQueue* queue = QueueOps.Create(_me, _heap, 0);
        QueueWaiting.BeginWait(_me, queue, QueueSide.Items);
        DeletePool();
        Assert.Equal(Status.Deleted, QueueWaiting.Take(_me, queue, out _, -1, null));
        Assert.Equal(Status.Deleted, QueueWaiting.Join(_me, queue, -1, null));
        QueueWaiting.EndWait(_me, queue, QueueSide.Items);
        QueueWaiting.Interrupt(queue);
        Assert.Equal(Status.Deleted, QueueOps.Close(_me, queue, isEnd: true));
        Assert.Equal(Status.Deleted, QueueOps.Finish(_me, queue));
        Assert.Equal(Status.Deleted, QueueOps.Unfinished(_me, queue, out _));
        Assert.Equal(Status.Deleted, QueueOps.TryPut(_me, queue, Value.None));
        Assert.Equal(Status.Deleted, QueueOps.TryTake(_me, queue, out _));
        Assert.Equal(Status.Deleted, QueueOps.Count(_me, queue, out _));
        Assert.Equal(Status.Deleted, QueueOps.Close(_me, queue));
        Assert.Equal(Status.Deleted, QueueOps.Delete(_me, queue));
        Assert.Equal(Status.Deleted, IntegerOps.Add(_me, integer, 1, out _));
        Assert.Equal(Status.Deleted, IntegerOps.Delete(_me, integer));
        Assert.Equal(Status.Deleted, CellOps.TakeGet(_me, cell, out _));
        Assert.Equal(Status.Deleted, CellOps.Set(_me, cell, Value.None));
        Assert.Equal(Status.Deleted, CellOps.Delete(_me, cell));
    }

    [Fact]
    public void RecordsAnswerDeleted()
    {
        Record* record = RecordOps.Create(_me, _heap, ShapeOps.CreateTree(_me, _heap));
        Probe name = Probe.Of(Value.None);
        DeletePool();
        Value one = default;
        Assert.Equal(Status.Deleted, NamedAttributes.Get(_me, record, name, out _));
        Assert.Equal(Status.Deleted, NamedAttributes.Set(_me, record, name, one));
        Assert.Equal(Status.Deleted, KnownSlots.Store(_me, record, 1, 0, one));
        Assert.Equal(Status.Deleted, NamedAttributes.Add(_me, record, name, Value.OfInt(1), out _));
        Assert.Equal(Status.Deleted, NamedAttributes.Take(_me, record, name, out _));
        Assert.Equal(Status.Deleted, NamedAttributes.TakeAll(_me, record, &one, &one, 1, out _));
        Assert.Equal(Status.Deleted, NamedAttributes.Count(_me, record, out _));
        Assert.Equal(Status.Deleted, RecordOps.Delete(_me, record));
    }
}

using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Deletion by hand, of whatever kind an object is.</summary>
internal static unsafe class Deletion
{
    /// <summary>Deletes an object to which the caller holds a reference; Deleted if it, or its pool, was before. Not inside a section.</summary>
    internal static Status Delete(Participant* me, Header* shared)
    {
        Epoch.Enter(me);
        bool isDeleted = PoolHeap.IsDeleted(Heap.Of(shared));
        LiveKind kind = isDeleted ? LiveKind.None : LiveKinds.Of(shared);
        Epoch.Exit(me);
        return kind switch
        {
            LiveKind.Dict => OrderedMap<Uninterrupted>.Delete(me, (OrderedMap*)shared),
            LiveKind.Set => OrderedSet<Uninterrupted>.Delete(me, (OrderedMap*)shared),
            LiveKind.SortedDict => SortedMap<Uninterrupted, SortedMapRules>.Delete(me, (SortedMap*)shared),
            LiveKind.List => SharedVector<Uninterrupted>.Delete(me, (SharedVector*)shared),
            LiveKind.Object => Record<Uninterrupted>.Delete(me, (Record*)shared),
            LiveKind.AtomicInt => AtomicInteger<Uninterrupted>.Delete(me, (AtomicCell*)shared),
            LiveKind.AtomicRef => AtomicReference<Uninterrupted>.Delete(me, (AtomicCell*)shared),
            LiveKind.Array => SharedArray<Uninterrupted>.Delete(me, (SharedArray*)shared),
            LiveKind.Queue => SharedQueue<Uninterrupted>.Delete(me, (SharedQueue*)shared),
            _ => Status.Deleted,
        };
    }
}

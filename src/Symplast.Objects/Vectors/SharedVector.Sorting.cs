using System.Runtime.InteropServices;

namespace Symplast.Objects;

// Snapshots, and sorting, which works on one.
public unsafe partial struct SharedVector
{
    /// <summary>The elements as they are at one instant. Costs writers the lock for the time of a copy, readers nothing.
    /// <see cref="VectorSnapshot.Release"/> ends it.</summary>
    public static Status Snapshot(Participant* me, SharedVector* vector, out VectorSnapshot snapshot)
    {
        snapshot = default;
        Epoch.Enter(me);
        Status status = Count(me, vector, out long capacity);
        if (status == Status.Done)
        {
            snapshot.Owner = Heap.Of(vector);
            Heap.Pin(snapshot.Owner);
        }
        // It may grow meanwhile: then again, with more room.
        while (status == Status.Done)
        {
            if (!snapshot.Reserve(capacity))
            {
                status = Status.NoMemory;
                break;
            }
            status = TakeRange(
                me, vector, 0, snapshot.Items, capacity, out snapshot.Count, out long length, out snapshot.Version);
            if (status != Status.Done || snapshot.Count == length) break;
            for (long i = 0; i < snapshot.Count; i++) Reference.Drop(me, snapshot.Items[i]);
            snapshot.Count = 0;
            capacity = length + length / 8;
        }
        if (status != Status.Done) snapshot.Release(me);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Sorts, stably. Missing if another thread changed the vector meanwhile, or the comparison failed: nothing changed then, and
    /// the caller may try again. Not inside a section, since foreign code compares: it sees and may change the vector.
    /// </summary>
    public static Status Sort<TOrder>(Participant* me, SharedVector* vector, ref TOrder order) where TOrder : struct, IValueOrder
    {
        Status status = Snapshot(me, vector, out VectorSnapshot snapshot);
        if (status != Status.Done) return status;
        VectorSnapshot second = default;
        if (!second.Reserve(snapshot.Count)) status = Status.NoMemory;
        else
        {
            Value* sorted = StableSort.Sort(snapshot.Items, second.Items, snapshot.Count, ref order);
            status = sorted == null ? Status.Missing : Rearrange(me, vector, sorted, snapshot.Count, snapshot.Version);
        }
        NativeMemory.Free(second.Items);
        snapshot.Release(me);
        return status;
    }

    // Puts the same elements in another order, if nothing has changed since that version.
    static Status Rearrange(Participant* me, SharedVector* vector, Value* sorted, long length, long version)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(vector)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        ObjectLock.Enter(&vector->Object.Lock);
        Status status = SharedObject.IsDeleted((SharedObject*)vector)
            ? Status.Deleted : vector->Version != version ? Status.Missing : Status.Done;
        if (status == Status.Done && length > 1)
        {
            // Whoever opens a root changes the version first, so this one is guarded.
            VectorRoot* root = vector->Root;
            VectorRoot* next = NewLike(me, vector, root, 0, 0, length, isExchange: true);
            if (next == null) status = Status.NoMemory;
            else
            {
                for (long i = 0; i < length; i++) *VectorRoot.PlaceOf(next, i) = sorted[i];
                Swap(me, vector, root, next, 0);
            }
        }
        ObjectLock.Exit(&vector->Object.Lock);
        Epoch.Exit(me);
        return status;
    }
}

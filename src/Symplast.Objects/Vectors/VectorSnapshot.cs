using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// The elements that a vector had at one instant, each with a reference, in memory of the process's own. Not thread-safe. The
/// values may be used inside sections in which the pool is not deleted.
/// </summary>
public unsafe struct VectorSnapshot
{
    Value* _items;

    /// <summary>Number of elements.</summary>
    public long Count;

    internal long Version;

    /// <summary>Where the values are: pinned, so that it can be asked whether they still are.</summary>
    internal PoolHeap* Owner;

    /// <summary>The elements.</summary>
    public readonly Value* Items => _items;

    internal static Status Take(Participant* me, SharedVector* vector, out VectorSnapshot snapshot)
    {
        snapshot = default;
        Epoch.Enter(me);
        Status status = SharedVector.Count(me, vector, out long capacity);
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
            status = VectorReading.TakeRange(
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

    /// <summary>Room for so many elements; false if there is no memory.</summary>
    internal bool Reserve(long capacity)
    {
        NativeMemory.Free(_items);
        _items = null;
        try
        {
            _items = (Value*)NativeMemory.Alloc((nuint)Math.Max(capacity, 1), (nuint)sizeof(Value));
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Releases the references and the memory.</summary>
    public void Release(Participant* me)
    {
        if (Owner != null)
        {
            Epoch.Enter(me);
            // Otherwise the references went with their pool.
            if (!PoolHeap.IsDeleted(Owner))
            {
                for (long i = 0; i < Count; i++) Reference.Drop(me, _items[i]);
            }
            Epoch.Exit(me);
            Heap.Unpin(Owner);
            Owner = null;
        }
        NativeMemory.Free(_items);
        _items = null;
        Count = 0;
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Closes open roots: see "Closing" in the remarks of <see cref="SharedVector"/>.</summary>
internal static unsafe class VectorClosing
{
    // Takes the lock and makes sure that no thread sets elements without it. If the status is Done, the caller releases the lock;
    // else it is not held. The lock is in the pool, so it is not touched once the pool is deleted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status EnterGuarded(Participant* me, SharedVector* vector, out VectorRoot* root)
    {
        root = null;
        if (SharedObject.IsDeleted((SharedObject*)vector)) return Status.Deleted;
        ObjectLock.Enter(&vector->Object.Lock);
        // Null once deleted, under the lock.
        root = vector->Root;
        if (root != null && root->Open == 0) return Status.Done;
        Status status = root == null ? Status.Deleted : Status.NoMemory;
        if (root != null) root = Close(me, vector, root);
        if (root != null) return Status.Done;
        ObjectLock.Exit(&vector->Object.Lock);
        return status;
    }

    // The guarded root. Null if there is no memory: the vector's root stays open then.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static VectorRoot* Close(Participant* me, SharedVector* vector, VectorRoot* root)
    {
        PoolHeap* heap = Heap.Of(vector);
        long bounds = root->Bounds;
        VectorRoot* next = VectorAllocation.NewRoot(me, heap, root->FirstShift, root->Capacity, isExchange: true);
        if (next == null) return null;
        next->Bounds = bounds;
        if (!VectorAllocation.Reserve(me, heap, next, VectorRoot.EndOf(bounds), isExchange: true))
        {
            VectorAllocation.Discard(me, next, 0);
            return null;
        }
        Interleaving.Point();
        // Release: pairs with the acquire in Successor; the bounds and the buckets come before.
        Volatile.Write(ref *(nint*)&root->Forward, (nint)next);
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
        {
            Value* from = VectorRoot.PlaceOf(root, place);
            Value* to = VectorRoot.PlaceOf(next, place);
            Value value = VectorRoot.Load(from);
            while (true)
            {
                // Before the mark, which sends readers here.
                *to = value;
                Interleaving.Point();
                Value seen = VectorAtomics.Freeze(from, value);
                if (seen == value) break;
                value = seen;
            }
        }
        vector->Collisions = 0;
        VectorPublication.Replace(me, vector, root, next, 0);
        return next;
    }
}

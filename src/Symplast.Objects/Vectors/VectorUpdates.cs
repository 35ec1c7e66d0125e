using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Changes one element: under the lock, or by compare-and-swap where the root is open.</summary>
internal static unsafe class VectorUpdates
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Update<TUpdate>(
        Participant* me, SharedVector* vector, long index, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        Epoch.Enter(me);
        Status status;
        VectorRoot* root;
        if (!SharedObject.IsDeleted((SharedObject*)vector) && (root = VectorPublication.Current(vector)) != null
            && IsGuarded(root, index, out long bounds))
        {
            // What it takes to find the place is done without the lock; if nothing has changed since, the place is right.
            Value* place = VectorRoot.PlaceOf(root, VectorRoot.FirstOf(bounds) + index);
            if (ObjectLock.TryEnter(&vector->Object.Lock))
            {
                if (vector->Root == root && root->Bounds == bounds && root->Open == 0 && !vector->IsHasty)
                {
                    status = UpdateGuarded(me, vector, place, ref update, out old, out next);
                    ObjectLock.Exit(&vector->Object.Lock);
                }
                else status = UpdateLocked(me, vector, index, ref update, hasCollided: false, out old, out next);
            }
            else
            {
                FutexLock.EnterContended(&vector->Object.Lock);
                status = UpdateLocked(me, vector, index, ref update, hasCollided: true, out old, out next);
            }
        }
        else status = UpdateSlowly(me, vector, index, ref update, out old, out next);
        if (status == Status.Done) Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
    }

    // Whether elements are set under the lock, and there is one at the index.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsGuarded(VectorRoot* root, long index, out long bounds)
    {
        Interleaving.Point();
        // Acquire: pairs with the release in Publish, so that the bucket is there.
        bounds = Volatile.Read(ref root->Bounds);
        return (ulong)index < (ulong)VectorRoot.LengthOf(bounds) && bounds != VectorRoot.Gone && root->Open == 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status UpdateSlowly<TUpdate>(
        Participant* me, SharedVector* vector, long index, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        if (SharedObject.IsDeleted((SharedObject*)vector)) return Status.Deleted;
        // An index from the end is resolved under the lock, since an open vector can grow meanwhile.
        VectorRoot* root = index < 0 ? null : VectorPublication.Current(vector);
        Interleaving.Point();
        // Acquire: pairs with the release in Collide. The bounds are read after it: an open root does not lose elements.
        bool isOpen = root != null && Volatile.Read(ref root->Open) != 0;
        if (isOpen && TryUpdateOpen(me, vector, root, index, ref update, out old, out next, out Status status)) return status;
        bool hasCollided = !ObjectLock.TryEnter(&vector->Object.Lock);
        if (hasCollided) FutexLock.EnterContended(&vector->Object.Lock);
        return UpdateLocked(me, vector, index, ref update, hasCollided, out old, out next);
    }

    // False if the lock is needed.
    static bool TryUpdateOpen<TUpdate>(
        Participant* me, SharedVector* vector, VectorRoot* root, long index, ref TUpdate update, out Value old, out Value next,
            out Status status)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        status = Status.Missing;
        Interleaving.Point();
        // Acquire: pairs with the release in Publish.
        long bounds = Volatile.Read(ref root->Bounds);
        if (bounds == VectorRoot.Gone) return false;
        if ((ulong)index >= (ulong)VectorRoot.LengthOf(bounds)) return true;
        Value* place = VectorRoot.PlaceOf(root, VectorRoot.FirstOf(bounds) + index);
        PoolHeap* heap = Heap.Of(vector);
        while (true)
        {
            old = VectorRoot.Load(place);
            if (old.IsMark) return false;
            status = update.Next(me, heap, old, out next);
            if (status != Status.Done) return true;
            Interleaving.Point();
            if (VectorAtomics.TrySet(place, next, old)) return true;
            Reference.Drop(me, next);
        }
    }

    // Releases the lock, which the caller took.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status UpdateLocked<TUpdate>(
        Participant* me, SharedVector* vector, long index, ref TUpdate update, bool hasCollided, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        // Null once deleted, under the lock.
        VectorRoot* root = vector->Root;
        Status status = root == null ? Status.Deleted : Status.Missing;
        // What is still negative is Missing.
        if (index < 0 && root != null) index += VectorRoot.LengthOf(root->Bounds);
        if (root != null && root->Open != 0)
        {
            // Under the lock no root is closed and none deleted.
            bool isUpdated = TryUpdateOpen(me, vector, root, index, ref update, out old, out next, out status);
            Debug.Assert(isUpdated);
        }
        else if (root != null && (ulong)index < (ulong)VectorRoot.LengthOf(root->Bounds))
        {
            Value* place = VectorRoot.PlaceOf(root, VectorRoot.FirstOf(root->Bounds) + index);
            status = UpdateGuarded(me, vector, place, ref update, out old, out next);
            if (status == Status.Done && (hasCollided || vector->IsHasty)) Collide(vector, root);
        }
        ObjectLock.Exit(&vector->Object.Lock);
        return status;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status UpdateGuarded<TUpdate>(
        Participant* me, SharedVector* vector, Value* place, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = *place;
        Status status = update.Next(me, Heap.Of(vector), old, out next);
        if (status != Status.Done) return status;
        VectorRoot.Store(place, next);
        VectorPublication.Change(me, vector);
        return Status.Done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Collide(SharedVector* vector, VectorRoot* root)
    {
        if (++vector->Collisions <= vector->Patience + VectorRoot.LengthOf(root->Bounds) / 4) return;
        Interleaving.Point();
        // Release: pairs with the acquire in UpdateSlowly; what was set under the lock comes before.
        Volatile.Write(ref root->Open, 1);
    }
}

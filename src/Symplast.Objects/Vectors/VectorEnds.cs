using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Adds and removes elements at the ends of a vector: in constant time on average.</summary>
internal static unsafe class VectorEnds
{
    // While the first element is below this place, removing it never copies, however short the vector is.
    const long SmallFirst = 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Append(Participant* me, SharedVector* vector, VectorRoot* root, Value value)
    {
        long bounds = root->Bounds;
        long end = VectorRoot.EndOf(bounds);
        if (VectorRoot.BucketOf(end, root->FirstShift) >= root->Used && !VectorPublication.Grow(me, vector, ref root, end + 1))
            return Status.NoMemory;
        Reference.Take(value);
        VectorAtomics.BeginFilling(root, bounds + VectorRoot.OneMore);
        VectorRoot.Store(VectorRoot.PlaceOf(root, end), value);
        VectorPublication.Change(me, vector);
        VectorPublication.Publish(root, bounds + VectorRoot.OneMore);
        return Status.Done;
    }

    internal static Status Extend(
        Participant* me, SharedVector* vector, VectorRoot* root, Value* values, long count, bool areOwned = false)
    {
        long bounds = root->Bounds;
        long end = VectorRoot.EndOf(bounds);
        if (end + count > VectorRoot.StartOf(root->Used, root->FirstShift)
            && !VectorPublication.Grow(me, vector, ref root, end + count))
            return Status.NoMemory;
        VectorAtomics.BeginFilling(root, bounds + count * VectorRoot.OneMore);
        for (long i = 0; i < count; i++)
        {
            if (!areOwned) Reference.Take(values[i]);
            VectorRoot.Store(VectorRoot.PlaceOf(root, end + i), values[i]);
        }
        VectorPublication.Change(me, vector);
        VectorPublication.Publish(root, bounds + count * VectorRoot.OneMore);
        return Status.Done;
    }

    internal static Status TakeLast(Participant* me, SharedVector* vector, in ValueGuard guard, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = VectorClosing.EnterGuarded(me, vector, out VectorRoot* root);
        if (status == Status.Done)
        {
            long bounds = root->Bounds;
            long end = VectorRoot.EndOf(bounds);
            if (end == VectorRoot.FirstOf(bounds)) status = Status.Missing;
            else if (!guard.Accepts(*VectorRoot.PlaceOf(root, end - 1))) status = Status.Refused;
            else
            {
                value = *VectorRoot.PlaceOf(root, end - 1);
                VectorPublication.Publish(root, bounds - VectorRoot.OneMore);
                VectorPublication.Change(me, vector);
                // The last bucket and the one before are empty.
                if (VectorRoot.BucketOf(end - 1, root->FirstShift) < root->Used - 2) VectorPublication.Shrink(me, vector, root);
            }
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    internal static Status RemoveFirst(Participant* me, SharedVector* vector, VectorRoot* root, out Value value)
    {
        long bounds = root->Bounds;
        long first = VectorRoot.FirstOf(bounds);
        value = *VectorRoot.PlaceOf(root, first);
        bool isFar = first >= Math.Max(SmallFirst, VectorRoot.LengthOf(bounds));
        if ((isFar || first == VectorRoot.LargestFirst)
            && VectorSplices.Rebuild(me, vector, root, 0, 1, null, 0, areOwned: false) == Status.Done) return Status.Done;
        if (first == VectorRoot.LargestFirst)
        {
            value = default;
            return Status.NoMemory;
        }
        VectorPublication.Change(me, vector);
        VectorPublication.Publish(root, bounds + 1);
        return Status.Done;
    }

    // Stores the element in the free place before the first one. Readers of the old root do not look there: the first place of a
    // root never decreases.
    internal static Status InsertFirst(Participant* me, SharedVector* vector, VectorRoot* root, Value value, bool isOwned)
    {
        VectorRoot* next = VectorAllocation.NewRoot(me, Heap.Of(vector), root->FirstShift, root->Capacity);
        if (next == null) return Status.NoMemory;
        long bounds = root->Bounds - 1;
        if (!isOwned) Reference.Take(value);
        VectorRoot.Store(VectorRoot.PlaceOf(root, VectorRoot.FirstOf(bounds)), value);
        next->Bounds = bounds;
        next->Used = root->Used;
        for (int i = 0; i < root->Used; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        VectorPublication.Swap(me, vector, root, next, root->Used);
        return Status.Done;
    }
}

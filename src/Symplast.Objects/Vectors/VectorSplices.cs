namespace Symplast.Objects;

/// <summary>Changes by copy-and-swap of the root: O(n) under the lock, while readers go on with the old root.</summary>
internal static unsafe class VectorSplices
{
    // If the values are owned, and the change is done, their references become the vector's.
    internal static Status Splice<TRange>(
        Participant* me, SharedVector* vector, TRange range, Value* values, long count, Value* taken, bool areOwned = false)
        where TRange : struct, IVectorRange
    {
        Epoch.Enter(me);
        Status status = VectorClosing.EnterGuarded(me, vector, out VectorRoot* root);
        // What is removed: an element, or places in retired buckets, which do not change while this section is open.
        Value single = default;
        long first = 0, end = 0;
        if (status == Status.Done)
        {
            long bounds = root->Bounds;
            status = range.Locate(vector, root, out long start, out long removed);
            bool isThere = status == Status.Done;
            if (isThere && start == VectorRoot.LengthOf(bounds))
                status = VectorEnds.Extend(me, vector, root, values, count, areOwned);
            else if (isThere && start == 0 && removed == 1 && count == 0)
                status = VectorEnds.RemoveFirst(me, vector, root, out single);
            else if (isThere && start == 0 && removed == 0 && count == 1 && VectorRoot.FirstOf(bounds) > 0)
                status = VectorEnds.InsertFirst(me, vector, root, *values, areOwned);
            else if (isThere && (removed != 0 || count != 0))
            {
                status = Rebuild(me, vector, root, start, removed, values, count, areOwned);
                first = VectorRoot.FirstOf(bounds) + start;
                if (status == Status.Done) end = first + removed;
            }
            ObjectLock.Exit(&vector->Object.Lock);
        }
        if (taken == null) Reference.Drop(me, single);
        else if (first < end) *taken = *VectorRoot.PlaceOf(root, first);
        else *taken = single;
        if (taken == null) DropRange(me, root, first, end);
        Epoch.Exit(me);
        return status;
    }

    internal static Status Rebuild(
        Participant* me, SharedVector* vector, VectorRoot* root, long start, long removed, Value* values, long count,
        bool areOwned)
    {
        long oldFirst = VectorRoot.FirstOf(root->Bounds);
        long length = VectorRoot.LengthOf(root->Bounds);
        long first = start > 0 ? oldFirst : count > removed ? RoomBefore(length) : 0;
        // What lies before the bucket of the first change is shared by both roots.
        int shared = start > 0 ? VectorRoot.BucketOf(oldFirst + start, root->FirstShift) : 0;
        VectorRoot* next = VectorAllocation.NewLike(
            me, vector, root, shared, first, length - removed + count, isExchange: count <= removed);
        if (next == null) return Status.NoMemory;
        long kept = Math.Max(oldFirst, VectorRoot.StartOf(shared, root->FirstShift));
        VectorRoot.Copy(root, kept, next, kept, oldFirst + start - kept);
        for (long i = 0; i < count; i++)
        {
            if (!areOwned) Reference.Take(values[i]);
            *VectorRoot.PlaceOf(next, first + start + i) = values[i];
        }
        VectorRoot.Copy(root, oldFirst + start + removed, next, first + start + count, length - start - removed);
        VectorPublication.Swap(me, vector, root, next, shared);
        return Status.Done;
    }

    // Places that are left free when something is inserted before the first element.
    static long RoomBefore(long length) => Math.Min(length / 2 + 1, VectorRoot.LargestFirst);

    internal static Status Clear(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        Status status = VectorClosing.EnterGuarded(me, vector, out VectorRoot* root);
        long bounds = 0;
        if (status == Status.Done)
        {
            if (VectorRoot.LengthOf(root->Bounds) != 0)
            {
                bounds = root->Bounds;
                VectorRoot* next = VectorAllocation.NewLike(me, vector, root, 0, 0, 0, isExchange: true);
                if (next == null) status = Status.NoMemory;
                else VectorPublication.Swap(me, vector, root, next, 0);
            }
            ObjectLock.Exit(&vector->Object.Lock);
        }
        // The retired buckets do not change while this section is open.
        if (status == Status.Done) DropRange(me, root, VectorRoot.FirstOf(bounds), VectorRoot.EndOf(bounds));
        Epoch.Exit(me);
        return status;
    }

    internal static Status Reverse(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        Status status = VectorClosing.EnterGuarded(me, vector, out VectorRoot* root);
        if (status == Status.Done)
        {
            long first = VectorRoot.FirstOf(root->Bounds);
            long length = VectorRoot.LengthOf(root->Bounds);
            VectorRoot* next = length > 1 ? VectorAllocation.NewLike(me, vector, root, 0, 0, length, isExchange: true) : null;
            if (next != null)
            {
                for (long i = 0; i < length; i++)
                    *VectorRoot.PlaceOf(next, length - 1 - i) = *VectorRoot.PlaceOf(root, first + i);
                VectorPublication.Swap(me, vector, root, next, 0);
            }
            else if (length > 1) status = Status.NoMemory;
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    static void DropRange(Participant* me, VectorRoot* root, long first, long end)
    {
        for (long place = first; place < end; place++) Reference.Drop(me, *VectorRoot.PlaceOf(root, place));
    }
}

namespace Symplast.Objects;

// Operations by copy-and-swap of the root: O(n) under the lock, while readers go on with the old root. Inserting before the first
// element and removing that one take constant time on average.
public unsafe partial struct SharedVector
{
    // The first element may be at such a place even if the vector is shorter.
    const long SmallFirst = 64;

    /// <summary>Puts an element before the one at an index, or at the end. Missing if the index is beyond the end.</summary>
    public static Status Insert(Participant* me, SharedVector* vector, long index, Value value) =>
        Splice(me, vector, new FixedRange(index, 0), &value, 1, null);

    /// <summary>Takes the element at an index out, with the reference that the vector held. Missing if there is none.</summary>
    public static Status TakeAt(Participant* me, SharedVector* vector, long index, out Value value)
    {
        Value taken = default;
        Status status = Splice(me, vector, new FixedRange(index, 1), null, 0, &taken);
        value = taken;
        return status;
    }

    /// <summary>Drops the element at an index. Missing if there is none.</summary>
    public static Status RemoveAt(Participant* me, SharedVector* vector, long index) =>
        Splice(me, vector, new FixedRange(index, 1), null, 0, null);

    /// <summary>
    /// Replaces <paramref name="removed"/> elements from <paramref name="start"/> on by others, as many as there are, at one
    /// instant. Missing if the vector is shorter.
    /// </summary>
    public static Status SetSlice(Participant* me, SharedVector* vector, long start, long removed, Value* values, long count) =>
        Splice(me, vector, new FixedRange(start, removed), values, count, null);

    /// <summary>Drops all elements.</summary>
    public static Status Clear(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        long bounds = 0;
        if (status == Status.Done)
        {
            if (VectorRoot.LengthOf(root->Bounds) != 0)
            {
                bounds = root->Bounds;
                VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, FirstCapacity, isExchange: true);
                if (next == null) status = Status.NoMemory;
                else Swap(me, vector, root, next, 0);
            }
            ObjectLock.Exit(&vector->Object.Lock);
        }
        // The old buckets stay as they are for as long as this section is open.
        if (status == Status.Done) DropRange(me, root, VectorRoot.FirstOf(bounds), VectorRoot.EndOf(bounds));
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Turns the order round.</summary>
    public static Status Reverse(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        if (status == Status.Done)
        {
            long first = VectorRoot.FirstOf(root->Bounds);
            long length = VectorRoot.LengthOf(root->Bounds);
            VectorRoot* next = length > 1 ? NewLike(me, vector, root, 0, 0, length, isExchange: true) : null;
            if (next != null)
            {
                for (long i = 0; i < length; i++)
                    *VectorRoot.PlaceOf(next, length - 1 - i) = *VectorRoot.PlaceOf(root, first + i);
                Swap(me, vector, root, next, 0);
            }
            else if (length > 1) status = Status.NoMemory;
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    // The references of values that are owned become the vector's if the change is done.
    static Status Splice<TRange>(
        Participant* me, SharedVector* vector, TRange range, Value* values, long count, Value* taken, bool areOwned = false)
        where TRange : struct, IVectorRange
    {
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        // What goes: an element, or places in buckets that are no longer used, which stay as they are for as long as this section
        // is open.
        Value single = default;
        long first = 0, end = 0;
        if (status == Status.Done)
        {
            long bounds = root->Bounds;
            status = range.Locate(vector, root, out long start, out long removed);
            bool isThere = status == Status.Done;
            if (isThere && start == VectorRoot.LengthOf(bounds)) status = Extend(me, vector, root, values, count, areOwned);
            else if (isThere && start == 0 && removed == 1 && count == 0) status = RemoveFirst(me, vector, root, out single);
            else if (isThere && start == 0 && removed == 0 && count == 1 && VectorRoot.FirstOf(bounds) > 0)
                status = InsertFirst(me, vector, root, *values, areOwned);
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

    static Status RemoveFirst(Participant* me, SharedVector* vector, VectorRoot* root, out Value value)
    {
        long bounds = root->Bounds;
        long first = VectorRoot.FirstOf(bounds);
        value = *VectorRoot.PlaceOf(root, first);
        bool isFar = first >= Math.Max(SmallFirst, VectorRoot.LengthOf(bounds));
        if ((isFar || first == VectorRoot.LargestFirst)
            && Rebuild(me, vector, root, 0, 1, null, 0, areOwned: false) == Status.Done) return Status.Done;
        if (first == VectorRoot.LargestFirst)
        {
            value = default;
            return Status.NoMemory;
        }
        Change(me, vector);
        Publish(root, bounds + 1);
        return Status.Done;
    }

    // Into the room before the first element. Readers of the old root do not look there: the first place of a root never gets
    // less.
    static Status InsertFirst(Participant* me, SharedVector* vector, VectorRoot* root, Value value, bool isOwned)
    {
        VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, root->Capacity);
        if (next == null) return Status.NoMemory;
        long bounds = root->Bounds - 1;
        if (!isOwned) Reference.Take(value);
        Store(VectorRoot.PlaceOf(root, VectorRoot.FirstOf(bounds)), value);
        next->Bounds = bounds;
        next->Used = root->Used;
        for (int i = 0; i < root->Used; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        Swap(me, vector, root, next, root->Used);
        return Status.Done;
    }

    static Status Rebuild(
        Participant* me, SharedVector* vector, VectorRoot* root, long start, long removed, Value* values, long count,
        bool areOwned)
    {
        long oldFirst = VectorRoot.FirstOf(root->Bounds);
        long length = VectorRoot.LengthOf(root->Bounds);
        long first = start > 0 ? oldFirst : count > removed ? RoomBefore(length) : 0;
        // What lies before the bucket of the first change is shared by both roots.
        int shared = start > 0 ? VectorRoot.BucketOf(oldFirst + start, root->FirstShift) : 0;
        VectorRoot* next = NewLike(me, vector, root, shared, first, length - removed + count, isExchange: count <= removed);
        if (next == null) return Status.NoMemory;
        long kept = Math.Max(oldFirst, VectorRoot.StartOf(shared, root->FirstShift));
        Copy(root, kept, next, kept, oldFirst + start - kept);
        for (long i = 0; i < count; i++)
        {
            if (!areOwned) Reference.Take(values[i]);
            *VectorRoot.PlaceOf(next, first + start + i) = values[i];
        }
        Copy(root, oldFirst + start + removed, next, first + start + count, length - start - removed);
        Swap(me, vector, root, next, shared);
        return Status.Done;
    }

    // Places that are left free when something is inserted before the first element.
    static long RoomBefore(long length) => Math.Min(length / 2 + 1, VectorRoot.LargestFirst);

    // A root with its own buckets for so many elements, but for the first ones, which are another's.
    static VectorRoot* NewLike(
        Participant* me, SharedVector* vector, VectorRoot* root, int shared, long first, long length, bool isExchange)
    {
        long reach = Math.Max(first + length, VectorRoot.StartOf(shared, root->FirstShift));
        VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, CapacityFor(reach, root->FirstShift), isExchange);
        if (next == null) return null;
        next->Bounds = VectorRoot.Between(first, first + length);
        next->Used = shared;
        for (int i = 0; i < shared; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        if (Reserve(me, Heap.Of(vector), next, first + length, isExchange)) return next;
        Discard(me, next, shared);
        return null;
    }

    /// <summary>
    /// Whether a participant was the last to change the vector, but for elements that were set without the lock. A hint: others
    /// may have changed it since.
    /// </summary>
    public static bool WasChangedBy(Participant* me, SharedVector* vector) => vector->Writer == me;

    // Under the lock.
    static void Change(Participant* me, SharedVector* vector)
    {
        vector->Version++;
        vector->Writer = me;
    }

    // A change of the elements: the new root is complete.
    static void Swap(Participant* me, SharedVector* vector, VectorRoot* root, VectorRoot* next, int shared)
    {
        Change(me, vector);
        Replace(me, vector, root, next, shared);
    }

    static void DropRange(Participant* me, VectorRoot* root, long first, long end)
    {
        for (long place = first; place < end; place++) Reference.Drop(me, *VectorRoot.PlaceOf(root, place));
    }
}

namespace Symplast.Objects;

// Operations by copy-and-swap of the root: O(n) under the lock, while readers go on with the old root.
public static unsafe partial class SharedVector<THook>
{
    /// <summary>Puts an element before the one at an index, or at the end. Missing if the index is beyond the end.</summary>
    public static Status Insert(Participant* me, SharedVector* vector, long index, Value value) => Splice(me, vector, new FixedRange(index, 0), &value, 1, null);

    /// <summary>Takes the element at an index out, with the reference that the vector held. Missing if there is none.</summary>
    public static Status TakeAt(Participant* me, SharedVector* vector, long index, out Value value)
    {
        Value taken = default;
        Status status = Splice(me, vector, new FixedRange(index, 1), null, 0, &taken);
        value = taken;
        return status;
    }

    /// <summary>Drops the element at an index. Missing if there is none.</summary>
    public static Status RemoveAt(Participant* me, SharedVector* vector, long index) => Splice(me, vector, new FixedRange(index, 1), null, 0, null);

    /// <summary>
    /// Replaces <paramref name="removed"/> elements from <paramref name="start"/> on by others, as many as there are, at one instant. Missing if the
    /// vector is shorter.
    /// </summary>
    public static Status SetSlice(Participant* me, SharedVector* vector, long start, long removed, Value* values, long count) =>
        Splice(me, vector, new FixedRange(start, removed), values, count, null);

    /// <summary>Drops all elements.</summary>
    public static Status Clear(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        long length = 0;
        if (status == Status.Done && root->Length != 0)
        {
            length = root->Length;
            VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, FirstCapacity);
            if (next == null) status = Status.NoMemory;
            else Swap(me, vector, root, next, 0);
        }
        if (root != null) ObjectLock.Exit<THook>(&vector->Object.Lock);
        if (status == Status.Done) DropRange(me, root, 0, length);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Turns the order round.</summary>
    public static Status Reverse(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        if (status == Status.Done && root->Length > 1)
        {
            long length = root->Length;
            VectorRoot* next = NewLike(me, vector, root, 0, length);
            if (next == null) status = Status.NoMemory;
            else
            {
                for (long i = 0; i < length; i++) *VectorRoot.PlaceOf(next, length - 1 - i) = *VectorRoot.PlaceOf(root, i);
                Swap(me, vector, root, next, 0);
            }
        }
        if (root != null) ObjectLock.Exit<THook>(&vector->Object.Lock);
        Epoch.Exit(me);
        return status;
    }

    static Status Splice<TRange>(Participant* me, SharedVector* vector, TRange range, Value* values, long count, Value* taken)
        where TRange : struct, IVectorRange
    {
        long start = 0;
        long removed = 0;
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        bool copied = false;
        if (status == Status.Done)
        {
            status = range.Locate(vector, root, out start, out removed);
            if (status != Status.Done) removed = 0;
            else if (start == root->Length) status = Extend(me, vector, root, values, count);
            else if (removed != 0 || count != 0)
            {
                status = Rebuild(me, vector, root, start, removed, values, count);
                copied = status == Status.Done;
            }
        }
        if (root != null) ObjectLock.Exit<THook>(&vector->Object.Lock);
        // The old buckets stay as they are for as long as this section is open.
        if (copied)
        {
            if (taken != null) *taken = *VectorRoot.PlaceOf(root, start);
            else DropRange(me, root, start, removed);
        }
        Epoch.Exit(me);
        return status;
    }

    static Status Rebuild(Participant* me, SharedVector* vector, VectorRoot* root, long start, long removed, Value* values, long count)
    {
        long length = root->Length;
        // What lies before the bucket of the first change is shared by both roots.
        int shared = Math.Min(VectorRoot.BucketOf(start, root->FirstShift), root->Used);
        VectorRoot* next = NewLike(me, vector, root, shared, length - removed + count);
        if (next == null) return Status.NoMemory;
        long kept = VectorRoot.StartOf(shared, root->FirstShift);
        Copy(root, kept, next, kept, start - kept);
        for (long i = 0; i < count; i++)
        {
            Reference.Take(values[i]);
            *VectorRoot.PlaceOf(next, start + i) = values[i];
        }
        Copy(root, start + removed, next, start + count, length - start - removed);
        Swap(me, vector, root, next, shared);
        return Status.Done;
    }

    // A root with its own buckets for so many elements, but for the first ones, which are another's.
    static VectorRoot* NewLike(Participant* me, SharedVector* vector, VectorRoot* root, int shared, long length)
    {
        long reach = Math.Max(length, VectorRoot.StartOf(shared, root->FirstShift));
        VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, CapacityFor(reach, root->FirstShift));
        if (next == null) return null;
        next->Length = length;
        next->Used = shared;
        for (int i = 0; i < shared; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        if (Reserve(me, Heap.Of(vector), next, length)) return next;
        Discard(me, next, shared);
        return null;
    }

    // A change of the elements: the new root is complete.
    static void Swap(Participant* me, SharedVector* vector, VectorRoot* root, VectorRoot* next, int shared)
    {
        vector->Version++;
        Replace(me, vector, root, next, shared);
    }

    static void DropRange(Participant* me, VectorRoot* root, long start, long count)
    {
        for (long i = start; i < start + count; i++) Reference.Drop(me, *VectorRoot.PlaceOf(root, i));
    }
}

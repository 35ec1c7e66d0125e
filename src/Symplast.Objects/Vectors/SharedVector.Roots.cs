using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Roots: made, grown, closed, replaced. All under the vector's lock.
public unsafe partial struct SharedVector
{
    // Takes the lock, which the caller must give back if there is a root, and makes sure that nobody sets elements without it. Of
    // a pool that was deleted there is not even a lock.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Begin(Participant* me, SharedVector* vector, out VectorRoot* root)
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

    static VectorRoot* NewRoot(Participant* me, PoolHeap* heap, int firstShift, int capacity, bool isExchange = false)
    {
        nuint bytes = VectorRoot.SizeOf(capacity);
        VectorRoot* root = (VectorRoot*)(isExchange ? Heap.AllocateInExchange(me, heap, bytes) : Heap.Allocate(me, heap, bytes));
        if (root != null) *root = new VectorRoot { FirstShift = firstShift, FirstSize = 1L << firstShift, Capacity = capacity };
        return root;
    }

    // Adds the buckets of the places before an end to a root that nobody else sees, or beyond the end of one that others do.
    // False if there is no memory.
    static bool Reserve(Participant* me, PoolHeap* heap, VectorRoot* root, long end, bool isExchange = false)
    {
        if (end == 0) return true;
        int last = VectorRoot.BucketOf(end - 1, root->FirstShift);
        Debug.Assert(last < root->Capacity);
        for (; root->Used <= last; root->Used++)
        {
            long size = VectorRoot.SizeOf(root->Used, root->FirstShift);
            nuint bytes = (nuint)size * (nuint)sizeof(Value);
            Value* bucket = (Value*)(isExchange ? Heap.AllocateInExchange(me, heap, bytes) : Heap.Allocate(me, heap, bytes));
            if (bucket == null) return false;
            VectorRoot.Buckets(root)[root->Used] = bucket - size;
        }
        return true;
    }

    // Room for the buckets of so many places, a power of two.
    static int CapacityFor(long end, int firstShift)
    {
        if (end == 0) return FirstCapacity;
        uint buckets = (uint)VectorRoot.BucketOf(end - 1, firstShift) + 1;
        return Math.Max(FirstCapacity, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(buckets));
    }

    // The same places behind a root with other bounds or other room, the buckets from `used` on left out. Null if there is no
    // memory.
    static VectorRoot* Resize(Participant* me, SharedVector* vector, VectorRoot* root, long bounds, int capacity, int used)
    {
        VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, capacity);
        if (next == null) return null;
        next->Bounds = bounds;
        next->Open = root->Open;
        next->Used = used;
        for (int i = 0; i < used; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        Replace(me, vector, root, next, used);
        return next;
    }

    // Puts a root in the place of another and retires that with its buckets from `shared` on. The elements are the caller's
    // business.
    static void Replace(Participant* me, SharedVector* vector, VectorRoot* old, VectorRoot* next, int shared)
    {
        int used = old->Used;
        Interleaving.Point();
        // Full fence: pairs with the acquire in CurrentRoot; the old root is unlinked before its tag is read.
        Interlocked.Exchange(ref *(nint*)&vector->Root, (nint)next);
        VectorAtomics.PublishGone(old);
        for (int i = shared; i < used; i++) Heap.Retire(me, VectorRoot.BucketAt(old, i));
        Heap.Retire(me, old);
    }

    internal static void Publish(VectorRoot* root, long bounds)
    {
        Interleaving.Point();
        // Release: pairs with the acquires in Read, TryUpdateOpen and Count; new elements are there before it. Gone and narrower
        // bounds come before whatever is written to the buckets afterwards, since that is a release too.
        Volatile.Write(ref root->Bounds, bounds);
    }

    // See the remarks of the class. Null if there is no memory; the root is open as before then.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static VectorRoot* Close(Participant* me, SharedVector* vector, VectorRoot* root)
    {
        PoolHeap* heap = Heap.Of(vector);
        long bounds = root->Bounds;
        VectorRoot* next = NewRoot(me, heap, root->FirstShift, root->Capacity, isExchange: true);
        if (next == null) return null;
        next->Bounds = bounds;
        if (!Reserve(me, heap, next, VectorRoot.EndOf(bounds), isExchange: true))
        {
            Discard(me, next, 0);
            return null;
        }
        Interleaving.Point();
        // Release: pairs with the acquire in Successor; the bounds and the buckets come before.
        Volatile.Write(ref *(nint*)&root->Forward, (nint)next);
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
        {
            Value* from = VectorRoot.PlaceOf(root, place);
            Value* to = VectorRoot.PlaceOf(next, place);
            Value value = Load(from);
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
        Replace(me, vector, root, next, 0);
        return next;
    }

    // Frees a root that nobody has seen, and its buckets from `shared` on.
    static void Discard(Participant* me, VectorRoot* root, int shared)
    {
        for (int i = shared; i < root->Used; i++) Heap.Free(me, VectorRoot.BucketAt(root, i));
        Heap.Free(me, root);
    }

    // Lets go of the last bucket when the one before it is empty too. Failing to is no harm.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Shrink(Participant* me, SharedVector* vector, VectorRoot* root)
    {
        int used = root->Used - 1;
        Resize(me, vector, root, root->Bounds, CapacityFor(VectorRoot.StartOf(used, root->FirstShift), root->FirstShift), used);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Append(Participant* me, SharedVector* vector, VectorRoot* root, Value value)
    {
        long bounds = root->Bounds;
        long end = VectorRoot.EndOf(bounds);
        if (VectorRoot.BucketOf(end, root->FirstShift) >= root->Used && !Grow(me, vector, ref root, end + 1))
            return Status.NoMemory;
        Reference.Take(value);
        VectorAtomics.BeginFilling(root, bounds + VectorRoot.OneMore);
        Store(VectorRoot.PlaceOf(root, end), value);
        Change(me, vector);
        Publish(root, bounds + VectorRoot.OneMore);
        return Status.Done;
    }

    static Status Extend(
        Participant* me, SharedVector* vector, VectorRoot* root, Value* values, long count, bool areOwned = false)
    {
        long bounds = root->Bounds;
        long end = VectorRoot.EndOf(bounds);
        if (end + count > VectorRoot.StartOf(root->Used, root->FirstShift) && !Grow(me, vector, ref root, end + count))
            return Status.NoMemory;
        VectorAtomics.BeginFilling(root, bounds + count * VectorRoot.OneMore);
        for (long i = 0; i < count; i++)
        {
            if (!areOwned) Reference.Take(values[i]);
            Store(VectorRoot.PlaceOf(root, end + i), values[i]);
        }
        Change(me, vector);
        Publish(root, bounds + count * VectorRoot.OneMore);
        return Status.Done;
    }

    // Makes sure that there are buckets before an end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Grow(Participant* me, SharedVector* vector, ref VectorRoot* root, long end)
    {
        int capacity = CapacityFor(end, root->FirstShift);
        if (capacity > root->Capacity) root = Resize(me, vector, root, root->Bounds, capacity, root->Used);
        return root != null && Reserve(me, Heap.Of(vector), root, end);
    }

    // Copies places from one root to another, run by run. Neither is open, and nobody else sees the second.
    static void Copy(VectorRoot* from, long start, VectorRoot* to, long destination, long count)
    {
        while (count > 0)
        {
            long run = Math.Min(count, Math.Min(RunAt(from, start), RunAt(to, destination)));
            Buffer.MemoryCopy(
                VectorRoot.PlaceOf(from, start), VectorRoot.PlaceOf(to, destination), run * sizeof(Value), run * sizeof(Value));
            start += run;
            destination += run;
            count -= run;
        }
    }

    // How many places lie side by side from this one on.
    static long RunAt(VectorRoot* root, long place) =>
        VectorRoot.StartOf(VectorRoot.BucketOf(place, root->FirstShift) + 1, root->FirstShift) - place;
}

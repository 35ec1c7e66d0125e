using System.Diagnostics;

namespace Symplast.Objects;

// Roots: made, grown, closed, replaced. All under the vector's lock.
public static unsafe partial class SharedVector<THook>
{
    // Takes the lock, which the caller must give back if there is a root, and makes sure that nobody sets elements without it. Of a pool that was deleted
    // there is not even a lock.
    static Status Begin(Participant* me, SharedVector* vector, out VectorRoot* root)
    {
        root = null;
        if (PoolHeap.IsDeleted(Heap.Of(vector))) return Status.Deleted;
        ObjectLock.Enter<THook>(&vector->Object.Lock);
        Status status = SharedObject.IsDeleted((SharedObject*)vector) ? Status.Deleted : Status.NoMemory;
        if (status != Status.Deleted) root = vector->Root->Open == 0 ? vector->Root : Close(me, vector, vector->Root);
        if (root != null) return Status.Done;
        ObjectLock.Exit<THook>(&vector->Object.Lock);
        return status;
    }

    static VectorRoot* NewRoot(Participant* me, PoolHeap* heap, int firstShift, int capacity)
    {
        VectorRoot* root = (VectorRoot*)Heap.Allocate(me, heap, VectorRoot.SizeOf(capacity));
        if (root != null) *root = new VectorRoot { FirstShift = firstShift, Capacity = capacity };
        return root;
    }

    // Adds the buckets that so many elements need to a root that nobody else sees, or beyond the length of one that others do. False if there is no
    // memory.
    static bool Reserve(Participant* me, PoolHeap* heap, VectorRoot* root, long length)
    {
        if (length == 0) return true;
        int last = VectorRoot.BucketOf(length - 1, root->FirstShift);
        Debug.Assert(last < root->Capacity);
        for (; root->Used <= last; root->Used++)
        {
            Value* bucket = (Value*)Heap.Allocate(me, heap, (nuint)VectorRoot.SizeOf(root->Used, root->FirstShift) * (nuint)sizeof(Value));
            if (bucket == null) return false;
            VectorRoot.Buckets(root)[root->Used] = bucket;
        }
        return true;
    }

    // Room for the buckets of so many elements, a power of two.
    static int CapacityFor(long length, int firstShift)
    {
        if (length == 0) return FirstCapacity;
        uint buckets = (uint)VectorRoot.BucketOf(length - 1, firstShift) + 1;
        return Math.Max(FirstCapacity, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(buckets));
    }

    // The same elements behind a root with the given room, the buckets from `used` on left out. Null if there is no memory.
    static VectorRoot* Resize(Participant* me, SharedVector* vector, VectorRoot* root, int capacity, int used)
    {
        VectorRoot* next = NewRoot(me, Heap.Of(vector), root->FirstShift, capacity);
        if (next == null) return null;
        next->Length = root->Length;
        next->Open = root->Open;
        next->Used = used;
        for (int i = 0; i < used; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        Replace(me, vector, root, next, used);
        return next;
    }

    // Puts a root in the place of another and retires that with its buckets from `shared` on. The elements are the caller's business.
    static void Replace(Participant* me, SharedVector* vector, VectorRoot* old, VectorRoot* next, int shared)
    {
        int used = old->Used;
        THook.Point();
        // Full fence: pairs with the acquire in CurrentRoot; the old root is unlinked before its tag is read.
        Interlocked.Exchange(ref *(nint*)&vector->Root, (nint)next);
        if (!THook.Omits(VectorStep.OldRootIsGone)) Publish(old, VectorRoot.Gone);
        for (int i = shared; i < used; i++) Heap.Retire(me, VectorRoot.Buckets(old)[i]);
        Heap.Retire(me, old);
    }

    static void Publish(VectorRoot* root, long length)
    {
        THook.Point();
        // Release: pairs with the acquires in Read, TryUpdateOpen and Count; new elements are there before it. Gone and a shorter length
        // come before whatever is written to the buckets afterwards, since that is a release too.
        Volatile.Write(ref root->Length, length);
    }

    // See the remarks of the class. Null if there is no memory; the root is open as before then.
    static VectorRoot* Close(Participant* me, SharedVector* vector, VectorRoot* root)
    {
        PoolHeap* heap = Heap.Of(vector);
        long length = root->Length;
        VectorRoot* next = NewRoot(me, heap, root->FirstShift, root->Capacity);
        if (next == null) return null;
        next->Length = length;
        if (!Reserve(me, heap, next, length))
        {
            Discard(me, next, 0);
            return null;
        }
        THook.Point();
        // Release: pairs with the acquire in Successor; the length and the buckets come before.
        Volatile.Write(ref *(nint*)&root->Forward, (nint)next);
        for (long i = 0; i < length; i++)
        {
            Value* from = VectorRoot.PlaceOf(root, i);
            Value* to = VectorRoot.PlaceOf(next, i);
            Value value = Load(from);
            while (true)
            {
                // Before the mark, which sends readers here.
                *to = value;
                THook.Point();
                // Full fence: pairs with the exchange in TryUpdateOpen, which either came before and is seen, or fails.
                ulong seen = Interlocked.CompareExchange(ref *(ulong*)from, Moved.Bits, value.Bits);
                if (seen == value.Bits) break;
                if (THook.Omits(VectorStep.FreezingCompares))
                {
                    Store(from, Moved);
                    break;
                }
                value = new Value(seen);
            }
        }
        vector->GuardedSets = 0;
        Replace(me, vector, root, next, 0);
        return next;
    }

    // Frees a root that nobody has seen, and its buckets from `shared` on.
    static void Discard(Participant* me, VectorRoot* root, int shared)
    {
        for (int i = shared; i < root->Used; i++) Heap.Free(me, VectorRoot.Buckets(root)[i]);
        Heap.Free(me, root);
    }

    // Lets go of the last bucket when the one before it is empty too. Failing to is no harm.
    static void Shrink(Participant* me, SharedVector* vector, VectorRoot* root)
    {
        int spare = root->Used - 2;
        if (spare > 0 && root->Length <= VectorRoot.StartOf(spare, root->FirstShift))
        {
            Resize(me, vector, root, CapacityFor(VectorRoot.StartOf(spare + 1, root->FirstShift), root->FirstShift), spare + 1);
        }
    }

    static Status Extend(Participant* me, SharedVector* vector, VectorRoot* root, Value* values, long count)
    {
        long length = root->Length;
        int capacity = CapacityFor(length + count, root->FirstShift);
        if (capacity > root->Capacity)
        {
            root = Resize(me, vector, root, capacity, root->Used);
            if (root == null) return Status.NoMemory;
        }
        if (!Reserve(me, Heap.Of(vector), root, length + count)) return Status.NoMemory;
        if (THook.Omits(VectorStep.ElementComesBeforeLength)) Publish(root, length + count);
        for (long i = 0; i < count; i++)
        {
            Reference.Take(values[i]);
            Store(VectorRoot.PlaceOf(root, length + i), values[i]);
        }
        vector->Version++;
        Publish(root, length + count);
        return Status.Done;
    }

    // Copies elements from one root to another, run by run. Neither is open, and nobody else sees the second.
    static void Copy(VectorRoot* from, long start, VectorRoot* to, long destination, long count)
    {
        while (count > 0)
        {
            long run = Math.Min(count, Math.Min(RunAt(from, start), RunAt(to, destination)));
            Buffer.MemoryCopy(VectorRoot.PlaceOf(from, start), VectorRoot.PlaceOf(to, destination), run * sizeof(Value), run * sizeof(Value));
            start += run;
            destination += run;
            count -= run;
        }
    }

    // How many elements lie side by side from this one on.
    static long RunAt(VectorRoot* root, long index) => VectorRoot.StartOf(VectorRoot.BucketOf(index, root->FirstShift) + 1, root->FirstShift) - index;
}

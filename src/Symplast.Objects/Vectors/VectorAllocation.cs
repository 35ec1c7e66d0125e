using System.Diagnostics;

namespace Symplast.Objects;

/// <summary>Allocates roots and their buckets, and frees those that nobody has seen.</summary>
internal static unsafe class VectorAllocation
{
    internal const int FirstCapacity = 4;

    internal static VectorRoot* NewRoot(Participant* me, PoolHeap* heap, int firstShift, int capacity, bool isExchange = false)
    {
        nuint bytes = VectorRoot.SizeOf(capacity);
        VectorRoot* root = (VectorRoot*)(isExchange ? Heap.AllocateInExchange(me, heap, bytes) : Heap.Allocate(me, heap, bytes));
        if (root != null) *root = new VectorRoot { FirstShift = firstShift, FirstSize = 1L << firstShift, Capacity = capacity };
        return root;
    }

    // A root for so many elements. It shares the first buckets of another root; the others are its own.
    internal static VectorRoot* NewLike(
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

    // Adds the buckets of the places before an end to a root that nobody else sees, or beyond the end of one that others do.
    // False if there is no memory.
    internal static bool Reserve(Participant* me, PoolHeap* heap, VectorRoot* root, long end, bool isExchange = false)
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
    internal static int CapacityFor(long end, int firstShift)
    {
        if (end == 0) return FirstCapacity;
        uint buckets = (uint)VectorRoot.BucketOf(end - 1, firstShift) + 1;
        return Math.Max(FirstCapacity, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(buckets));
    }

    // Frees a root that nobody has seen, and its buckets from `shared` on.
    internal static void Discard(Participant* me, VectorRoot* root, int shared)
    {
        for (int i = shared; i < root->Used; i++) Heap.Free(me, VectorRoot.BucketAt(root, i));
        Heap.Free(me, root);
    }
}

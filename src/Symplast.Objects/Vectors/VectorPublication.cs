using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Publishes the roots and the bounds of vectors, under the vector's lock, and finds them for readers.</summary>
internal static unsafe class VectorPublication
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static VectorRoot* Current(SharedVector* vector)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchange in Replace; the first load of the section's pointers.
        return (VectorRoot*)Volatile.Read(ref *(nint*)&vector->Root);
    }

    // After a Moved: the root that is being filled, or the vector's present one if that happened long ago.
    internal static VectorRoot* Successor(SharedVector* vector, VectorRoot* root)
    {
        // Acquire: pairs with the release in Close, which comes before every Moved.
        VectorRoot* forward = (VectorRoot*)Volatile.Read(ref *(nint*)&root->Forward);
        return forward != null ? forward : Current(vector);
    }

    internal static void Publish(VectorRoot* root, long bounds)
    {
        Interleaving.Point();
        // Release: pairs with the acquires in Read, TryUpdateOpen and Count; new elements are there before it. Gone and narrower
        // bounds come before whatever is written to the buckets afterwards, since that is a release too.
        Volatile.Write(ref root->Bounds, bounds);
    }

    // Counts a change of the elements.
    internal static void Change(Participant* me, SharedVector* vector)
    {
        vector->Version++;
        vector->Writer = me;
    }

    // Publishes a complete root with other elements.
    internal static void Swap(Participant* me, SharedVector* vector, VectorRoot* root, VectorRoot* next, int shared)
    {
        Change(me, vector);
        Replace(me, vector, root, next, shared);
    }

    // Publishes a root and retires the old one, with those of its buckets that the new one does not share: from `shared` on. The
    // references of the elements are left to the caller.
    internal static void Replace(Participant* me, SharedVector* vector, VectorRoot* old, VectorRoot* next, int shared)
    {
        int used = old->Used;
        Invariants.Check(next, &VectorRoot.IsFilled);
        Interleaving.Point();
        // Full fence: pairs with the acquire in Current; the old root is unlinked before Retire reads its epoch tag.
        Interlocked.Exchange(ref *(nint*)&vector->Root, (nint)next);
        VectorAtomics.PublishGone(old);
        for (int i = shared; i < used; i++) Heap.Retire(me, VectorRoot.BucketAt(old, i));
        Heap.Retire(me, old);
    }

    // A root with other bounds or other room that leads to the same buckets, without those from `used` on. Null if there is no
    // memory.
    static VectorRoot* Resize(Participant* me, SharedVector* vector, VectorRoot* root, long bounds, int capacity, int used)
    {
        VectorRoot* next = VectorAllocation.NewRoot(me, Heap.Of(vector), root->FirstShift, capacity);
        if (next == null) return null;
        next->Bounds = bounds;
        next->Open = root->Open;
        next->Used = used;
        for (int i = 0; i < used; i++) VectorRoot.Buckets(next)[i] = VectorRoot.Buckets(root)[i];
        Replace(me, vector, root, next, used);
        return next;
    }

    // Makes sure that there are buckets before an end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool Grow(Participant* me, SharedVector* vector, ref VectorRoot* root, long end)
    {
        int capacity = VectorAllocation.CapacityFor(end, root->FirstShift);
        if (capacity > root->Capacity) root = Resize(me, vector, root, root->Bounds, capacity, root->Used);
        return root != null && VectorAllocation.Reserve(me, Heap.Of(vector), root, end);
    }

    // Retires the last bucket when the one before it is empty too. Without memory the vector stays as it is.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Shrink(Participant* me, SharedVector* vector, VectorRoot* root)
    {
        int used = root->Used - 1;
        int capacity = VectorAllocation.CapacityFor(VectorRoot.StartOf(used, root->FirstShift), root->FirstShift);
        Resize(me, vector, root, root->Bounds, capacity, used);
    }
}

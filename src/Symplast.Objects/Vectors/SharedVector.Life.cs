namespace Symplast.Objects;

// Deletion, release, and the walk over the invariants.
public unsafe partial struct SharedVector
{
    /// <summary>
    /// Deletes the vector by hand: all later operations answer Deleted, and so does a second call. What it held is released.
    /// </summary>
    public static Status Delete(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        VectorRoot* root = TakeRoot(vector, out long bounds);
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
            Reference.Drop(me, Kill(root, place));
        RetireAll(me, root);
        Epoch.Exit(me);
        return root == null ? Status.Deleted : Status.Done;
    }

    /// <summary>Releases what a vector holds whose last reference is gone. Others may still be reading it.</summary>
    static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        VectorRoot* root = TakeRoot((SharedVector*)header, out long bounds);
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
            release.Drop(me, Kill(root, place));
        RetireAll(me, root);
    }

    /// <summary>Whether all invariants hold. Only while nobody changes the vector.</summary>
    public static bool IsValid(SharedVector* vector)
    {
        VectorRoot* root = vector->Root;
        if (vector->Object.Lock != 0) return false;
        if (vector->Object.Head.DeletedFlag != 0) return root == null;
        if (root->Forward != null || root->FirstShift != vector->FirstShift || root->Used > root->Capacity) return false;
        long first = VectorRoot.FirstOf(root->Bounds), end = VectorRoot.EndOf(root->Bounds);
        if (root->Bounds < 0 || first > end || end > VectorRoot.StartOf(root->Used, root->FirstShift)) return false;
        for (long place = first; place < end; place++)
        {
            Value value = *VectorRoot.PlaceOf(root, place);
            if (value.Kind is ValueKind.Empty or ValueKind.Mark) return false;
            if (value.IsCounted && value.Head->Count <= 0) return false;
        }
        return true;
    }

    // The root of a vector that is deleted herewith; null if it was before. Whoever gets it owns the references of the elements.
    static VectorRoot* TakeRoot(SharedVector* vector, out long bounds)
    {
        bounds = 0;
        VectorRoot* root = null;
        if (PoolHeap.IsDeleted(Heap.Of(vector))) return null;
        ObjectLock.Enter(&vector->Object.Lock);
        if (vector->Object.Head.DeletedFlag == 0)
        {
            Interleaving.Point();
            // Full fence: pairs with the acquire in CurrentRoot; unlinks the root and its buckets before they are retired.
            root = (VectorRoot*)Interlocked.Exchange(ref *(nint*)&vector->Root, 0);
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted. After the root, which readers look at: who was told by
            // the flag finds no root either. Under the lock, so who holds it next sees it.
            Volatile.Write(ref vector->Object.Head.DeletedFlag, 1);
            bounds = root->Bounds;
            Publish(root, VectorRoot.Gone);
        }
        ObjectLock.Exit(&vector->Object.Lock);
        return root;
    }

    static Value Kill(VectorRoot* root, long place)
    {
        Interleaving.Point();
        return VectorAtomics.Kill(VectorRoot.PlaceOf(root, place));
    }

    static void RetireAll(Participant* me, VectorRoot* root)
    {
        if (root == null) return;
        for (int i = 0; i < root->Used; i++) Heap.Retire(me, VectorRoot.BucketAt(root, i));
        Heap.Retire(me, root);
    }
}

namespace Symplast.Objects;

/// <summary>Gives up what a vector holds: on deletion by hand, and when nobody refers to it any more.</summary>
internal static unsafe class VectorDismantling
{
    internal static Status Delete(Participant* me, SharedVector* vector)
    {
        Epoch.Enter(me);
        VectorRoot* root = TakeRoot(vector, out long bounds);
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
            Reference.Drop(me, Kill(root, place));
        RetireAll(me, root);
        Epoch.Exit(me);
        return root == null ? Status.Deleted : Status.Done;
    }

    /// <summary>Releases what the vector holds when its last reference is gone. Other threads may still be reading it.</summary>
    internal static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        VectorRoot* root = TakeRoot((SharedVector*)header, out long bounds);
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
            release.Drop(me, Kill(root, place));
        RetireAll(me, root);
    }

    // Deletes the vector and returns its root, whose elements' references are the caller's now; null if it was deleted before.
    static VectorRoot* TakeRoot(SharedVector* vector, out long bounds)
    {
        bounds = 0;
        VectorRoot* root = null;
        if (PoolHeap.IsDeleted(Heap.Of(vector))) return null;
        ObjectLock.Enter(&vector->Object.Lock);
        if (vector->Object.Head.DeletedFlag == 0)
        {
            Interleaving.Point();
            // Full fence: pairs with the acquire in Current; unlinks the root and its buckets before they are retired.
            root = (VectorRoot*)Interlocked.Exchange(ref *(nint*)&vector->Root, 0);
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted. After the root, which readers look at: who was told by
            // the flag finds no root either. Under the lock, so who holds it next sees it.
            Volatile.Write(ref vector->Object.Head.DeletedFlag, 1);
            bounds = root->Bounds;
            VectorPublication.Publish(root, VectorRoot.Gone);
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

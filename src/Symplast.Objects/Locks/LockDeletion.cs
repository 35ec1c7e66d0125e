namespace Symplast.Objects;

/// <summary>Deletes locks and their like by hand.</summary>
internal static unsafe class LockDeletion
{
    /// <summary>
    /// Marks an object as deleted and wakes all that wait for its event. Deleted if it was deleted before. Thread-safe, not
    /// called inside a section.
    /// </summary>
    internal static Status Delete(Participant* me, SharedObject* o, nuint happening)
    {
        Epoch.Enter(me);
        bool first = !PoolHeap.IsDeleted(Heap.Of(o)) && Mark(o);
        Epoch.Exit(me);
        if (!first) return Status.Deleted;
        LockAtomics.Wake(happening, int.MaxValue);
        return Status.Done;
    }

    static bool Mark(SharedObject* o)
    {
        Interleaving.Point();
        // Full fence: pairs with the acquire in SharedObject.IsDeleted, and with the lock of the bucket in ParkingLot.Add. A
        // waiter that is not woken sees the flag.
        return Interlocked.Exchange(ref o->Head.DeletedFlag, 1) == 0;
    }
}

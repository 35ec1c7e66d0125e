namespace Symplast.Objects;

// What gives the insertions and removals of all keys one order, so that there is a number of entries at each moment. Updates of
// values have no part in it.
public unsafe partial struct SortedMap
{
    /// <summary>The number of entries at one moment during the call.</summary>
    public static Status Count(Participant* me, SortedMap* map, out long count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = SharedObject.IsDeleted((SharedObject*)map) ? Status.Deleted : Status.Done;
        if (status == Status.Done) count = CountOf(map);
        Epoch.Exit(me);
        return status;
    }

    static long CountOf(SortedMap* map)
    {
        for (int i = 0; i < TreeSizes.MostLooks; i++)
        {
            Interleaving.Point();
            // Acquire: pairs with the releases in EnterOrder and ExitOrder.
            ulong version = Volatile.Read(ref map->Version);
            Interleaving.Point();
            // Acquire: pairs with the release in ExitOrder. If it is of a later version, so is what is read next.
            long count = Volatile.Read(ref map->Entries);
            Interleaving.Point();
            if (TreeAtomics.IsUnchanged(map, version)) return count;
        }
        // The holder was interrupted, or there is no end of changes.
        ObjectLock.Enter(&map->Order);
        long settled = map->Entries;
        ObjectLock.Exit(&map->Order);
        return settled;
    }

    // The era is that before the search for the leaf, whose lock is held: if it is another one now, the leaf may be one of a tree
    // that was cleared away. False then, and not entered.
    static bool TryEnterOrder(SortedMap* map, ulong era)
    {
        EnterOrder(map);
        if (TreeAtomics.IsEra(map, era)) return true;
        ExitOrder(map, 0);
        return false;
    }

    static void EnterOrder(SortedMap* map)
    {
        ObjectLock.Enter(&map->Order);
        Interleaving.Point();
        // Release, odd: pairs with the first reading in CountOf. What follows is stored with release or interlocked, so it is not
        // seen before this.
        Volatile.Write(ref map->Version, map->Version + 1);
    }

    static void ExitOrder(SortedMap* map, long change)
    {
        Interleaving.Point();
        // Release, both: pair with the readings in CountOf, which find all of the change, or none of it.
        Volatile.Write(ref map->Entries, map->Entries + change);
        Interleaving.Point();
        Volatile.Write(ref map->Version, map->Version + 1);
        ObjectLock.Exit(&map->Order);
    }
}

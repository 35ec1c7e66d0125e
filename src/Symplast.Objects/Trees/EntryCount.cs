namespace Symplast.Objects;

/// <summary>
/// The one order of the insertions and removals of all keys, and the number of entries, which it defines at each moment.
/// Replacing a value has no part in it.
/// </summary>
internal static unsafe class EntryCount
{
    internal static long Of(SortedMap* map)
    {
        for (int i = 0; i < TreeSizes.MostLooks; i++)
        {
            Interleaving.Point();
            // Acquire: pairs with the releases in Enter and Exit.
            ulong version = Volatile.Read(ref map->Version);
            Interleaving.Point();
            // Acquire: pairs with the release in Exit. If it is of a later version, so is what is read next.
            long count = Volatile.Read(ref map->Entries);
            Interleaving.Point();
            if (TreeAtomics.IsUnchanged(ref map->Version, version)) return count;
        }
        // The holder was interrupted, or there is no end of changes.
        ObjectLock.Enter(&map->Order);
        long settled = map->Entries;
        ObjectLock.Exit(&map->Order);
        return settled;
    }

    // The era is that before the search for the leaf, whose lock is held: if it is another one now, the leaf may be one of a tree
    // that was cleared away. False then, and not entered.
    internal static bool TryEnter(SortedMap* map, ulong era)
    {
        Enter(map);
        if (TreeAtomics.IsEra(map->Era, era)) return true;
        Exit(map, 0);
        return false;
    }

    internal static void Enter(SortedMap* map)
    {
        ObjectLock.Enter(&map->Order);
        Interleaving.Point();
        // Release, odd: pairs with the first reading in Of. What follows is stored with release or interlocked, so it is not
        // seen before this.
        Volatile.Write(ref map->Version, map->Version + 1);
    }

    internal static void Exit(SortedMap* map, long change)
    {
        Interleaving.Point();
        // Release, both: pair with the readings in Of, which find all of the change, or none of it.
        Volatile.Write(ref map->Entries, map->Entries + change);
        Interleaving.Point();
        Volatile.Write(ref map->Version, map->Version + 1);
        ObjectLock.Exit(&map->Order);
    }
}

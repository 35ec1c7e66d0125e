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
            // Acquire: pairs with the releases in SequenceLock.
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

    internal static void Enter(SortedMap* map) => SequenceLock.Enter(&map->Order, &map->Version);

    internal static void Exit(SortedMap* map, long change)
    {
        Interleaving.Point();
        // Release: pairs with the second reading in Of.
        Volatile.Write(ref map->Entries, map->Entries + change);
        SequenceLock.Exit(&map->Order, &map->Version);
    }
}

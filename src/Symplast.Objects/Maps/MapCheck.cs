namespace Symplast.Objects;

/// <summary>The invariants of a map that no other thread changes.</summary>
public static unsafe class MapCheck
{
    /// <summary>Walks all invariants. For tests; while no other thread changes the map.</summary>
    public static bool IsValid(Participant* me, OrderedMap* map)
    {
        Epoch.Enter(me);
        bool valid = IsValid(map);
        Epoch.Exit(me);
        return valid;
    }

    internal static bool IsValid(OrderedMap* map)
    {
        nint root = map->Root;
        return map->Object.Lock == 0 && map->Gate == 0
            && (root == 0
                ? map->Object.Head.DeletedFlag == 1
                : LargeTable.IsRoot(root) ? TableCheck.IsValid(LargeTable.OfRoot(root), isQuiet: true)
                : TableCheck.IsValid((SmallTable*)root, map->NextSequence, isQuiet: true));
    }

    /// <summary>Whether the root is right if it is a small table. Under the map's lock.</summary>
    internal static bool IsSmallValid(OrderedMap* map) => map->Root == 0 || LargeTable.IsRoot(map->Root)
        || TableCheck.IsValid((SmallTable*)map->Root, map->NextSequence, isQuiet: false);
}

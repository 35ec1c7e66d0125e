namespace Symplast.Objects;

/// <summary>
/// The locks of all leaves of a range. While they are held, nothing in the range changes but inner nodes. Yet the map may be
/// cleared; an operation that changes an entry asks <see cref="EntryCount.TryEnter"/> whether it was.
/// </summary>
internal static unsafe class RangeLock
{
    // Locks all leaves of a range from left to right; the list begins with the last one. False, and none is locked, if the map
    // was cleared or deleted meanwhile.
    internal static bool TryLock(SortedMap* map, in KeyRange range, out SortedNode* locked)
    {
        locked = null;
        Interleaving.Point();
        // Acquire: pairs with the increment in Dismantling.Clear. Who has locked a leaf of a new tree sees the new era.
        ulong era = Volatile.Read(ref map->Era);
        SortedKey target = range.Lower;
        Toward toward = range.HasLower ? Toward.Key : Toward.First;
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedNode* leaf = TreePath.Descend(map, target, toward, 0, out TreePath path);
            if (!SortedNode.TryLock(leaf)) continue;
            SortedNode.Next(leaf) = locked;
            locked = leaf;
            // No key of the leaves that follow is less.
            Value upper = path.FencesAbove(1).Upper;
            if (upper.IsEmpty || range.IsAbove(upper))
            {
                if (Volatile.Read(ref map->Era) == era && !SharedObject.IsDeleted((SharedObject*)map)) return true;
                break;
            }
            target = new SortedKey(upper);
            toward = Toward.Key;
        }
        Unlock(locked);
        locked = null;
        return false;
    }

    internal static void Unlock(SortedNode* locked)
    {
        while (locked != null)
        {
            SortedNode* next = SortedNode.Next(locked);
            SortedNode.Unlock(locked);
            locked = next;
        }
    }

    // Among all leaves, locked, from the last to the first; null if there is no such entry.
    internal static SortedLeaf* Locate(SortedNode* locked, long number, out int position, out bool isEmpty)
    {
        position = 0;
        long entries = 0;
        for (SortedNode* leaf = locked; leaf != null; leaf = SortedNode.Next(leaf)) entries += LeafOrder.Count(leaf->Order);
        isEmpty = entries == 0;
        // Counted from the end, as the leaves are.
        long rest = number < 0 ? -1 - number : entries - 1 - number;
        if (rest < 0 || rest >= entries) return null;
        while (rest >= LeafOrder.Count(locked->Order))
        {
            rest -= LeafOrder.Count(locked->Order);
            locked = SortedNode.Next(locked);
        }
        position = LeafOrder.Count(locked->Order) - 1 - (int)rest;
        return (SortedLeaf*)locked;
    }
}

namespace Symplast.Objects;

// Taking out an entry by its number in the order.
public unsafe partial struct SortedMap
{
    /// <summary>
    /// Removes the entry with a number in the order of keys, negative from the end, and gives it; Missing if there is none, and
    /// whether there was none at all. Both references become the caller's. Writers wait while it is looked for, readers do not
    /// notice.
    /// </summary>
    public static Status PopAt(Participant* me, SortedMap* map, long number, out Value key, out Value value, out bool wasEmpty) =>
        PopAt(me, map, number, default, out key, out value, out wasEmpty);

    /// <summary>The same, unless the guard refuses the value.</summary>
    public static Status PopAt(
        Participant* me, SortedMap* map, long number, in ValueGuard guard, out Value key, out Value value, out bool wasEmpty)
    {
        Epoch.Enter(me);
        key = value = default;
        wasEmpty = false;
        Status status = Status.Deleted;
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            // Acquire: pairs with the increment in Clear, as in Write.
            ulong era = Volatile.Read(ref map->Era);
            if (!TryLockLeaves(map, default, out SortedNode* locked)) continue;
            SortedLeaf* leaf = Locate(locked, number, out int position, out wasEmpty);
            bool isRefused = leaf != null && !guard.Accepts(ValueAt(leaf, position));
            bool isCurrent = leaf == null || isRefused || TryPopFrom(map, era, leaf, position, out key, out value);
            bool isSparse = leaf != null && !isRefused && LeafOrder.Count(leaf->Node.Order) < LeastEntries;
            UnlockLeaves(locked);
            if (!isCurrent) continue;
            status = leaf == null ? Status.Missing : isRefused ? Status.Refused : Status.Done;
            if (isSparse) Merge(me, map, new SortedKey(key), Toward.Key, 0);
            break;
        }
        Epoch.Exit(me);
        return status;
    }

    // Among all leaves, locked, from the last to the first; null if there is no such entry.
    static SortedLeaf* Locate(SortedNode* locked, long number, out int position, out bool isEmpty)
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

    static Value ValueAt(SortedLeaf* leaf, int position) =>
        new(SortedLeaf.Value(leaf, LeafOrder.Place(leaf->Node.Order, position)));

    static bool TryPopFrom(SortedMap* map, ulong era, SortedLeaf* leaf, int position, out Value key, out Value value)
    {
        key = value = default;
        if (!TryEnterOrder(map, era)) return false;
        int place = LeafOrder.Place(leaf->Node.Order, position);
        key = new Value(SortedLeaf.Key(leaf, place));
        value = new Value(SortedLeaf.Value(leaf, place));
        Interleaving.Point();
        // Release; giving back the lock is a full fence.
        Volatile.Write(ref leaf->Node.Order, LeafOrder.Removed(leaf->Node.Order, position));
        ExitOrder(map, -1);
        return true;
    }
}

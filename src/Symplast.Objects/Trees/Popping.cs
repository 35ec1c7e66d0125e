namespace Symplast.Objects;

/// <summary>Taking out the first entry, the last one, or one by its number.</summary>
internal static unsafe class Popping
{
    internal static Status Pop(Participant* me, SortedMap* map, Toward side, in ValueGuard guard, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status? popped = null;
        while (popped == null)
            popped = SharedObject.IsDeleted((SharedObject*)map)
            ? Status.Deleted : TryPop(me, map, side, guard, out key, out value);
        if (popped == Status.Done) SortedMap.Wake(map, Probe.Of(key));
        Epoch.Exit(me);
        return popped.Value;
    }

    // The first leaf stays the first for as long as it lives, and nothing comes into it while it is locked: what is first there
    // is first of all.
    static Status? TryPop(Participant* me, SortedMap* map, Toward side, in ValueGuard guard, out Value key, out Value value)
    {
        key = value = default;
        // Acquire: pairs with the increment in Dismantling.Clear, as in TreeWriter.Write.
        ulong era = Volatile.Read(ref map->Era);
        SortedLeaf* leaf = (SortedLeaf*)TreePath.Descend(map, default, side, 0, out _);
        if (!SortedLeaf.TryLock(leaf)) return null;
        ulong order = leaf->Node.Order;
        int entries = LeafOrder.Count(order);
        if (entries == 0)
        {
            // A live leaf that is the root is all there is.
            bool isRoot = Volatile.Read(ref map->Root) == (nint)leaf;
            SortedLeaf.Unlock(leaf);
            if (isRoot) return Status.Missing;
            Status status = Balance.Merge(me, map, default, side, 0);
            return status == Status.Done ? null : status;
        }
        int position = side == Toward.First ? 0 : entries - 1;
        if (!guard.Accepts(SortedLeaf.ValueAt(leaf, position)))
        {
            SortedLeaf.Unlock(leaf);
            return Status.Refused;
        }
        bool isCurrent = TryPopFrom(map, era, leaf, position, out key, out value);
        SortedLeaf.Unlock(leaf);
        if (!isCurrent) return null;
        // A leaf at the end may be sparse: it would have to be merged after every few entries.
        if (entries == 1) Balance.Merge(me, map, default, side, 0);
        return Status.Done;
    }

    // Takes an entry out of a leaf, which is locked; false if the tree was cleared away since it had this era.
    static bool TryPopFrom(SortedMap* map, ulong era, SortedLeaf* leaf, int position, out Value key, out Value value)
    {
        key = value = default;
        if (!EntryCount.TryEnter(map, era)) return false;
        ulong order = leaf->Node.Order;
        key = SortedLeaf.KeyAt(leaf, order, position);
        value = SortedLeaf.ValueAt(leaf, position);
        Interleaving.Point();
        // Release; giving back the lock is a full fence.
        Volatile.Write(ref leaf->Node.Order, LeafOrder.Removed(order, position));
        EntryCount.Exit(map, -1);
        return true;
    }

    internal static Status PopAt(
        Participant* me, SortedMap* map, long number, in ValueGuard guard, out Value key, out Value value, out bool wasEmpty)
    {
        Epoch.Enter(me);
        key = value = default;
        wasEmpty = false;
        Status status = Status.Deleted;
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            // Acquire: pairs with the increment in Dismantling.Clear, as in TreeWriter.Write.
            ulong era = Volatile.Read(ref map->Era);
            if (!RangeLock.TryLock(map, default, out SortedNode* locked)) continue;
            SortedLeaf* leaf = RangeLock.Locate(locked, number, out int position, out wasEmpty);
            bool isRefused = leaf != null && !guard.Accepts(SortedLeaf.ValueAt(leaf, position));
            bool isCurrent = leaf == null || isRefused || TryPopFrom(map, era, leaf, position, out key, out value);
            bool isSparse = leaf != null && !isRefused && LeafOrder.Count(leaf->Node.Order) < Occupancy.LeastEntries;
            RangeLock.Unlock(locked);
            if (!isCurrent) continue;
            status = leaf == null ? Status.Missing : isRefused ? Status.Refused : Status.Done;
            if (status == Status.Done) SortedMap.Wake(map, Probe.Of(key));
            if (isSparse) Balance.Merge(me, map, new SortedKey(key), Toward.Key, 0);
            break;
        }
        Epoch.Exit(me);
        return status;
    }
}

namespace Symplast.Objects;

/// <summary>The operations that change one entry.</summary>
internal static unsafe class TreeWriter
{
    internal static Status Write<TChange>(Participant* me, SortedMap* map, in Probe probe, in TChange change,
        out Value present, out Value next)
        where TChange : struct, IValueChange
    {
        Epoch.Enter(me);
        present = next = default;
        OrderingClass kind = SortedKey.ClassOf(probe);
        Status status = Status.WrongKind;
        while (kind != OrderingClass.None)
        {
            if (SharedObject.IsDeleted((SharedObject*)map))
            {
                status = Status.Deleted;
                break;
            }
            // Acquire: pairs with the increment in Dismantling.Clear. Before the root: a leaf of a later tree comes with another
            // era, at the latest under the order.
            ulong era = Volatile.Read(ref map->Era);
            SortedLeaf* leaf = Lookup.LeafOf(map, probe);
            if (!SortedLeaf.TryLock(leaf)) continue;
            if (leaf->Node.Class != kind)
            {
                bool isEmpty = LeafOrder.Count(leaf->Node.Order) == 0;
                SortedLeaf.Unlock(leaf);
                status = !isEmpty ? Status.WrongKind : !TChange.Inserts ? Status.Missing : Adopt(me, map, probe);
            }
            else
            {
                Attempt attempt = TryWrite(me, map, leaf, era, probe, change, out present, out next, out status);
                if (attempt == Attempt.Cleared) continue;
                if (attempt == Attempt.Ended)
                {
                    if (status == Status.Done) SortedMap.Wake(map, probe);
                    break;
                }
                status = Balance.Split(me, map, new SortedKey(probe), 0);
            }
            if (status != Status.Done) break;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>How an attempt to write into a leaf ends.</summary>
    enum Attempt
    {
        /// <summary>With a status.</summary>
        Ended,

        /// <summary>The leaf has no room.</summary>
        Full,

        /// <summary>The leaf is not of this tree any more.</summary>
        Cleared,
    }

    // Unlocks the leaf.
    static Attempt TryWrite<TChange>(
        Participant* me, SortedMap* map, SortedLeaf* leaf, ulong era, in Probe probe, in TChange change, out Value present,
            out Value next, out Status status)
        where TChange : struct, IValueChange
    {
        ulong order = leaf->Node.Order;
        int place = SortedLeaf.PlaceOf(leaf, order, probe);
        present = place < 0 ? default : new Value(SortedLeaf.Value(leaf, place));
        next = default;
        status = Status.Done;
        if (place < 0 && TChange.Inserts && LeafOrder.Filled(order) >= TreeSizes.LeafCapacity)
        {
            SortedLeaf.Unlock(leaf);
            return Attempt.Full;
        }
        bool isCurrent = true;
        Value desired = default;
        status = place < 0 && !TChange.Inserts ? Status.Missing : change.Next(me, Heap.Of(map), present, out desired);
        if (status != Status.Done) SortedLeaf.Unlock(leaf);
        else if (TChange.Removes)
        {
            Value stored = new(SortedLeaf.Key(leaf, place));
            order = LeafOrder.Removed(order, LeafOrder.PositionOf(order, place));
            isCurrent = EntryCount.TryEnter(map, era);
            if (isCurrent)
            {
                Interleaving.Point();
                // Release; dropping what was there is a full fence.
                Volatile.Write(ref leaf->Node.Order, order);
                EntryCount.Exit(map, -1);
            }
            SortedLeaf.Unlock(leaf);
            if (isCurrent)
            {
                Reference.Drop(me, stored);
                if (!TChange.TakesPrevious) Reference.Drop(me, present);
                if (LeafOrder.Count(order) < Occupancy.LeastEntries) Balance.Merge(me, map, new SortedKey(probe), Toward.Key, 0);
            }
        }
        else if (place >= 0)
        {
            Interleaving.Point();
            // Release: pairs with the acquires in SortedMap.Find and Neighbours.
            Volatile.Write(ref SortedLeaf.Value(leaf, place), desired.Bits);
            SortedLeaf.Unlock(leaf);
            if (!TChange.TakesPrevious) Reference.Drop(me, present);
            next = desired;
        }
        else
        {
            status = Insert(me, map, leaf, era, probe, desired, out isCurrent);
            SortedLeaf.Unlock(leaf);
            if (status == Status.Done && isCurrent) next = desired;
            else Reference.Drop(me, desired);
        }
        if (isCurrent) return Attempt.Ended;
        present = default;
        return Attempt.Cleared;
    }

    // The leaf is not of this tree any more if isCurrent is false: nothing has happened then.
    static Status Insert(
        Participant* me, SortedMap* map, SortedLeaf* leaf, ulong era, in Probe probe, Value value, out bool isCurrent)
    {
        isCurrent = true;
        SortedKey sought = new(probe);
        Value key = probe.ToValue(me, Heap.Of(map));
        if (key.IsEmpty) return Status.NoMemory;
        ulong order = leaf->Node.Order;
        int place = LeafOrder.Filled(order);
        SortedLeaf.Search(leaf, order, sought, out int position);
        bool isTuple = sought.Class == OrderingClass.Tuple;
        if (isTuple && !TupleOrder.HasOrderInside(leaf, order, position, key))
        {
            Reference.Drop(me, key);
            return Status.WrongKind;
        }
        TreeAtomics.BeginFilling(leaf, LeafOrder.Inserted(order, position));
        leaf->Tags[place] = SortedKey.TagOf(probe);
        leaf->Digests[place] = sought.DigestIn(&leaf->Node);
        SortedLeaf.Key(leaf, place) = key.Bits;
        SortedLeaf.Value(leaf, place) = value.Bits;
        isCurrent = EntryCount.TryEnter(map, era);
        if (!isCurrent)
        {
            // Nobody has seen the place.
            Reference.Drop(me, key);
            return Status.Done;
        }
        if (isTuple && !TupleOrder.HasOrderOutside(map, leaf, order, position, key))
        {
            EntryCount.Exit(map, 0);
            Reference.Drop(me, key);
            return Status.WrongKind;
        }
        Interleaving.Point();
        // Release: pairs with the acquires in SortedMap.Find and Neighbours; the place is filled.
        Volatile.Write(ref leaf->Node.Order, LeafOrder.Inserted(order, position));
        EntryCount.Exit(map, 1);
        return Status.Done;
    }

    /// <summary>Makes an empty map's root one for keys of another class. WrongKind if the map is not empty.</summary>
    static Status Adopt(Participant* me, SortedMap* map, in Probe probe)
    {
        SortedKey key = new(probe);
        while (true)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
            SortedLeaf* leaf = Lookup.LeafOf(map, probe);
            if (!SortedLeaf.TryLock(leaf)) continue;
            if (leaf->Node.Class == key.Class || LeafOrder.Count(leaf->Node.Order) != 0)
            {
                Status other = leaf->Node.Class == key.Class ? Status.Done : Status.WrongKind;
                SortedLeaf.Unlock(leaf);
                return other;
            }
            if (!Site.TryLockAbove(map, null, 0, &leaf->Node))
            {
                // An empty leaf among others, which somebody is about to merge, or had no memory for.
                SortedLeaf.Unlock(leaf);
                Status status = Balance.Merge(me, map, key, Toward.Key, 0);
                if (status != Status.Done) return status;
                continue;
            }
            SortedLeaf* root = NewNode.Leaf(me, Heap.Of(map), key.Class, default, 0, default);
            if (root != null)
            {
                Site.Hang(map, null, 0, &root->Node);
                SortedNode.Kill(&leaf->Node);
                SortedLeaf.Unlock(root);
            }
            Site.UnlockAbove(map, null);
            SortedLeaf.Unlock(leaf);
            if (root == null) return Status.NoMemory;
            Heap.Retire(me, leaf);
            return Status.Done;
        }
    }
}

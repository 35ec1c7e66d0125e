namespace Symplast.Objects;

/// <summary>
/// A place between the entries of a sorted map, of its owner only (one thread at a time), wherever that wants it to be. It holds
/// references to the bounds and to its place, not to the map, which the owner must keep. From <c>Open</c> to <c>Close</c>.
/// </summary>
public unsafe struct SortedCursor
{
    /// <summary>Where it goes on: after this key, or with it.</summary>
    internal Value Place;

    /// <summary>Where it ends; empty if there is no bound.</summary>
    internal Value End;

    internal bool IncludesPlace;
    internal bool IncludesEnd;
    internal bool Descending;
    internal bool AtEnd;

    /// <summary>
    /// A cursor over the keys of a range, in ascending or descending order. It blocks nobody, may be used in one section after
    /// the other, never gives a key twice, and gives each key of the range that is there all the time. Of what is inserted or
    /// removed meanwhile it may give some.
    /// </summary>
    public static Status Open(
        Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper, bool descending, out SortedCursor cursor)
    {
        Epoch.Enter(me);
        cursor = new SortedCursor { Descending = descending };
        Status status = SharedObject.IsDeleted((SharedObject*)map) ? Status.Deleted : Status.Done;
        if (status == Status.Done)
            status = TryKeep(me, map, descending ? upper : lower, out cursor.Place, out cursor.IncludesPlace);
        if (status == Status.Done) status = TryKeep(me, map, descending ? lower : upper, out cursor.End, out cursor.IncludesEnd);
        if (status == Status.Done && !cursor.Place.IsEmpty && !cursor.End.IsEmpty
            && Ordering.ClassOf(cursor.Place) != Ordering.ClassOf(cursor.End)) status = Status.WrongKind;
        if (status != Status.Done) Close(me, ref cursor);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Ends a cursor. Idempotent.</summary>
    public static void Close(Participant* me, ref SortedCursor cursor)
    {
        Epoch.Enter(me);
        // Otherwise the references went with their pool.
        if (cursor.Place.IsCounted && !PoolHeap.IsDeleted(Heap.Of(cursor.Place.Pointer))) Reference.Drop(me, cursor.Place);
        if (cursor.End.IsCounted && !PoolHeap.IsDeleted(Heap.Of(cursor.End.Pointer))) Reference.Drop(me, cursor.End);
        cursor = new SortedCursor { AtEnd = true };
        Epoch.Exit(me);
    }

    /// <summary>
    /// The next entry; Missing at the end. It can be read for as long as the caller's section lasts, and comes without
    /// references.
    /// </summary>
    public static Status Next(Participant* me, SortedMap* map, ref SortedCursor cursor, out SortedEntry entry)
    {
        fixed (SortedEntry* place = &entry)
        {
            *place = default;
            return Next(me, map, ref cursor, place, 1, out _);
        }
    }

    /// <summary>
    /// At most <paramref name="room"/> next entries, and at least one; Missing at the end. They can be read for as long as the
    /// caller's section lasts, and come without references. Up to 14 at a time are much faster than one by one.
    /// </summary>
    public static Status Next(
        Participant* me, SortedMap* map, ref SortedCursor cursor, SortedEntry* entries, int room, out int count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = Status.Done;
        while (count == 0 && status == Status.Done)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) status = Status.Deleted;
            else if (cursor.AtEnd) status = Status.Missing;
            else status = Fill(me, map, ref cursor, entries, room, out count);
        }
        Epoch.Exit(me);
        return status;
    }

    static Status TryKeep(Participant* me, SortedMap* map, in SortedBound bound, out Value key, out bool isIncluded)
    {
        key = default;
        isIncluded = bound.IsIncluded;
        if (bound.IsOpen) return Status.Done;
        if (bound.Key.Class == OrderingClass.None) return Status.WrongKind;
        key = bound.Key.ToValue(me, Heap.Of(map));
        return key.IsEmpty ? Status.NoMemory : Status.Done;
    }

    // What the leaf holds at the cursor's place, as its word says at one moment; or the place moves to the next leaf.
    static Status Fill(Participant* me, SortedMap* map, ref SortedCursor cursor, SortedEntry* entries, int room, out int count)
    {
        count = 0;
        bool down = cursor.Descending;
        bool hasPlace = !cursor.Place.IsEmpty;
        SortedKey place = hasPlace ? new SortedKey(cursor.Place) : default;
        Toward toward = !hasPlace
            ? (down ? Toward.Last : Toward.First) : down && !cursor.IncludesPlace ? Toward.Below : Toward.Key;
        SortedLeaf* leaf = (SortedLeaf*)TreePath.Descend(map, place, toward, 0, out TreePath path);
        Fences range = path.FencesAbove(1);
        Value fence = down ? range.Lower : range.Upper;
        Interleaving.Point();
        // Acquire: pairs with the releases in Writer and Popping, so that the places it names are filled.
        ulong order = Volatile.Read(ref leaf->Node.Order);
        int present = LeafOrder.Count(order);
        OrderingClass kind = Ordering.ClassOf(hasPlace ? cursor.Place : cursor.End);
        if (present > 0 && kind != OrderingClass.None && leaf->Node.Class != kind) return Status.WrongKind;
        int position = hasPlace ? Neighbours.PositionOf(leaf, order, place, down, cursor.IncludesPlace) : down ? present - 1 : 0;
        int stop = StopOf(leaf, order, cursor, fence);
        for (; (down ? position > stop : position < stop) && count < room; position += down ? -1 : 1)
        {
            int at = LeafOrder.Place(order, position);
            Interleaving.Point();
            // Acquire: pairs with the releases in Writer, so that what it refers to is complete.
            entries[count++] =
                new SortedEntry(new Value(SortedLeaf.Key(leaf, at)), new Value(Volatile.Read(ref SortedLeaf.Value(leaf, at))));
        }
        bool exhausted = down ? position <= stop : position >= stop;
        bool beyond = exhausted && (uint)stop < (uint)present;
        cursor.AtEnd = beyond || exhausted && fence.IsEmpty;
        if (cursor.AtEnd || exhausted && Move(me, ref cursor, fence, !down)) return Status.Done;
        // A key that cannot be kept was removed meanwhile: it is left out, and the next call looks again at what follows.
        while (count > 0 && !Move(me, ref cursor, entries[count - 1].Key, false)) count--;
        return Status.Done;
    }

    // The first position in a leaf that lies beyond the cursor's end; before or behind all if none does.
    static int StopOf(SortedLeaf* leaf, ulong order, in SortedCursor cursor, Value fence)
    {
        bool down = cursor.Descending;
        int low = 0;
        int high = LeafOrder.Count(order);
        if (cursor.End.IsEmpty) return down ? -1 : high;
        if (!fence.IsEmpty)
        {
            int side = Ordering.Compare(fence, cursor.End);
            if (down ? side > 0 : side < 0) return down ? -1 : high;
        }
        // How many entries lie below the end, or at it. The end need not belong to the leaf's range: no digests.
        while (low < high)
        {
            int middle = (low + high) >> 1;
            int side = Ordering.Compare(new Value(SortedLeaf.Key(leaf, LeafOrder.Place(order, middle))), cursor.End);
            if (side < 0 || side == 0 && down != cursor.IncludesEnd) low = middle + 1;
            else high = middle;
        }
        return down ? low - 1 : low;
    }

    // False if the key is dead.
    static bool Move(Participant* me, ref SortedCursor cursor, Value place, bool isIncluded)
    {
        if (!Reference.TryTake(place)) return false;
        Reference.Drop(me, cursor.Place);
        cursor.Place = place;
        cursor.IncludesPlace = isIncluded;
        return true;
    }
}

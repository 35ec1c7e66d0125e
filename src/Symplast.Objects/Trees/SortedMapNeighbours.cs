using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Entries by their place in the order: the first, the next one, and taking out the least and the greatest.
public unsafe partial struct SortedMap
{
    // How many leaves in a row may be empty, while others are about to merge them away, before a reader sees to it.
    const int MostPassed = 16;

    /// <summary>
    /// The entry with the least key. It can be read for as long as the caller's section lasts, and comes without references;
    /// Missing if the map is empty.
    /// </summary>
    public static Status First(Participant* me, SortedMap* map, out Value key, out Value value) =>
        Nearest(me, map, default, Toward.First, false, out key, out value);

    /// <summary>The entry with the greatest key.</summary>
    public static Status Last(Participant* me, SortedMap* map, out Value key, out Value value) =>
        Nearest(me, map, default, Toward.Last, false, out key, out value);

    /// <summary>The entry with the greatest key that is at most <paramref name="bound"/>.</summary>
    public static Status Floor(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        NearestTo(me, map, bound, Toward.Below, true, out key, out value);

    /// <summary>The entry with the greatest key that is less than <paramref name="bound"/>.</summary>
    public static Status Lower(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        NearestTo(me, map, bound, Toward.Below, false, out key, out value);

    /// <summary>The entry with the least key that is at least <paramref name="bound"/>.</summary>
    public static Status Ceiling(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        NearestTo(me, map, bound, Toward.Key, true, out key, out value);

    /// <summary>The entry with the least key that is greater than <paramref name="bound"/>.</summary>
    public static Status Higher(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        NearestTo(me, map, bound, Toward.Key, false, out key, out value);

    /// <summary>
    /// Removes the entry with the least key and gives it; Missing if the map is empty. Both references become the caller's.
    /// </summary>
    public static Status PopMin(Participant* me, SortedMap* map, out Value key, out Value value) =>
        PopMin(me, map, default, out key, out value);

    /// <summary>The same, unless the guard refuses the value.</summary>
    public static Status PopMin(Participant* me, SortedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        Pop(me, map, Toward.First, guard, out key, out value);

    /// <summary>Removes the entry with the greatest key and gives it.</summary>
    public static Status PopMax(Participant* me, SortedMap* map, out Value key, out Value value) =>
        PopMax(me, map, default, out key, out value);

    /// <summary>The same, unless the guard refuses the value.</summary>
    public static Status PopMax(Participant* me, SortedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        Pop(me, map, Toward.Last, guard, out key, out value);

    struct Passed
    {
        internal SortedLeaf* Leaf;
        internal ulong Order;
    }

    // Most find it in the leaf that the bound belongs to.
    static Status NearestTo(
        Participant* me, SortedMap* map, in Probe bound, Toward side, bool inclusive, out Value key, out Value value)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        SortedKey sought = new(bound);
        key = value = default;
        if (sought.Class == OrderingClass.None) status = Status.WrongKind;
        else if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedLeaf* leaf = LeafOf(map, bound);
            Interleaving.Point();
            // Acquire: pairs with the releases in Write and Pop, so that the places it names are filled.
            ulong order = Volatile.Read(ref leaf->Node.Order);
            int position = leaf->Node.Class != sought.Class
                ? -1 : PositionOf(leaf, order, sought, side == Toward.Below, inclusive);
            bool isHere = (uint)position < (uint)LeafOrder.Count(order) && TryRead(leaf, order, position, out key, out value);
            status = isHere ? Status.Done : Nearest(me, map, sought, side, inclusive, out key, out value);
        }
        Epoch.Exit(me);
        return status;
    }

    // side: Key looks upwards from the key, Below downwards; First upwards from the beginning, Last downwards from the end.
    static Status Nearest(
        Participant* me, SortedMap* map, in SortedKey bound, Toward side, bool inclusive, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status? found = null;
        while (found == null)
            found = SharedObject.IsDeleted((SharedObject*)map)
            ? Status.Deleted : TryNearest(me, map, bound, side, inclusive, out key, out value);
        if (found != Status.Done) key = value = default;
        Epoch.Exit(me);
        return found.Value;
    }

    // Null if a writer came in between.
    static Status? TryNearest(
        Participant* me, SortedMap* map, in SortedKey bound, Toward side, bool inclusive, out Value key, out Value value)
    {
        Passed* passed = stackalloc Passed[MostPassed];
        int count = 0;
        key = value = default;
        Interleaving.Point();
        // Acquire: pairs with the increment in Clear. A new tree whose writers have begun comes with a new era.
        ulong era = Volatile.Read(ref map->Era);
        bool down = side is Toward.Below or Toward.Last;
        bool hasBound = side is Toward.Key or Toward.Below;
        // The leaf of the bound itself comes first, downwards too.
        Toward toward = side == Toward.Below && inclusive ? Toward.Key : side;
        SortedKey target = bound;
        while (true)
        {
            SortedLeaf* leaf = (SortedLeaf*)Descend(map, target, toward, 0, out Path path);
            Interleaving.Point();
            // Acquire: pairs with the releases in Write and Pop, so that the places it names are filled.
            ulong order = Volatile.Read(ref leaf->Node.Order);
            int entries = LeafOrder.Count(order);
            if (entries != 0 && hasBound && leaf->Node.Class != bound.Class) return Status.WrongKind;
            // Whatever follows a leaf that was passed lies beyond the bound.
            bool holdsBound = hasBound && count == 0;
            int position = holdsBound ? PositionOf(leaf, order, bound, down, inclusive) : down ? entries - 1 : 0;
            if ((uint)position < (uint)entries)
            {
                if (!TryRead(leaf, order, position, out key, out value)) return null;
                return count == 0 || AreUnchanged(map, passed, count, era) ? Status.Done : null;
            }
            Fences range = path.FencesAbove(1);
            Value fence = down ? range.Lower : range.Upper;
            if (fence.IsEmpty) return count == 0 || AreUnchanged(map, passed, count, era) ? Status.Missing : null;
            // One that is dead already cannot tell whether its range has changed.
            if (LeafOrder.IsDead(order)) return null;
            if (count == MostPassed)
            {
                Status status = Merge(me, map, target, toward, 0);
                return status == Status.Done ? null : status;
            }
            passed[count++] = new Passed { Leaf = leaf, Order = order };
            target = new SortedKey(fence);
            toward = down ? Toward.Below : Toward.Key;
        }
    }

    // False if the leaf has changed since its word was loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryRead(SortedLeaf* leaf, ulong order, int position, out Value key, out Value value)
    {
        int place = LeafOrder.Place(order, position);
        key = new Value(SortedLeaf.Key(leaf, place));
        Interleaving.Point();
        // Acquire: pairs with the releases in Write; and no later than the second look at the word.
        value = new Value(Volatile.Read(ref SortedLeaf.Value(leaf, place)));
        Interleaving.Point();
        return TreeAtomics.IsUnchanged(leaf, order);
    }

    static bool AreUnchanged(SortedMap* map, Passed* passed, int count, ulong era)
    {
        for (int i = 0; i < count; i++)
        {
            Interleaving.Point();
            if (!TreeAtomics.IsPassedUnchanged(passed[i].Leaf, passed[i].Order)) return false;
        }
        Interleaving.Point();
        // Pairs with the increment in Clear.
        return Volatile.Read(ref map->Era) == era;
    }

    // The position of the nearest entry on a side of the bound; outside of the leaf's if there is none.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int PositionOf(SortedLeaf* leaf, ulong order, in SortedKey bound, bool down, bool inclusive)
    {
        bool isThere = Search(leaf, order, bound, out int position) >= 0;
        if (isThere && inclusive) return position;
        if (down) return position - 1;
        return isThere ? position + 1 : position;
    }

    static Status Pop(Participant* me, SortedMap* map, Toward side, in ValueGuard guard, out Value key, out Value value)
    {
        Epoch.Enter(me);
        key = value = default;
        Status? popped = null;
        while (popped == null)
            popped = SharedObject.IsDeleted((SharedObject*)map)
            ? Status.Deleted : TryPop(me, map, side, guard, out key, out value);
        Epoch.Exit(me);
        return popped.Value;
    }

    // The first leaf stays the first for as long as it lives, and nothing comes into it while it is locked: what is first there
    // is first of all.
    static Status? TryPop(Participant* me, SortedMap* map, Toward side, in ValueGuard guard, out Value key, out Value value)
    {
        key = value = default;
        // Acquire: pairs with the increment in Clear, as in Write.
        ulong era = Volatile.Read(ref map->Era);
        SortedLeaf* leaf = (SortedLeaf*)Descend(map, default, side, 0, out _);
        if (!TryLock(leaf)) return null;
        ulong order = leaf->Node.Order;
        int entries = LeafOrder.Count(order);
        if (entries == 0)
        {
            // A live leaf that is the root is all there is.
            bool isRoot = Volatile.Read(ref map->Root) == (nint)leaf;
            Unlock(leaf);
            if (isRoot) return Status.Missing;
            Status status = Merge(me, map, default, side, 0);
            return status == Status.Done ? null : status;
        }
        int position = side == Toward.First ? 0 : entries - 1;
        int place = LeafOrder.Place(order, position);
        if (!guard.Accepts(new Value(SortedLeaf.Value(leaf, place))))
        {
            Unlock(leaf);
            return Status.Refused;
        }
        if (!TryEnterOrder(map, era))
        {
            Unlock(leaf);
            return null;
        }
        key = new Value(SortedLeaf.Key(leaf, place));
        value = new Value(SortedLeaf.Value(leaf, place));
        Interleaving.Point();
        // Release; giving back the lock is a full fence.
        Volatile.Write(ref leaf->Node.Order, LeafOrder.Removed(order, position));
        ExitOrder(map, -1);
        Unlock(leaf);
        // A leaf at the end may be sparse: it would have to be merged after every few entries.
        if (entries == 1) Merge(me, map, default, side, 0);
        return Status.Done;
    }
}

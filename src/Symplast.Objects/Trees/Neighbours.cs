using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Entries by their place in the order: the first and the last, and those next to a key.</summary>
internal static unsafe class Neighbours
{
    // How many leaves in a row may be empty, while others are about to merge them away, before a reader sees to it.
    const int MostPassed = 16;

    struct Passed
    {
        internal SortedLeaf* Leaf;
        internal ulong Order;
    }

    // Most find it in the leaf that the bound belongs to.
    internal static Status NearestTo(
        Participant* me, SortedMap* map, in Probe bound, Toward side, bool inclusive, out Value key, out Value value)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        SortedKey sought = new(bound);
        key = value = default;
        if (sought.Class == OrderingClass.None) status = Status.WrongKind;
        else if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedLeaf* leaf = Lookup.LeafOf(map, bound);
            Interleaving.Point();
            // Acquire: pairs with the releases in Writer and Popping, so that the places it names are filled.
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
    internal static Status Nearest(
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
        // Acquire: pairs with the increment in Dismantling.Clear. A new tree whose writers have begun comes with a new era.
        ulong era = Volatile.Read(ref map->Era);
        bool down = side is Toward.Below or Toward.Last;
        bool hasBound = side is Toward.Key or Toward.Below;
        // The leaf of the bound itself comes first, downwards too.
        Toward toward = side == Toward.Below && inclusive ? Toward.Key : side;
        SortedKey target = bound;
        while (true)
        {
            SortedLeaf* leaf = (SortedLeaf*)TreePath.Descend(map, target, toward, 0, out TreePath path);
            Interleaving.Point();
            // Acquire: pairs with the releases in Writer and Popping, so that the places it names are filled.
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
                Status status = Balance.Merge(me, map, target, toward, 0);
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
        // Acquire: pairs with the releases in Writer; and no later than the second look at the word.
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
        // Pairs with the increment in Dismantling.Clear.
        return Volatile.Read(ref map->Era) == era;
    }

    // The position of the nearest entry on a side of the bound; outside of the leaf's if there is none.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int PositionOf(SortedLeaf* leaf, ulong order, in SortedKey bound, bool down, bool inclusive)
    {
        bool isThere = SortedLeaf.Search(leaf, order, bound, out int position) >= 0;
        if (isThere && inclusive) return position;
        if (down) return position - 1;
        return isThere ? position + 1 : position;
    }
}

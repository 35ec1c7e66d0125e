namespace Symplast.Objects;

/// <summary>
/// Tuples for which Python has no order are not keys of one map. Each new key must have an order with its neighbours, and so
/// has one with all others (<see cref="Ordering.HaveOrder(Value, Value)"/>).
/// </summary>
internal static unsafe class TupleOrder
{
    // With the neighbours in the leaf, whose lock is held: they stay what they are.
    internal static bool HasOrderInside(SortedLeaf* leaf, ulong order, int position, Value key) =>
        (position == 0 || Ordering.HaveOrder(SortedLeaf.KeyAt(leaf, order, position - 1), key))
        && (position == LeafOrder.Count(order) || Ordering.HaveOrder(key, SortedLeaf.KeyAt(leaf, order, position)));

    // With those in other leaves. Under the order, so that they stay there, and no other comes between them and the key.
    internal static bool HasOrderOutside(SortedMap* map, SortedLeaf* leaf, ulong order, int position, Value key)
    {
        if (position == 0 && !HasOrderBeyond(map, leaf, key, down: true)) return false;
        return position != LeafOrder.Count(order) || HasOrderBeyond(map, leaf, key, down: false);
    }

    // Takes no lock and waits for nobody: leaves may be replaced meanwhile, but what they hold together stays. One that was
    // replaced before it was read holds the same as its replacement, or the replacement was there when the order was entered:
    // whoever changed it did so under the order.
    static bool HasOrderBeyond(SortedMap* map, SortedLeaf* own, Value key, bool down)
    {
        SortedKey target = new(key);
        Toward toward = Toward.Key;
        while (true)
        {
            SortedLeaf* leaf = (SortedLeaf*)TreePath.Descend(map, target, toward, 0, out TreePath path);
            Interleaving.Point();
            // Acquire: pairs with the releases in TreeWriter and Popping, so that the places it names are filled.
            ulong order = Volatile.Read(ref leaf->Node.Order);
            int count = LeafOrder.Count(order);
            if (leaf != own && count != 0)
            {
                Value neighbour = SortedLeaf.KeyAt(leaf, order, down ? count - 1 : 0);
                return Ordering.ClassOf(neighbour) == OrderingClass.Tuple && Ordering.HaveOrder(neighbour, key);
            }
            Fences range = path.FencesAbove(1);
            Value fence = down ? range.Lower : range.Upper;
            if (fence.IsEmpty) return true;
            target = new SortedKey(fence);
            toward = down ? Toward.Below : Toward.Key;
        }
    }
}

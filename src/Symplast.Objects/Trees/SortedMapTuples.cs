namespace Symplast.Objects;

// Tuples of which Python has no order are not keys of one map: each new one must have one with its neighbours, and so has one
// with all others (Ordering.HaveOrder).
public unsafe partial struct SortedMap
{
    // With the neighbours in the leaf, whose lock is held: they stay what they are.
    static bool HasOrderInside(SortedLeaf* leaf, ulong order, int position, Value key) =>
        (position == 0 || Ordering.HaveOrder(KeyAt(leaf, order, position - 1), key))
        && (position == LeafOrder.Count(order) || Ordering.HaveOrder(key, KeyAt(leaf, order, position)));

    // With those in other leaves. Under the order, so that they stay there, and no other comes between them and the key.
    static bool HasOrderOutside(SortedMap* map, SortedLeaf* leaf, ulong order, int position, Value key)
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
            SortedLeaf* leaf = (SortedLeaf*)Descend(map, target, toward, 0, out Path path);
            Interleaving.Point();
            // Acquire: pairs with the releases in Write and Pop, so that the places it names are filled.
            ulong order = Volatile.Read(ref leaf->Node.Order);
            int count = LeafOrder.Count(order);
            if (leaf != own && count != 0)
            {
                Value neighbour = KeyAt(leaf, order, down ? count - 1 : 0);
                return Ordering.ClassOf(neighbour) == OrderingClass.Tuple && Ordering.HaveOrder(neighbour, key);
            }
            Fences range = path.FencesAbove(1);
            Value fence = down ? range.Lower : range.Upper;
            if (fence.IsEmpty) return true;
            target = new SortedKey(fence);
            toward = down ? Toward.Below : Toward.Key;
        }
    }

    static Value KeyAt(SortedLeaf* leaf, ulong order, int position) =>
        new(SortedLeaf.Key(leaf, LeafOrder.Place(order, position)));
}

namespace Symplast.Objects;

/// <summary>The invariants of a whole map, and of its nodes.</summary>
internal static unsafe class Validity
{
    /// <summary>What is wrong, or null.</summary>
    internal static string? Check(Participant* me, SortedMap* map)
    {
        Epoch.Enter(me);
        string? fault = null;
        if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedNode* root = (SortedNode*)map->Root;
            long entries = 0;
            if (map->Object.Lock != 0) fault = "the map is locked";
            else if (root->Level > 0 && ((SortedInner*)root)->Count < 2) fault = "the root has one child";
            else fault = Check(root, root->Level, root->Class, true, default, default, ref entries);
            if (fault == null && entries != map->Entries) fault = $"{entries} entries, but counted {map->Entries}";
        }
        Epoch.Exit(me);
        return fault;
    }

    /// <summary>
    /// Whether a new node, which only the caller knows, is right for its range, whatever its children are. No node is.
    /// </summary>
    internal static bool IsValid(SortedNode* node, Fences range)
    {
        long entries = 0;
        return node == null || (node->Level == 0
            ? CheckLeaf((SortedLeaf*)node, range.Lower, range.Upper, ref entries)
            : CheckKeys((SortedInner*)node, range.Lower, range.Upper)) == null;
    }

    static string? Check(
        SortedNode* node, int level, OrderingClass kind, bool isRoot, Value lower, Value upper, ref long entries)
    {
        if (node->Level != level) return "leaves are not at one level";
        if (node->Class != kind) return "nodes of several classes";
        if (*SortedNode.Lock(node) != 0) return "a node is locked";
        if (node->DeadFlag != 0) return "a dead node is linked";
        bool mayBeSparse = lower.IsEmpty || upper.IsEmpty;
        if (!isRoot && Occupancy.IsSparse(node) && (IsEmpty(node) || !mayBeSparse))
            return $"a node of level {level} is too sparse";
        return level == 0
            ? CheckLeaf((SortedLeaf*)node, lower, upper, ref entries)
            : CheckInner((SortedInner*)node, lower, upper, ref entries);
    }

    static bool IsEmpty(SortedNode* node) =>
        node->Level == 0 ? LeafOrder.Count(node->Order) == 0 : ((SortedInner*)node)->Count < 2;

    static string? CheckLeaf(SortedLeaf* leaf, Value lower, Value upper, ref long entries)
    {
        ulong order = leaf->Node.Order;
        int count = LeafOrder.Count(order);
        int filled = LeafOrder.Filled(order);
        if (LeafOrder.IsDead(order) || count > filled || filled > TreeSizes.LeafCapacity) return "a leaf's word is wrong";
        if (leaf->Node.Skip != new Fences(lower, upper).Common) return "a leaf's digests leave out the wrong bytes";
        entries += count;
        int seen = 0;
        for (int i = 0; i < count; i++)
        {
            int place = LeafOrder.Place(order, i);
            if (place >= filled || (seen & 1 << place) != 0) return "a leaf names a place that is not filled, or twice";
            seen |= 1 << place;
            if (SortedLeaf.Value(leaf, place) == 0) return "an entry has no value";
            if (leaf->Tags[place] != SortedKey.TagOf(new Value(SortedLeaf.Key(leaf, place)))) return "a tag is wrong";
            string? fault = CheckKey(new Value(SortedLeaf.Key(leaf, place)), leaf->Digests[place], &leaf->Node, lower, upper);
            if (fault != null) return fault;
            if (i > 0 && Ordering.Compare(
                new Value(SortedLeaf.Key(leaf, LeafOrder.Place(order, i - 1))),
                new Value(SortedLeaf.Key(leaf, place))) >= 0) return "a leaf's keys are out of order";
            if (i > 0 && !Ordering.HaveOrder(SortedLeaf.KeyAt(leaf, order, i - 1), SortedLeaf.KeyAt(leaf, order, i)))
                return "a leaf's keys have no order";
        }
        return null;
    }

    static string? CheckInner(SortedInner* inner, Value lower, Value upper, ref long entries)
    {
        string? fault = CheckKeys(inner, lower, upper);
        for (int i = 0; fault == null && i < inner->Count; i++)
        {
            Value from = i == 0 ? lower : new Value(SortedInner.Key(inner, i));
            Value to = i + 1 == inner->Count ? upper : new Value(SortedInner.Key(inner, i + 1));
            fault = Check(
                (SortedNode*)*SortedInner.Slot(inner, i), inner->Node.Level - 1, inner->Node.Class, false, from, to,
                ref entries);
        }
        return fault;
    }

    static string? CheckKeys(SortedInner* inner, Value lower, Value upper)
    {
        if (inner->Count > TreeSizes.InnerCapacity) return "an inner node is too full";
        if (SortedInner.Key(inner, 0) != 0) return "an inner node's first key is set";
        bool closed = new Fences(lower, upper).AreBoth || inner->Count < 2;
        byte common = closed
            ? new Fences(lower, upper).Common
            : SortedKey.CommonBeginning(
            new Value(SortedInner.Key(inner, 1)), new Value(SortedInner.Key(inner, inner->Count - 1)));
        if (!closed) common = (byte)Math.Min(common, SortedKey.MostSkipped(new Value(SortedInner.Key(inner, 1))));
        if (inner->Node.Skip != common || inner->IsOpen != (!closed && common > 0))
            return "an inner node's digests leave out the wrong bytes";
        for (int i = 1; i < inner->Count; i++)
        {
            Value key = new(SortedInner.Key(inner, i));
            string? fault = CheckKey(key, SortedInner.Digest(inner, i), &inner->Node, lower, upper);
            if (i > 1 && Ordering.Compare(new Value(SortedInner.Key(inner, i - 1)), key) >= 0)
                fault = "an inner node's keys are out of order";
            if (fault != null) return fault;
        }
        return null;
    }

    static string? CheckKey(Value key, long digest, SortedNode* node, Value lower, Value upper)
    {
        if (key.IsCounted && key.Head->Count <= 0) return "a key is dead";
        if (Ordering.ClassOf(key) != node->Class) return "a key is of another class";
        if (SortedKey.DigestOf(key, node->Skip) != digest) return "a digest is wrong";
        if (!lower.IsEmpty && Ordering.Compare(lower, key) > 0 || !upper.IsEmpty && Ordering.Compare(key, upper) >= 0)
            return "a key is not in its node's range";
        return null;
    }
}

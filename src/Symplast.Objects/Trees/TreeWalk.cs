namespace Symplast.Objects;

/// <summary>What a map consists of and refers to, for the walk over all objects of a pool.</summary>
internal static unsafe class TreeWalk
{
    internal static void VisitParts(Header* o, in PartVisitor parts)
    {
        SortedMap* map = (SortedMap*)o;
        // Acquire: pairs with the exchanges of the root.
        SortedNode* root = (SortedNode*)Volatile.Read(ref map->Root);
        if (root != null) Visit(root, parts);
    }

    // A node that was in the tree at a moment of this section: its children, of then or later, were too. Recursion is as deep as
    // the tree, a few levels.
    static void Visit(SortedNode* node, in PartVisitor parts)
    {
        parts.Block(node);
        if (node->Level == 0)
        {
            Visit((SortedLeaf*)node, parts);
            return;
        }
        SortedInner* inner = (SortedInner*)node;
        for (int i = 0; i < inner->Count; i++)
        {
            if (i > 0) parts.Value(new Value(SortedInner.Key(inner, i)));
            // Acquire: pairs with the exchange of whoever replaces the child.
            Visit((SortedNode*)Volatile.Read(ref *SortedInner.Slot(inner, i)), parts);
        }
    }

    static void Visit(SortedLeaf* leaf, in PartVisitor parts)
    {
        // Acquire: pairs with the release of whoever fills a place. What is an entry at this moment outlasts the section.
        ulong order = Volatile.Read(ref leaf->Node.Order);
        for (int i = 0; i < LeafOrder.Count(order); i++)
        {
            int place = LeafOrder.Place(order, i);
            parts.Value(new Value(SortedLeaf.Key(leaf, place)));
            parts.Value(new Value(Volatile.Read(ref SortedLeaf.Value(leaf, place))));
        }
    }
}

namespace Symplast.Objects;

// What a map consists of and holds.
public static unsafe partial class SortedMap<THook, TRules>
{
    /// <summary>See <see cref="Parts"/>; inside a section.</summary>
    internal static void VisitParts<TParts>(SortedMap* map, ref TParts parts) where TParts : struct, IPartVisitor
    {
        // Acquire: pairs with the exchanges of the root.
        SortedNode* root = (SortedNode*)Volatile.Read(ref map->Root);
        if (root != null) Visit(root, ref parts);
    }

    // A node that was in the tree at a moment of this section: its children, of then or later, were too. Recursion is as deep as the tree, a few levels.
    static void Visit<TParts>(SortedNode* node, ref TParts parts) where TParts : struct, IPartVisitor
    {
        parts.Block(node);
        if (node->Level == 0)
        {
            Visit((SortedLeaf*)node, ref parts);
            return;
        }
        SortedInner* inner = (SortedInner*)node;
        for (int i = 0; i < inner->Count; i++)
        {
            if (i > 0) parts.Value(new Value(SortedInner.Key(inner, i)));
            // Acquire: pairs with the exchange of whoever replaces the child.
            Visit((SortedNode*)Volatile.Read(ref *SortedInner.Slot(inner, i)), ref parts);
        }
    }

    static void Visit<TParts>(SortedLeaf* leaf, ref TParts parts) where TParts : struct, IPartVisitor
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

using System.Diagnostics;

namespace Symplast.Objects;

/// <summary>Trees that are built from the leaves up, and that nobody has seen yet.</summary>
internal static unsafe class TreeBuilder
{
    // Nodes over a list of nodes, evenly filled. For the time being an inner node's first key is the least one under it, without
    // a reference.
    internal static bool TryBuildLevel(Participant* me, PoolHeap* heap, int level, ref SortedNode* nodes)
    {
        NodeEntry* entries = stackalloc NodeEntry[SortedInner.Places];
        int rest = 0;
        for (SortedNode* node = nodes; node != null; node = SortedNode.Next(node)) rest++;
        int parts = (rest + Occupancy.Roomy(level) - 1) / Occupancy.Roomy(level);
        SortedNode* below = nodes;
        SortedNode* built = null;
        SortedNode* last = null;
        for (; parts > 0; parts--)
        {
            int count = rest / parts;
            rest -= count;
            SortedNode* next = below;
            for (int i = 0; i < count; i++, next = SortedNode.Next(next))
                entries[i] = new NodeEntry { Key = LeastKey(next).Bits, Payload = (ulong)next };
            Fences range = new(built == null ? default : LeastKey(below), next == null ? default : LeastKey(next));
            SortedInner* inner =
                NewNode.Inner(
                    me, heap, below->Class, level, new ReadOnlySpan<NodeEntry>(entries, count), NewNode.UnknownSkip, range);
            if (inner == null)
            {
                // All in one list again, for Discard.
                if (last != null) SortedNode.Next(last) = below;
                if (built != null) nodes = built;
                return false;
            }
            for (int i = 1; i < count; i++)
            {
                Reference.Take(new Value(entries[i].Key));
                SortedNode* child = (SortedNode*)entries[i].Payload;
                if (level > 1) SortedInner.Key((SortedInner*)child, 0) = 0;
            }
            SortedInner.Key(inner, 0) = entries[0].Key;
            if (level > 1) SortedInner.Key((SortedInner*)entries[0].Payload, 0) = 0;
            if (last == null) built = &inner->Node;
            else SortedNode.Next(last) = &inner->Node;
            last = &inner->Node;
            below = next;
        }
        nodes = built;
        return true;
    }

    internal static Value LeastKey(SortedNode* node) =>
        new(node->Level == 0 ? SortedLeaf.Key((SortedLeaf*)node, 0) : SortedInner.Key((SortedInner*)node, 0));

    // Trees that nobody has seen, on a list.
    internal static void Discard(Participant* me, SortedNode* nodes)
    {
        while (nodes != null)
        {
            SortedNode* node = nodes;
            nodes = SortedNode.Next(node);
            Debug.Assert(*SortedNode.Lock(node) == 0);
            if (node->Level == 0)
            {
                SortedLeaf* leaf = (SortedLeaf*)node;
                for (int i = 0; i < LeafOrder.Count(node->Order); i++)
                {
                    Reference.Drop(me, new Value(SortedLeaf.Key(leaf, i)));
                    Reference.Drop(me, new Value(SortedLeaf.Value(leaf, i)));
                }
            }
            else
            {
                SortedInner* inner = (SortedInner*)node;
                for (int i = 0; i < inner->Count; i++)
                {
                    SortedNode* child = (SortedNode*)*SortedInner.Slot(inner, i);
                    SortedNode.Next(child) = nodes;
                    nodes = child;
                    if (i > 0) Reference.Drop(me, new Value(SortedInner.Key(inner, i)));
                }
            }
            Heap.Free(me, node);
        }
    }
}

namespace Symplast.Objects;

/// <summary>
/// An entry of a leaf, or a child and the least key of its range. The digest is as in the node that it comes from.
/// </summary>
internal unsafe struct NodeEntry
{
    internal byte Tag;
    internal long Digest;
    internal ulong Key;
    internal ulong Payload;

    internal static byte Common(in NodeEntry first, in NodeEntry last) =>
        SortedKey.CommonBeginning(new Value(first.Key), new Value(last.Key));

    // What a locked node holds, in order.
    internal static int Collect(SortedNode* node, NodeEntry* entries)
    {
        if (node->Level == 0)
        {
            SortedLeaf* leaf = (SortedLeaf*)node;
            int count = LeafOrder.Count(node->Order);
            for (int i = 0; i < count; i++)
            {
                int place = LeafOrder.Place(node->Order, i);
                entries[i] = new NodeEntry
                {
                    Tag = leaf->Tags[place],
                    Digest = leaf->Digests[place],
                    Key =
                    SortedLeaf.Key(leaf, place),
                    Payload = SortedLeaf.Value(leaf, place)
                };
            }
            return count;
        }
        SortedInner* inner = (SortedInner*)node;
        for (int i = 0; i < inner->Count; i++) entries[i] = Of(inner, i);
        return inner->Count;
    }

    internal static NodeEntry Of(SortedInner* inner, int index) =>
        new()
        {
            Digest = SortedInner.Digest(inner, index),
            Key = SortedInner.Key(inner, index),
            Payload =
            (ulong)*SortedInner.Slot(inner, index)
        };
}

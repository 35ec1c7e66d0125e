namespace Symplast.Objects;

/// <summary>Makes nodes that nobody has seen yet.</summary>
internal static unsafe class NewNode
{
    // For entries whose digests are of no use.
    internal const int UnknownSkip = -1;

    /// <summary>
    /// A new leaf, locked; null if there is no memory. The digests of the entries are known for a node that leaves out as many
    /// bytes as <paramref name="known"/> says.
    /// </summary>
    internal static SortedLeaf* Leaf(
        Participant* me, PoolHeap* heap, OrderingClass kind, ReadOnlySpan<NodeEntry> entries, int known, in Fences range,
        bool isExchange = false)
    {
        nuint size = (nuint)sizeof(SortedLeaf);
        SortedLeaf* leaf = (SortedLeaf*)(isExchange ? Heap.AllocateInExchange(me, heap, size) : Heap.Allocate(me, heap, size));
        if (leaf == null) return null;
        byte skip = TreeAtomics.SkipInLeaf(range, entries);
        leaf->Node = new SortedNode { Class = kind, Order = LeafOrder.First(entries.Length), Skip = skip };
        leaf->Lock = 1;
        leaf->Next = null;
        for (int i = 0; i < entries.Length; i++)
        {
            leaf->Digests[i] = skip == known ? entries[i].Digest : SortedKey.DigestOf(new Value(entries[i].Key), skip);
            leaf->Tags[i] = entries[i].Tag;
            SortedLeaf.Key(leaf, i) = entries[i].Key;
            SortedLeaf.Value(leaf, i) = entries[i].Payload;
        }
        return leaf;
    }

    /// <summary>A new inner node, not locked; null if there is no memory. The first key does not count.</summary>
    internal static SortedInner* Inner(
        Participant* me, PoolHeap* heap, OrderingClass kind, int level, ReadOnlySpan<NodeEntry> entries, int known,
        in Fences range)
    {
        SortedInner* inner = (SortedInner*)Heap.Allocate(me, heap, SortedInner.SizeFor(entries.Length));
        if (inner == null) return null;
        byte skip = range.Common;
        // Where the range has an end missing its own keys, which never change, have more in common; but then not all that are
        // looked for begin like that.
        bool isOpen = !range.AreBoth && entries.Length > 1;
        // Nor does it help to leave out so much that a digest holds less than it could.
        if (isOpen)
            skip = (byte)Math.Min(NodeEntry.Common(entries[1], entries[^1]), SortedKey.MostSkipped(new Value(entries[1].Key)));
        inner->Node = new SortedNode { Class = kind, Level = (byte)level, Skip = skip };
        inner->Lock = 0;
        inner->Next = null;
        inner->Count = (byte)entries.Length;
        inner->IsOpen = TreeAtomics.IsOpen(isOpen && skip > 0);
        SortedInner.Clear(inner, entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            long digest = skip == known || i == 0 ? entries[i].Digest : SortedKey.DigestOf(new Value(entries[i].Key), skip);
            SortedInner.Fill(inner, i, digest, entries[i].Key, entries[i].Payload);
        }
        return inner;
    }

    internal static SortedNode* Of(
        Participant* me, PoolHeap* heap, OrderingClass kind, int level, ReadOnlySpan<NodeEntry> entries, int known,
        in Fences range) =>
        level == 0 ? (SortedNode*)Leaf(me, heap, kind, entries, known, range)
            : (SortedNode*)Inner(me, heap, kind, level, entries, known, range);

    internal static void Unlock(SortedNode* first, SortedNode* second)
    {
        if (first->Level != 0) return;
        SortedNode.Unlock(first);
        if (second != null) SortedNode.Unlock(second);
    }
}

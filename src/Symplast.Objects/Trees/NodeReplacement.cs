using System.Diagnostics;

namespace Symplast.Objects;

/// <summary>New nodes in the place of old ones.</summary>
internal static unsafe class NodeReplacement
{
    /// <summary>
    /// Puts new nodes with the entries in place of one or two old ones: two that are cut at <paramref name="cut"/>, or one if
    /// that is the end. What is needed is locked; unlocks it.
    /// </summary>
    internal static Status Run(
        Participant* me, in Site site, SortedNode* left, SortedNode* right, ReadOnlySpan<NodeEntry> entries, int known, int cut)
    {
        SortedMap* map = site.Map;
        int level = left->Level;
        bool cuts = cut < entries.Length;
        Value between = cuts ? new Value(entries[cut].Key) : default;
        Fences range = site.Of(right != null);
        SortedNode* first =
            NewNode.Of(
                me, Heap.Of(map), left->Class, level, entries[..cut], known, cuts ? new Fences(range.Lower, between) : range);
        SortedNode* second = first == null || !cuts
            ? null : NewNode.Of(me, Heap.Of(map), left->Class, level, entries[cut..], known, new Fences(between, range.Upper));
        // What hangs above in the end: the new node itself, or a new node over the two, or a new parent.
        bool replacesParent = site.Parent != null && (cuts || right != null);
        bool collapses = replacesParent && !cuts && site.Grand == null && site.Parent->Count == 2;
        SortedNode* top = first;
        if (first != null && (!cuts || second != null) && !collapses && (cuts || replacesParent))
            top = NewAbove(me, site, first, second, right != null, between);
        if (first == null || cuts && second == null || top == null)
        {
            if (second != null) Heap.Free(me, second);
            if (first != null) Heap.Free(me, first);
            if (replacesParent) Site.UnlockAbove(map, site.Grand);
            Site.UnlockAbove(map, site.Parent);
            if (right != null) SortedNode.Unlock(right);
            SortedNode.Unlock(left);
            return Status.NoMemory;
        }
        Invariants.Check(first, cuts ? new Fences(range.Lower, between) : range, &Validity.IsValid);
        Invariants.Check(second, new Fences(between, range.Upper), &Validity.IsValid);
        // A leaf's key stays in the leaf, an inner node's goes up; and in the other direction.
        Value gone = right == null ? default : new Value(SortedInner.Key(site.Parent, site.Index + 1));
        if (level == 0 && cuts) Reference.Take(between);

        if (replacesParent) Site.Hang(map, site.Grand, site.GrandIndex, top);
        else Site.Hang(map, site.Parent, site.Index, top);
        TreeAtomics.KillAndUnlock(left, right, replacesParent ? &site.Parent->Node : null, first, second);
        if (replacesParent) Site.UnlockAbove(map, site.Grand);
        Site.UnlockAbove(map, site.Parent);
        if (right != null) SortedNode.Unlock(right);
        SortedNode.Unlock(left);

        Heap.Retire(me, left);
        if (right != null) Heap.Retire(me, right);
        if (replacesParent) Heap.Retire(me, site.Parent);
        if (level == 0) Reference.Drop(me, gone);
        return Status.Done;
    }

    // The parent with one or two new children for one or two old ones; or a new root. Null if there is no memory.
    static SortedNode* NewAbove(Participant* me, in Site site, SortedNode* first, SortedNode* second, bool pair, Value between)
    {
        NodeEntry* entries = stackalloc NodeEntry[SortedInner.Places + 1];
        SortedInner* parent = site.Parent;
        int known = parent == null ? NewNode.UnknownSkip : parent->Node.Skip;
        NodeEntry added = new() { Key = between.Bits, Payload = (ulong)second };
        if (parent != null && second != null) added.Digest = SortedKey.DigestOf(between, known);
        int count = 0;
        if (parent == null)
        {
            entries[count++] = new NodeEntry { Payload = (ulong)first };
            entries[count++] = added;
        }
        else
        {
            for (int i = 0; i < parent->Count; i++)
            {
                if (pair && i == site.Index + 1) continue;
                entries[count] = NodeEntry.Of(parent, i);
                if (i == site.Index) entries[count].Payload = (ulong)first;
                count++;
                if (i == site.Index && second != null) entries[count++] = added;
            }
        }
        Debug.Assert(count <= TreeSizes.InnerCapacity);
        SortedNode* above = (SortedNode*)NewNode.Inner(
            me, Heap.Of(site.Map), first->Class, first->Level + 1, new ReadOnlySpan<NodeEntry>(entries, count), known,
            site.Range);
        Invariants.Check(above, site.Range, &Validity.IsValid);
        return above;
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Splitting, compacting and merging nodes that have become too full or too sparse.</summary>
internal static unsafe class Balance
{
    /// <summary>
    /// Makes room in the node of a level that a key belongs to, if it is full: compacts a leaf that has lost entries, else cuts
    /// the node in two.
    /// </summary>
    internal static Status Split(Participant* me, SortedMap* map, in SortedKey key, int level)
    {
        NodeEntry* entries = stackalloc NodeEntry[SortedInner.Places];
        while (true)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
            SortedNode* node = TreePath.Descend(map, key, Toward.Key, level, out TreePath path);
            if (node == null) return Status.Done;
            if (!SortedNode.TryLock(node)) continue;
            if (!Occupancy.IsFull(node))
            {
                SortedNode.Unlock(node);
                return Status.Done;
            }
            Site site = new(map, path, level);
            if (!Site.TryLockAbove(map, site.Parent, site.Index, node))
            {
                SortedNode.Unlock(node);
                continue;
            }
            int count = NodeEntry.Collect(node, entries);
            bool cuts = count > Occupancy.Roomy(level);
            bool parentIsFull = cuts && site.Parent != null && Occupancy.IsFull(&site.Parent->Node);
            if (parentIsFull
                || cuts && site.Parent != null && !Site.TryLockAbove(map, site.Grand, site.GrandIndex, &site.Parent->Node))
            {
                Site.UnlockAbove(map, site.Parent);
                SortedNode.Unlock(node);
                Status above = parentIsFull ? Split(me, map, key, level + 1) : Status.Done;
                if (above != Status.Done) return above;
                continue;
            }
            return NodeReplacement.Run(
                me, site, node, null, new ReadOnlySpan<NodeEntry>(entries, count), node->Skip, cuts
                ? CutFor(node, count, key, site.Of(pair: false)) : count);
        }
    }

    // In the middle; but where keys come in ascending or descending order what lies behind them stays full. Only at the ends of
    // the map, whose nodes may be sparse.
    static int CutFor(SortedNode* node, int count, in SortedKey key, in Fences range)
    {
        int least;
        int position;
        if (node->Level == 0)
        {
            least = 1;
            SortedLeaf.Search((SortedLeaf*)node, node->Order, key, out position);
        }
        else
        {
            least = 2;
            position = SortedInner.IndexOf((SortedInner*)node, key);
            if (position == count - 1) position = count;
        }
        if (position == count && range.Upper.IsEmpty) return count - least;
        return position == 0 && range.Lower.IsEmpty ? least : count / 2;
    }

    /// <summary>
    /// Merges the node of a level that a key belongs to with a neighbour, or shares with it, if it has become sparse.
    /// </summary>
    internal static Status Merge(Participant* me, SortedMap* map, in SortedKey key, Toward toward, int level)
    {
        NodeEntry* entries = stackalloc NodeEntry[2 * SortedInner.Places];
        while (true)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
            SortedNode* node = TreePath.Descend(map, key, toward, level, out TreePath path);
            if (node == null) return Status.Done;
            Site site = new(map, path, level);
            if (site.Parent == null)
            {
                if (level == 0 || ((SortedInner*)node)->Count > 1) return Status.Done;
                if (TryCollapse(me, map, node)) level--;
                continue;
            }
            if (!Occupancy.IsSparse(node)) return Status.Done;
            if (site.Parent->Count == 1)
            {
                Status above = Merge(me, map, key, toward, level + 1);
                if (above != Status.Done) return above;
                continue;
            }
            if (site.Index + 1 == site.Parent->Count) site.Index--;
            // Acquire: pairs with the exchange in Site.Hang.
            SortedNode* left = (SortedNode*)Volatile.Read(ref *SortedInner.Slot(site.Parent, site.Index));
            SortedNode* right = (SortedNode*)Volatile.Read(ref *SortedInner.Slot(site.Parent, site.Index + 1));
            if (!TryLockPair(site, left, right)) continue;
            if (!Occupancy.IsSparse(left) && !Occupancy.IsSparse(right))
            {
                Site.UnlockAbove(map, site.Grand);
                Site.UnlockAbove(map, site.Parent);
                SortedNode.Unlock(right);
                SortedNode.Unlock(left);
                return Status.Done;
            }
            int count = NodeEntry.Collect(left, entries);
            int total = count + NodeEntry.Collect(right, entries + count);
            int known = left->Skip == right->Skip ? left->Skip : NewNode.UnknownSkip;
            if (level > 0)
            {
                // The key between the two comes down with the right one's first child.
                entries[count].Key = SortedInner.Key(site.Parent, site.Index + 1);
                entries[count].Digest = SortedKey.DigestOf(new Value(entries[count].Key), left->Skip);
            }
            // One without entries vanishes, however full the other is.
            bool merges = total <= Occupancy.Roomy(level) || count == 0 || count == total;
            Status status =
                NodeReplacement.Run(
                    me, site, left, right, new ReadOnlySpan<NodeEntry>(entries, total), known, merges ? total : total / 2);
            if (status != Status.Done || !merges) return status;
            level++;
        }
    }

    static bool TryLockPair(in Site site, SortedNode* left, SortedNode* right)
    {
        if (!SortedNode.TryLock(left)) return false;
        if (SortedNode.TryLock(right))
        {
            if (Site.TryLockAbove(site.Map, site.Parent, site.Index, left))
            {
                if (*SortedInner.Slot(site.Parent, site.Index + 1) == (nint)right
                    && Site.TryLockAbove(site.Map, site.Grand, site.GrandIndex, &site.Parent->Node)) return true;
                Site.UnlockAbove(site.Map, site.Parent);
            }
            SortedNode.Unlock(right);
        }
        SortedNode.Unlock(left);
        return false;
    }

    // A root with one child gives way to the child.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryCollapse(Participant* me, SortedMap* map, SortedNode* root)
    {
        if (!SortedNode.TryLock(root)) return false;
        bool locked = Site.TryLockAbove(map, null, 0, root);
        if (locked)
        {
            Site.Hang(map, null, 0, (SortedNode*)*SortedInner.Slot((SortedInner*)root, 0));
            SortedNode.Kill(root);
            Site.UnlockAbove(map, null);
        }
        SortedNode.Unlock(root);
        if (locked) Heap.Retire(me, root);
        return locked;
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Splitting, merging and compacting nodes.
public unsafe partial struct SortedMap
{
    // Whoever has fewer (but the root) is merged with a neighbour; whoever has more after that is cut in two.
    static int LeastEntries => Math.Max(TreeSizes.LeafCapacity / 4, 1);

    // For entries whose digests are of no use.
    const int UnknownSkip = -1;

    static int LeastChildren => Math.Max(TreeSizes.InnerCapacity / 4, 2);

    static int Capacity(int level) => level == 0 ? TreeSizes.LeafCapacity : TreeSizes.InnerCapacity;

    static int Roomy(int level) => Capacity(level) * 3 / 4;

    static bool IsSparse(SortedNode* node) =>
        // Any recent word will do without the lock.
        node->Level == 0
            ? LeafOrder.Count(Volatile.Read(ref node->Order)) < LeastEntries : ((SortedInner*)node)->Count < LeastChildren;

    static bool IsFull(SortedNode* node) =>
        node->Level == 0
            ? LeafOrder.Filled(node->Order) >= TreeSizes.LeafCapacity : ((SortedInner*)node)->Count >= TreeSizes.InnerCapacity;

    /// <summary>
    /// An entry of a leaf, or a child and the least key of its range. The digest is as in the node that it comes from.
    /// </summary>
    internal struct Entry
    {
        internal byte Tag;
        internal long Digest;
        internal ulong Key;
        internal ulong Payload;
    }

    /// <summary>Where nodes hang that are to be replaced.</summary>
    ref struct Site
    {
        internal SortedMap* Map;

        /// <summary>Null for the root.</summary>
        internal SortedInner* Parent;

        /// <summary>The first one's in the parent.</summary>
        internal int Index;

        /// <summary>Null if the parent is the root.</summary>
        internal SortedInner* Grand;
        internal int GrandIndex;

        /// <summary>The parent's.</summary>
        internal Fences Range;

        internal Site(SortedMap* map, in Path path, int level)
        {
            Map = map;
            Parent = path.At(level + 1);
            Grand = Parent == null ? null : path.At(level + 2);
            Index = Parent == null ? 0 : path.Index[level + 1];
            GrandIndex = Grand == null ? 0 : path.Index[level + 2];
            Range = path.FencesAbove(level + 2);
        }

        /// <summary>The range of one or two nodes, from the first one on.</summary>
        internal readonly Fences Of(bool pair)
        {
            int last = pair ? Index + 1 : Index;
            Value lower = Index > 0 ? new Value(SortedInner.Key(Parent, Index)) : Range.Lower;
            return new Fences(
                lower, Parent != null && last + 1 < Parent->Count ? new Value(SortedInner.Key(Parent, last + 1)) : Range.Upper);
        }
    }

    /// <summary>
    /// A new leaf, locked; null if there is no memory. The digests of the entries are known for a node that leaves out as many
    /// bytes as <paramref name="known"/> says.
    /// </summary>
    static SortedLeaf* NewLeaf(
        Participant* me, PoolHeap* heap, OrderingClass kind, ReadOnlySpan<Entry> entries, int known, in Fences range,
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
    static SortedInner* NewInner(
        Participant* me, PoolHeap* heap, OrderingClass kind, int level, ReadOnlySpan<Entry> entries, int known, in Fences range)
    {
        SortedInner* inner = (SortedInner*)Heap.Allocate(me, heap, SortedInner.SizeFor(entries.Length));
        if (inner == null) return null;
        byte skip = range.Common;
        // Where the range has an end missing its own keys, which never change, have more in common; but then not all that are
        // looked for begin like that.
        bool isOpen = !range.AreBoth && entries.Length > 1;
        // Nor does it help to leave out so much that a digest holds less than it could.
        if (isOpen) skip = (byte)Math.Min(Common(entries[1], entries[^1]), SortedKey.MostSkipped(new Value(entries[1].Key)));
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

    internal static byte Common(in Entry first, in Entry last) =>
        SortedKey.CommonBeginning(new Value(first.Key), new Value(last.Key));

    static SortedNode* NewNode(
        Participant* me, PoolHeap* heap, OrderingClass kind, int level, ReadOnlySpan<Entry> entries, int known,
        in Fences range) =>
        level == 0 ? (SortedNode*)NewLeaf(me, heap, kind, entries, known, range)
            : (SortedNode*)NewInner(me, heap, kind, level, entries, known, range);

    // What a locked node holds, in order.
    static int Collect(SortedNode* node, Entry* entries)
    {
        if (node->Level == 0)
        {
            SortedLeaf* leaf = (SortedLeaf*)node;
            int count = LeafOrder.Count(node->Order);
            for (int i = 0; i < count; i++)
            {
                int place = LeafOrder.Place(node->Order, i);
                entries[i] = new Entry
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
        for (int i = 0; i < inner->Count; i++) entries[i] = EntryOf(inner, i);
        return inner->Count;
    }

    static Entry EntryOf(SortedInner* inner, int index) =>
        new()
        {
            Digest = SortedInner.Digest(inner, index),
            Key = SortedInner.Key(inner, index),
            Payload =
            (ulong)*SortedInner.Slot(inner, index)
        };

    /// <summary>
    /// Makes room in the node of a level that a key belongs to, if it is full: compacts a leaf that has lost entries, else cuts
    /// the node in two.
    /// </summary>
    static Status Split(Participant* me, SortedMap* map, in SortedKey key, int level)
    {
        Entry* entries = stackalloc Entry[SortedInner.Places];
        while (true)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
            SortedNode* node = Descend(map, key, Toward.Key, level, out Path path);
            if (node == null) return Status.Done;
            if (!TryLock(node)) continue;
            if (!IsFull(node))
            {
                Unlock(node);
                return Status.Done;
            }
            Site site = new(map, path, level);
            if (!TryLockAbove(map, site.Parent, site.Index, node))
            {
                Unlock(node);
                continue;
            }
            int count = Collect(node, entries);
            bool cuts = count > Roomy(level);
            bool parentIsFull = cuts && site.Parent != null && IsFull(&site.Parent->Node);
            if (parentIsFull
                || cuts && site.Parent != null && !TryLockAbove(map, site.Grand, site.GrandIndex, &site.Parent->Node))
            {
                UnlockAbove(map, site.Parent);
                Unlock(node);
                Status above = parentIsFull ? Split(me, map, key, level + 1) : Status.Done;
                if (above != Status.Done) return above;
                continue;
            }
            return Replace(
                me, site, node, null, new ReadOnlySpan<Entry>(entries, count), node->Skip, cuts
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
            Search((SortedLeaf*)node, node->Order, key, out position);
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
    static Status Merge(Participant* me, SortedMap* map, in SortedKey key, Toward toward, int level)
    {
        Entry* entries = stackalloc Entry[2 * SortedInner.Places];
        while (true)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
            SortedNode* node = Descend(map, key, toward, level, out Path path);
            if (node == null) return Status.Done;
            Site site = new(map, path, level);
            if (site.Parent == null)
            {
                if (level == 0 || ((SortedInner*)node)->Count > 1) return Status.Done;
                if (TryCollapse(me, map, node)) level--;
                continue;
            }
            if (!IsSparse(node)) return Status.Done;
            if (site.Parent->Count == 1)
            {
                Status above = Merge(me, map, key, toward, level + 1);
                if (above != Status.Done) return above;
                continue;
            }
            if (site.Index + 1 == site.Parent->Count) site.Index--;
            // Acquire: pairs with the exchange in Hang.
            SortedNode* left = (SortedNode*)Volatile.Read(ref *SortedInner.Slot(site.Parent, site.Index));
            SortedNode* right = (SortedNode*)Volatile.Read(ref *SortedInner.Slot(site.Parent, site.Index + 1));
            if (!TryLockPair(site, left, right)) continue;
            if (!IsSparse(left) && !IsSparse(right))
            {
                UnlockAbove(map, site.Grand);
                UnlockAbove(map, site.Parent);
                Unlock(right);
                Unlock(left);
                return Status.Done;
            }
            int count = Collect(left, entries);
            int total = count + Collect(right, entries + count);
            int known = left->Skip == right->Skip ? left->Skip : UnknownSkip;
            if (level > 0)
            {
                // The key between the two comes down with the right one's first child.
                entries[count].Key = SortedInner.Key(site.Parent, site.Index + 1);
                entries[count].Digest = SortedKey.DigestOf(new Value(entries[count].Key), left->Skip);
            }
            // One without entries vanishes, however full the other is.
            bool merges = total <= Roomy(level) || count == 0 || count == total;
            Status status =
                Replace(me, site, left, right, new ReadOnlySpan<Entry>(entries, total), known, merges ? total : total / 2);
            if (status != Status.Done || !merges) return status;
            level++;
        }
    }

    static bool TryLockPair(in Site site, SortedNode* left, SortedNode* right)
    {
        if (!TryLock(left)) return false;
        if (TryLock(right))
        {
            if (TryLockAbove(site.Map, site.Parent, site.Index, left))
            {
                if (*SortedInner.Slot(site.Parent, site.Index + 1) == (nint)right
                    && TryLockAbove(site.Map, site.Grand, site.GrandIndex, &site.Parent->Node)) return true;
                UnlockAbove(site.Map, site.Parent);
            }
            Unlock(right);
        }
        Unlock(left);
        return false;
    }

    /// <summary>
    /// Puts new nodes with the entries in place of one or two old ones: two that are cut at <paramref name="cut"/>, or one if
    /// that is the end. What is needed is locked; unlocks it.
    /// </summary>
    static Status Replace(
        Participant* me, in Site site, SortedNode* left, SortedNode* right, ReadOnlySpan<Entry> entries, int known, int cut)
    {
        SortedMap* map = site.Map;
        int level = left->Level;
        bool cuts = cut < entries.Length;
        Value between = cuts ? new Value(entries[cut].Key) : default;
        Fences range = site.Of(right != null);
        SortedNode* first =
            NewNode(me, Heap.Of(map), left->Class, level, entries[..cut], known, cuts ? new Fences(range.Lower, between) : range);
        SortedNode* second = first == null || !cuts
            ? null : NewNode(me, Heap.Of(map), left->Class, level, entries[cut..], known, new Fences(between, range.Upper));
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
            if (replacesParent) UnlockAbove(map, site.Grand);
            UnlockAbove(map, site.Parent);
            if (right != null) Unlock(right);
            Unlock(left);
            return Status.NoMemory;
        }
        // A leaf's key stays in the leaf, an inner node's goes up; and in the other direction.
        Value gone = right == null ? default : new Value(SortedInner.Key(site.Parent, site.Index + 1));
        if (level == 0 && cuts) Reference.Take(between);

        if (replacesParent) Hang(map, site.Grand, site.GrandIndex, top);
        else Hang(map, site.Parent, site.Index, top);
        TreeAtomics.KillAndUnlock(left, right, replacesParent ? &site.Parent->Node : null, first, second);
        if (replacesParent) UnlockAbove(map, site.Grand);
        UnlockAbove(map, site.Parent);
        if (right != null) Unlock(right);
        Unlock(left);

        Heap.Retire(me, left);
        if (right != null) Heap.Retire(me, right);
        if (replacesParent) Heap.Retire(me, site.Parent);
        if (level == 0) Reference.Drop(me, gone);
        return Status.Done;
    }

    internal static void UnlockNew(SortedNode* first, SortedNode* second)
    {
        if (first->Level != 0) return;
        Unlock(first);
        if (second != null) Unlock(second);
    }

    // The parent with one or two new children for one or two old ones; or a new root. Null if there is no memory.
    static SortedNode* NewAbove(Participant* me, in Site site, SortedNode* first, SortedNode* second, bool pair, Value between)
    {
        Entry* entries = stackalloc Entry[SortedInner.Places + 1];
        SortedInner* parent = site.Parent;
        int known = parent == null ? UnknownSkip : parent->Node.Skip;
        Entry added = new() { Key = between.Bits, Payload = (ulong)second };
        if (parent != null && second != null) added.Digest = SortedKey.DigestOf(between, known);
        int count = 0;
        if (parent == null)
        {
            entries[count++] = new Entry { Payload = (ulong)first };
            entries[count++] = added;
        }
        else
        {
            for (int i = 0; i < parent->Count; i++)
            {
                if (pair && i == site.Index + 1) continue;
                entries[count] = EntryOf(parent, i);
                if (i == site.Index) entries[count].Payload = (ulong)first;
                count++;
                if (i == site.Index && second != null) entries[count++] = added;
            }
        }
        Debug.Assert(count <= TreeSizes.InnerCapacity);
        return (SortedNode*)NewInner(
            me, Heap.Of(site.Map), first->Class, first->Level + 1, new ReadOnlySpan<Entry>(entries, count), known, site.Range);
    }

    // A root with one child gives way to the child.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryCollapse(Participant* me, SortedMap* map, SortedNode* root)
    {
        if (!TryLock(root)) return false;
        bool locked = TryLockAbove(map, null, 0, root);
        if (locked)
        {
            Hang(map, null, 0, (SortedNode*)*SortedInner.Slot((SortedInner*)root, 0));
            Kill(root);
            UnlockAbove(map, null);
        }
        Unlock(root);
        if (locked) Heap.Retire(me, root);
        return locked;
    }
}

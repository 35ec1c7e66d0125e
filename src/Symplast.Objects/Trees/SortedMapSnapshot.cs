using System.Diagnostics;

namespace Symplast.Objects;

// Copies of a whole map as it was at one moment.
public unsafe partial struct SortedMap
{
    /// <summary>
    /// A copy of the map as it was at one moment during the call, with one reference, the caller's. Writers wait while it is
    /// made: some 20 ns for each entry. Readers do not notice.
    /// </summary>
    public static Status Snapshot(Participant* me, SortedMap* map, out SortedMap* copy) =>
        Snapshot(me, map, SortedBound.None, SortedBound.None, out copy);

    /// <summary>
    /// The same of a range of keys. Only writers in that range wait. WrongKind if the bounds are not of the class of the keys, or
    /// of one class.
    /// </summary>
    public static Status Snapshot(
        Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper, out SortedMap* copy)
    {
        Epoch.Enter(me);
        copy = null;
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            copy = Create(me, Heap.Of(map));
            // No object of its own: it does not count among those that are alive.
            if (copy != null) copy->Object.Head.Extra = Header.Hidden;
            status = copy == null ? Status.NoMemory : Copy(me, map, new Range(lower, upper), copy);
            if (status != Status.Done && copy != null)
            {
                Heap.Free(me, (void*)copy->Root);
                Heap.Free(me, copy);
                copy = null;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    readonly ref struct Range
    {
        internal readonly SortedKey Lower;
        internal readonly SortedKey Upper;
        internal readonly bool HasLower;
        internal readonly bool HasUpper;
        readonly bool _includesLower;
        readonly bool _includesUpper;

        internal Range(in SortedBound lower, in SortedBound upper)
        {
            HasLower = !lower.IsOpen;
            HasUpper = !upper.IsOpen;
            if (HasLower) Lower = new SortedKey(lower.Key);
            if (HasUpper) Upper = new SortedKey(upper.Key);
            _includesLower = lower.IsIncluded;
            _includesUpper = upper.IsIncluded;
        }

        /// <summary>The class of keys that it speaks of; None if it speaks of none, or of several.</summary>
        internal OrderingClass Class =>
            !HasLower ? Upper.Class : !HasUpper || Lower.Class == Upper.Class ? Lower.Class : OrderingClass.None;

        internal bool HasBounds => HasLower || HasUpper;

        internal bool IsBelow(Value key) =>
            HasLower && Lower.Compare(key) is int side && (side > 0 || side == 0 && !_includesLower);

        internal bool IsAbove(Value key) =>
            HasUpper && Upper.Compare(key) is int side && (side < 0 || side == 0 && !_includesUpper);
    }

    static Status Copy(Participant* me, SortedMap* map, in Range range, SortedMap* copy)
    {
        if (range.HasBounds && range.Class == OrderingClass.None) return Status.WrongKind;
        SortedNode* locked;
        while (!TryLockLeaves(map, range, out locked))
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
        }
        // Now nothing can change but the inner nodes. This is the moment.
        SortedNode* copies = null;
        long entries = 0;
        bool complete = true;
        bool isComparable = true;
        for (SortedNode* leaf = locked; leaf != null && complete && isComparable; leaf = SortedNode.Next(leaf))
        {
            isComparable = !range.HasBounds || leaf->Class == range.Class || LeafOrder.Count(leaf->Order) == 0;
            if (isComparable) complete = TryCopyLeaf(me, (SortedLeaf*)leaf, range, ref copies, ref entries);
        }
        UnlockLeaves(locked);
        if (!isComparable)
        {
            Discard(me, copies);
            return Status.WrongKind;
        }
        if (copies != null) OpenBelow((SortedLeaf*)copies);
        for (int level = 1; complete && copies != null && SortedNode.Next(copies) != null; level++)
            complete = TryBuildLevel(me, Heap.Of(map), level, ref copies);
        if (!complete)
        {
            Discard(me, copies);
            return Status.NoMemory;
        }
        if (copies == null) return Status.Done;
        if (copies->Level != 0) SortedInner.Key((SortedInner*)copies, 0) = 0;
        Heap.Free(me, (void*)copy->Root);
        copy->Root = (nint)copies;
        copy->Entries = entries;
        return Status.Done;
    }

    // Locks all leaves of a range from left to right; the list begins with the last one. False, and none is locked, if the map
    // was cleared or deleted meanwhile.
    static bool TryLockLeaves(SortedMap* map, in Range range, out SortedNode* locked)
    {
        locked = null;
        Interleaving.Point();
        // Acquire: pairs with the increment in Clear. Who has locked a leaf of a new tree sees the new era.
        ulong era = Volatile.Read(ref map->Era);
        SortedKey target = range.Lower;
        Toward toward = range.HasLower ? Toward.Key : Toward.First;
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedNode* leaf = Descend(map, target, toward, 0, out Path path);
            if (!TryLock(leaf)) continue;
            SortedNode.Next(leaf) = locked;
            locked = leaf;
            // No key of the leaves that follow is less.
            Value upper = path.FencesAbove(1).Upper;
            if (upper.IsEmpty || range.IsAbove(upper))
            {
                if (Volatile.Read(ref map->Era) == era && !SharedObject.IsDeleted((SharedObject*)map)) return true;
                break;
            }
            target = new SortedKey(upper);
            toward = Toward.Key;
        }
        UnlockLeaves(locked);
        locked = null;
        return false;
    }

    static void UnlockLeaves(SortedNode* locked)
    {
        while (locked != null)
        {
            SortedNode* next = SortedNode.Next(locked);
            Unlock(locked);
            locked = next;
        }
    }

    // Puts a copy of what lies in the range before the ones of the leaves that follow.
    static bool TryCopyLeaf(Participant* me, SortedLeaf* leaf, in Range range, ref SortedNode* copies, ref long entries)
    {
        Entry* copied = stackalloc Entry[SortedLeaf.Places];
        int count = Collect(&leaf->Node, copied);
        while (count > 0 && range.IsAbove(new Value(copied[count - 1].Key))) count--;
        while (count > 0 && range.IsBelow(new Value(copied->Key)))
        {
            copied++;
            count--;
        }
        if (count == 0) return true;
        // Over the copies the least keys below part the ranges.
        Fences fences = new(new Value(copied[0].Key), copies == null ? default : LeastKey(copies));
        SortedLeaf* copy =
            NewLeaf(me, Heap.Of(leaf), leaf->Node.Class, new ReadOnlySpan<Entry>(copied, count), leaf->Node.Skip, fences);
        if (copy == null) return false;
        for (int i = 0; i < count; i++)
        {
            Reference.Take(new Value(copied[i].Key));
            Reference.Take(new Value(copied[i].Payload));
        }
        copy->Lock = 0;
        copy->Next = copies;
        copies = &copy->Node;
        entries += count;
        return true;
    }

    // What turned out to be the first leaf has no least key.
    static void OpenBelow(SortedLeaf* leaf)
    {
        leaf->Node.Skip = 0;
        for (int i = 0; i < LeafOrder.Count(leaf->Node.Order); i++)
            leaf->Digests[i] = SortedKey.DigestOf(new Value(SortedLeaf.Key(leaf, i)), 0);
    }

    // Nodes over a list of nodes, evenly filled. For the time being an inner node's first key is the least one under it, without
    // a reference.
    static bool TryBuildLevel(Participant* me, PoolHeap* heap, int level, ref SortedNode* nodes)
    {
        Entry* entries = stackalloc Entry[SortedInner.Places];
        int rest = 0;
        for (SortedNode* node = nodes; node != null; node = SortedNode.Next(node)) rest++;
        int parts = (rest + Roomy(level) - 1) / Roomy(level);
        SortedNode* below = nodes;
        SortedNode* built = null;
        SortedNode* last = null;
        for (; parts > 0; parts--)
        {
            int count = rest / parts;
            rest -= count;
            SortedNode* next = below;
            for (int i = 0; i < count; i++, next = SortedNode.Next(next))
                entries[i] = new Entry { Key = LeastKey(next).Bits, Payload = (ulong)next };
            Fences range = new(built == null ? default : LeastKey(below), next == null ? default : LeastKey(next));
            SortedInner* inner =
                NewInner(me, heap, below->Class, level, new ReadOnlySpan<Entry>(entries, count), UnknownSkip, range);
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

    static Value LeastKey(SortedNode* node) =>
        new(node->Level == 0 ? SortedLeaf.Key((SortedLeaf*)node, 0) : SortedInner.Key((SortedInner*)node, 0));

    // Trees that nobody has seen, on a list.
    static void Discard(Participant* me, SortedNode* nodes)
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

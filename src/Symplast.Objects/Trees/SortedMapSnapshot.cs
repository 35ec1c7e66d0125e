using System.Diagnostics;

namespace Symplast.Objects;

// Copies of a whole map as it was at one moment.
public static unsafe partial class SortedMap<THook, TRules>
{
    /// <summary>
    /// A copy of the map as it was at one moment during the call, with one reference, the caller's. Writers wait while it is made: some 20 ns for each entry.
    /// Readers do not notice.
    /// </summary>
    public static Status Snapshot(Participant* me, SortedMap* map, out SortedMap* copy) => Snapshot(me, map, SortedBound.None, SortedBound.None, out copy);

    /// <summary>The same of a range of keys. Only writers in that range wait. WrongKind if the bounds are not of the class of the keys, or of one class.</summary>
    public static Status Snapshot(Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper, out SortedMap* copy)
    {
        Epoch.Enter(me);
        copy = null;
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            copy = Create(me, Heap.Of(map));
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
        internal OrderingClass Class => !HasLower ? Upper.Class : !HasUpper || Lower.Class == Upper.Class ? Lower.Class : OrderingClass.None;

        internal bool HasBounds => HasLower || HasUpper;

        internal bool IsBelow(ulong digest, Value key) => HasLower && Lower.Compare(digest, key) is int side && (side > 0 || side == 0 && !_includesLower);

        internal bool IsAbove(ulong digest, Value key) => HasUpper && Upper.Compare(digest, key) is int side && (side < 0 || side == 0 && !_includesUpper);
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
        for (SortedNode* leaf = locked; leaf != null && complete && isComparable; leaf = leaf->Next)
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
        for (int level = 1; complete && copies != null && copies->Next != null; level++) complete = TryBuildLevel(me, Heap.Of(map), level, ref copies);
        if (!complete)
        {
            Discard(me, copies);
            return Status.NoMemory;
        }
        if (copies == null) return Status.Done;
        if (copies->Level != 0) ((SortedInner*)copies)->Keys[0] = 0;
        Heap.Free(me, (void*)copy->Root);
        copy->Root = (nint)copies;
        copy->Count = entries;
        return Status.Done;
    }

    // Locks all leaves of a range from left to right; the list begins with the last one. False, and none is locked, if the map was cleared or deleted meanwhile.
    static bool TryLockLeaves(SortedMap* map, in Range range, out SortedNode* locked)
    {
        locked = null;
        THook.Point();
        // Acquire: pairs with the increment in Clear. Who has locked a leaf of a new tree sees the new era.
        ulong era = Volatile.Read(ref map->Era);
        SortedKey target = range.Lower;
        Toward toward = range.HasLower ? Toward.Key : Toward.First;
        while (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedNode* leaf = Descend(map, target, toward, 0, out _, out _, out Value upper);
            if (!TryLock(leaf)) continue;
            leaf->Next = locked;
            locked = leaf;
            // The leaf's own fence is the least key of the next one.
            if (upper.IsEmpty || range.HasUpper && range.IsAbove(SortedKey.DigestOf(upper), upper))
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
            SortedNode* next = locked->Next;
            Unlock(locked);
            locked = next;
        }
    }

    // Puts a copy of what lies in the range before the ones of the leaves that follow.
    static bool TryCopyLeaf(Participant* me, SortedLeaf* leaf, in Range range, ref SortedNode* copies, ref long entries)
    {
        Entry* copied = stackalloc Entry[SortedLeaf.Places];
        int count = Collect(&leaf->Node, copied);
        while (range.HasUpper && count > 0 && range.IsAbove(copied[count - 1].Digest, new Value(copied[count - 1].Key))) count--;
        while (range.HasLower && count > 0 && range.IsBelow(copied->Digest, new Value(copied->Key)))
        {
            copied++;
            count--;
        }
        if (count == 0) return true;
        SortedLeaf* copy = NewLeaf(me, Heap.Of(leaf), leaf->Node.Class, new ReadOnlySpan<Entry>(copied, count));
        if (copy == null) return false;
        for (int i = 0; i < count; i++)
        {
            Reference.Take(new Value(copied[i].Key));
            Reference.Take(new Value(copied[i].Payload));
        }
        copy->Node.Lock = 0;
        copy->Node.Next = copies;
        copies = &copy->Node;
        entries += count;
        return true;
    }

    // Nodes over a list of nodes, evenly filled. For the time being an inner node's first key is the least one under it, without a reference.
    static bool TryBuildLevel(Participant* me, PoolHeap* heap, int level, ref SortedNode* nodes)
    {
        Entry* entries = stackalloc Entry[SortedInner.Places];
        int rest = 0;
        for (SortedNode* node = nodes; node != null; node = node->Next) rest++;
        int parts = (rest + Roomy(level) - 1) / Roomy(level);
        SortedNode* below = nodes;
        SortedNode* built = null;
        SortedNode* last = null;
        for (; parts > 0; parts--)
        {
            int count = rest / parts;
            rest -= count;
            SortedNode* next = below;
            for (int i = 0; i < count; i++, next = next->Next) entries[i] = new Entry { Digest = LeastDigest(next), Key = LeastKey(next).Bits, Payload = (ulong)next };
            SortedInner* inner = NewInner(me, heap, below->Class, level, new ReadOnlySpan<Entry>(entries, count));
            if (inner == null)
            {
                // All in one list again, for Discard.
                if (last != null) last->Next = below;
                if (built != null) nodes = built;
                return false;
            }
            for (int i = 1; i < count; i++)
            {
                Reference.Take(new Value(entries[i].Key));
                SortedNode* child = (SortedNode*)entries[i].Payload;
                if (level > 1) ((SortedInner*)child)->Keys[0] = 0;
            }
            inner->Keys[0] = entries[0].Key;
            if (level > 1) ((SortedInner*)entries[0].Payload)->Keys[0] = 0;
            if (last == null) built = &inner->Node;
            else last->Next = &inner->Node;
            last = &inner->Node;
            below = next;
        }
        nodes = built;
        return true;
    }

    static Value LeastKey(SortedNode* node) => new(node->Level == 0 ? ((SortedLeaf*)node)->Keys[0] : ((SortedInner*)node)->Keys[0]);

    static ulong LeastDigest(SortedNode* node) => SortedKey.DigestOf(LeastKey(node));

    // Trees that nobody has seen, on a list.
    static void Discard(Participant* me, SortedNode* nodes)
    {
        while (nodes != null)
        {
            SortedNode* node = nodes;
            nodes = node->Next;
            Debug.Assert(node->Lock == 0);
            if (node->Level == 0)
            {
                SortedLeaf* leaf = (SortedLeaf*)node;
                for (int i = 0; i < LeafOrder.Count(node->Order); i++)
                {
                    Reference.Drop(me, new Value(leaf->Keys[i]));
                    Reference.Drop(me, new Value(leaf->Values[i]));
                }
            }
            else
            {
                SortedInner* inner = (SortedInner*)node;
                for (int i = 0; i < node->Count; i++)
                {
                    SortedNode* child = (SortedNode*)inner->Children[i];
                    child->Next = nodes;
                    nodes = child;
                    if (i > 0) Reference.Drop(me, new Value(inner->Keys[i]));
                }
            }
            Heap.Free(me, node);
        }
    }
}

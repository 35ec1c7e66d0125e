using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A map sorted by its keys: a B+tree under RCU, with fat nodes, locks for writers only, and lock-free reads. Keys are of one
/// class (numbers, text, bytes or tuples, see <see cref="Ordering"/>): that of the first key, for as long as the map is not
/// empty. Of tuples any two must have an order in Python, too (<see cref="Ordering.HaveOrder(Value, Value)"/>): WrongKind for a
/// key that has none with another.
/// </summary>
/// <remarks>
/// <para>All operations are thread-safe, atomic and linearizable, those on several keys too (first, floor, pop, count), but for
/// cursors, which say for themselves what they promise. Readers take no lock and write nothing. Sources: P. McKenney's RCU; P.
/// Lehman and S. Yao for the B+tree of concurrent writers; the permutation word of Masstree's leaves (Mao et al., EuroSys 2012);
/// locks for writers and none for readers as in ART-ROWEX (Leis et al., DaMoN 2016).</para>
///
/// <para><b>States of a node.</b> New: seen by its maker only; a new leaf is born locked. Live: in the tree. Dead: replaced or
/// cleared away, for ever. Each node is responsible for a range of keys that never changes: splitting, merging and compaction
/// make new nodes. A dead node changes no more; it stays as it was when it was replaced, until all sections that may have seen it
/// have ended.</para>
///
/// <para><b>Digests.</b> A node's range decides how many bytes its digests leave out of text and bytes
/// (<see cref="SortedNode.Skip"/>): those that both its fences begin with, and so whatever belongs to it. An inner node whose
/// range lacks an end leaves out what its own keys share, and compares that first (<see cref="SortedInner.IsOpen"/>). Digests are
/// therefore compared only within one node, with a key that belongs to its range, or is its upper fence.</para>
///
/// <para><b>Tags.</b> Whoever looks for a key itself compares a byte of its hash (or of its digest, if it has no hash) with those
/// in the leaf, then the keys of places that have it and are entries. A place is filled, tag and all, before the word names it,
/// so a tag that is read after the word is right for all entries; those of other places are not looked at further.</para>
///
/// <para><b>What changes in a live node.</b> An inner node's keys never change; its children's addresses do, under its lock, by
/// exchange. A leaf's places are filled once; which of them are entries is said by one word (<see cref="LeafOrder"/>), which
/// never comes back to what it was. Insertion fills a place, then stores the word; removal stores the word; the value of an entry
/// changes in place. All of that under the leaf's lock.</para>
///
/// <para><b>Locks.</b> Whoever changes a leaf holds its lock and has seen, after taking it, that the leaf is live: then it is in
/// the tree and the range is its own. To replace nodes (split, merge, compact) one holds the locks of the nodes (at most two
/// neighbours), of their parent if it must be replaced or its slot must change, and of the parent of that if the parent is
/// replaced; the map's own lock stands above the root. Each is looked at again after taking its lock: live, and still the place
/// where the lower one hangs. If not, everything is let go and the search begins anew. Order: lower levels first, in a level from
/// left to right, the map, and last the lock under which insertions and removals take effect and are counted
/// (<see cref="SortedMap.Order"/>); so no cycle. Nobody waits for anything else with a lock held, but a snapshot holds the locks
/// of all leaves, taken from left to right, and so does who takes an entry by its number.</para>
///
/// <para><b>Replacing.</b> All nodes are allocated first, so that nothing has happened when there is no memory. (1) The new
/// nodes, complete, are published by one exchange in the slot above. (2) The old ones are marked dead, leaves in their word as
/// well. (3) The new leaves are unlocked. (4) The others are unlocked and the old ones retired. References to keys and values
/// move to the new nodes. Between (1) and (3) no leaf of the range changes, so whoever finds an old leaf's word unchanged and not
/// dead knows that nothing has changed in its range.</para>
///
/// <para><b>Why readers are right.</b> A node that a reader arrives at was live at some moment of its operation: the root was
/// when it was loaded, and a child was live when its address was loaded from a live parent; a dead parent's slots are as at the
/// moment of its death, which, since it was live within the operation, lies within the operation too. So a leaf that is read is
/// live, or as it was at a moment within the operation. Get takes effect when the word was loaded, if the key is missing there;
/// else when the value was loaded, or just before the entry was removed or the leaf replaced if that came earlier. Search for
/// neighbours reads a word, then the value, then the word again: if it is the same, the pair was right when the value was loaded.
/// If it had to pass through several leaves without finding anything there, it looks at all of their words again: then all were
/// right when the last one was. <c>Era</c> tells whether <c>Clear</c> has come in between.</para>
///
/// <para><b>Clearing and deletion.</b> The root is exchanged (or the map is marked deleted); from then on nobody new gets into
/// the old tree. Its nodes are killed from the top down, each under its lock, so that no writer can follow; the values that they
/// changed in it before count as changed before the exchange, within which they began. Who would insert or remove in it finds
/// another era, and begins anew.</para>
///
/// <para><b>References.</b> A leaf owns one to each entry's key and value, an inner node one to each of its keys. They are
/// dropped after the store that unlinked them; dropping is a full fence.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe partial struct SortedMap
{
    // Its lock guards Root.
    [FieldOffset(0)]
    internal SharedObject Object;

    /// <summary>A leaf or an inner node, never 0.</summary>
    [FieldOffset(32)]
    internal nint Root;

    /// <summary>How often <c>Clear</c> has replaced the root.</summary>
    [FieldOffset(40)]
    internal ulong Era;

    // What every insertion and removal writes, apart from what everybody reads.

    /// <summary>Number of entries; changes under <see cref="Order"/>.</summary>
    [FieldOffset(64)]
    internal long Entries;

    /// <summary>Odd while somebody inserts, removes or clears.</summary>
    [FieldOffset(72)]
    internal ulong Version;

    /// <summary>The lock under which insertions and removals take effect, one after the other.</summary>
    [FieldOffset(80)]
    internal int Order;

    /// <summary>A new empty map with one reference, the caller's; null if there is no memory or the pool was deleted.</summary>
    public static SortedMap* Create(Participant* me, PoolHeap* heap)
    {
        Epoch.Enter(me);
        SortedMap* map = null;
        if (!PoolHeap.IsDeleted(heap))
        {
            map = (SortedMap*)Heap.AllocateObject(me, heap, (nuint)sizeof(SortedMap));
            SortedLeaf* root = map == null ? null : NewLeaf(me, heap, OrderingClass.None, default, 0, default);
            if (root != null)
            {
                root->Lock = 0;
                *map = new SortedMap { Root = (nint)root };
                SharedObject.Begin((SharedObject*)map, HeaderKind.SortedMap);
            }
            else if (map != null)
            {
                Heap.Free(me, map);
                map = null;
            }
        }
        Epoch.Exit(me);
        return map;
    }

    /// <summary>
    /// The value of a key, which can be read for as long as the caller's section lasts and comes without a reference. WrongKind
    /// if the map has keys of another class.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status Get(Participant* me, SortedMap* map, in Probe key, out Value value)
    {
        // Who is inside a section already need not open another one.
        if (!Epoch.IsInside(me)) return GetInSection(me, map, key, out value);
        value = default;
        return SharedObject.IsDeleted((SharedObject*)map) ? Status.Deleted : Find(map, key, out value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status GetInSection(Participant* me, SortedMap* map, in Probe key, out Value value)
    {
        Epoch.Enter(me);
        Status status = Get(me, map, key, out value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Whether there is such a key.</summary>
    public static Status Contains(Participant* me, SortedMap* map, in Probe key) => Get(me, map, key, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Find(SortedMap* map, in Probe key, out Value value)
    {
        value = default;
        SortedLeaf* leaf = LeafOf(map, key);
        Interleaving.Point();
        // Acquire: pairs with the releases in Write and Pop, so that the places it names are filled.
        ulong order = Volatile.Read(ref leaf->Node.Order);
        OrderingClass kind = SortedKey.ClassOf(key);
        if (leaf->Node.Class != kind)
            return LeafOrder.Count(order) == 0 && kind != OrderingClass.None ? Status.Missing : Status.WrongKind;
        int place = PlaceOf(leaf, order, key);
        if (place < 0) return kind == OrderingClass.None ? Status.WrongKind : Status.Missing;
        Interleaving.Point();
        // Acquire: pairs with the releases in Write, so that what it refers to is complete.
        value = new Value(Volatile.Read(ref SortedLeaf.Value(leaf, place)));
        return Status.Done;
    }

    /// <summary>The leaf that a key belongs to, if it is one; live at some moment since the call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedLeaf* LeafOf(SortedMap* map, in Probe key) =>
        key.Data != null
        ? LeafOfBytes(map, key) : SortedKey.IsExactly(key.Word) ? LeafOfNumber(map, key.Word) : LeafOfOther(map, key);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedLeaf* LeafOfNumber(SortedMap* map, Value key)
    {
        long digest = SortedKey.OfNumber(key);
        Interleaving.Point();
        // Acquire: pairs with the exchange in Hang, so that the node is complete.
        SortedNode* node = (SortedNode*)Volatile.Read(ref map->Root);
        while (node->Level != 0)
        {
            nint* slot = SortedInner.Slot(SortedInner.LastOf((SortedInner*)node, digest));
            Interleaving.Point();
            // Acquire: the same.
            node = (SortedNode*)Volatile.Read(ref *slot);
        }
        return (SortedLeaf*)node;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedLeaf* LeafOfBytes(SortedMap* map, in Probe key)
    {
        byte* data = key.Data;
        nuint length = key.Length;
        Interleaving.Point();
        // Acquire: as in LeafOfNumber, here and below.
        SortedNode* node = (SortedNode*)Volatile.Read(ref map->Root);
        while (node->Level != 0)
        {
            SortedInner* inner = (SortedInner*)node;
            long digest = SortedKey.OfBytes(data, length, node->Skip);
            long* last = SortedInner.LastOf(inner, digest);
            bool isSure = *last != digest
                && (!inner->IsOpen || SortedKey.HasBeginning(data, length, new Value(SortedInner.Key(inner, 1)), node->Skip));
            nint* slot = isSure ? SortedInner.Slot(last) : SlotOf(inner, data, length);
            Interleaving.Point();
            node = (SortedNode*)Volatile.Read(ref *slot);
        }
        return (SortedLeaf*)node;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static SortedLeaf* LeafOfOther(SortedMap* map, in Probe key) =>
        (SortedLeaf*)Descend(map, new SortedKey(key), Toward.Key, 0, out _);

    // By the keys themselves, if need be. Where keys are of another class any child will do: its leaf says so.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static nint* SlotOf(SortedInner* inner, byte* data, nuint length) =>
        SortedInner.Slot(inner, SortedInner.IndexOf(inner, new SortedKey(inner->Node.Class, data, length)));

    /// <summary>The place of a key in a leaf to whose range it belongs, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int PlaceOf(SortedLeaf* leaf, ulong order, in Probe key)
    {
        // Among the places may be some that are no entries, of which the keys are not there (any more).
        for (uint places = SortedLeaf.Tagged(leaf, SortedKey.TagOf(key)); places != 0; places &= places - 1)
        {
            int place = BitOperations.TrailingZeroCount(places);
            if (LeafOrder.Holds(order, place) && key.Matches(new Value(SortedLeaf.Key(leaf, place)))) return place;
        }
        return -1;
    }

    /// <summary>The same, by the digests; and the position in the order where it is or belongs.</summary>
    static int Search(SortedLeaf* leaf, ulong order, in SortedKey key, out int position)
    {
        long digest = key.DigestIn(&leaf->Node);
        // As many entries as are below come before it.
        position = BitOperations.PopCount(SortedLeaf.Below(leaf, digest) & LeafOrder.Members(order));
        if (position == LeafOrder.Count(order)) return -1;
        int place = LeafOrder.Place(order, position);
        if (leaf->Digests[place] != digest) return -1;
        return key.IsExact ? place : SearchTies(leaf, order, key, digest, ref position);
    }

    static int SearchTies(SortedLeaf* leaf, ulong order, in SortedKey key, long digest, ref int position)
    {
        int low = position;
        int high = LeafOrder.Count(order);
        // As a rule it is one.
        if (low + 1 < high && leaf->Digests[LeafOrder.Place(order, low + 1)] != digest) high = low + 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            int place = LeafOrder.Place(order, middle);
            int found = key.Compare(digest, leaf->Digests[place], new Value(SortedLeaf.Key(leaf, place)));
            if (found == 0)
            {
                position = middle;
                return place;
            }
            if (found > 0) low = middle + 1;
            else high = middle;
        }
        position = low;
        return -1;
    }
}

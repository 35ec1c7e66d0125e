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
/// <para>All operations are thread-safe, atomic and linearizable, those on several keys too (first, floor, pop, count,
/// snapshots). Readers take no lock and write nothing, except snapshots, which lock the leaves that they copy. Sources: P.
/// McKenney's RCU; P. Lehman and S. Yao for the B+tree of concurrent writers; the permutation word of Masstree's leaves (Mao
/// et al., EuroSys 2012); locks for writers and none for readers as in ART-ROWEX (Leis et al., DaMoN 2016).</para>
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
public unsafe struct SortedMap
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

    /// <summary>The number of threads that wait for changes of keys, or are about to; see <see cref="KeyWaiting"/>.</summary>
    [FieldOffset(48)]
    internal int Waiters;

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

    /// <summary>What the table of kinds knows of sorted maps.</summary>
    internal static Structure Structure => new(&Dismantling.ReleaseContents, &TreeWalk.VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SortedMap*)o);

    /// <summary>A new empty map with one reference, the caller's; null if there is no memory or the pool was deleted.</summary>
    public static SortedMap* Create(Participant* me, PoolHeap* heap)
    {
        Epoch.Enter(me);
        SortedMap* map = null;
        if (!PoolHeap.IsDeleted(heap))
        {
            map = (SortedMap*)Heap.AllocateObject(me, heap, (nuint)sizeof(SortedMap));
            SortedLeaf* root = map == null ? null : NewNode.Leaf(me, heap, OrderingClass.None, default, 0, default);
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

    /// <inheritdoc cref="OrderedMap.CountWaiters"/>
    public static void CountWaiters(Participant* me, SortedMap* map, int change)
    {
        Epoch.Enter(me);
        Interleaving.Point();
        if (!PoolHeap.IsDeleted(Heap.Of(map))) WaiterAtomics.Count(ref map->Waiters, change);
        Epoch.Exit(me);
    }

    // After a change of a key, once the lock of its leaf was given back, which is a full fence.
    internal static void Wake(SortedMap* map, in Probe key)
    {
        Interleaving.Point();
        if (WaiterAtomics.Any(ref map->Waiters)) KeyWaiting.Wake(map, key.Hash);
    }

    // After a change of all keys, once the map's lock was given back, which is a full fence.
    internal static void WakeAll(SortedMap* map)
    {
        Interleaving.Point();
        if (WaiterAtomics.Any(ref map->Waiters)) KeyWaiting.WakeAll(map);
    }

    /// <summary>The number of entries at one moment during the call.</summary>
    public static Status Count(Participant* me, SortedMap* map, out long count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = SharedObject.IsDeleted((SharedObject*)map) ? Status.Deleted : Status.Done;
        if (status == Status.Done) count = EntryCount.Of(map);
        Epoch.Exit(me);
        return status;
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
        SortedLeaf* leaf = Lookup.LeafOf(map, key);
        Interleaving.Point();
        // Acquire: pairs with the releases in TreeWriter and Popping, so that the places it names are filled.
        ulong order = Volatile.Read(ref leaf->Node.Order);
        OrderingClass kind = SortedKey.ClassOf(key);
        if (leaf->Node.Class != kind)
            return LeafOrder.Count(order) == 0 && kind != OrderingClass.None ? Status.Missing : Status.WrongKind;
        int place = SortedLeaf.PlaceOf(leaf, order, key);
        if (place < 0) return kind == OrderingClass.None ? Status.WrongKind : Status.Missing;
        Interleaving.Point();
        // Acquire: pairs with the releases in TreeWriter, so that what it refers to is complete.
        value = new Value(Volatile.Read(ref SortedLeaf.Value(leaf, place)));
        return Status.Done;
    }

    /// <summary>Stores a value under a key, whether there was one or not.</summary>
    public static Status Set(Participant* me, SortedMap* map, in Probe key, Value value) =>
        TreeWriter.Write(me, map, key, new Replacement(value), out _, out _);

    /// <summary>
    /// Stores a value under a key that is not there, and gives what is there then: Done if that is <paramref name="value"/>, else
    /// <see cref="Status.Exists"/>. What it gives can be read for as long as the caller's section lasts.
    /// </summary>
    public static Status GetOrAdd(Participant* me, SortedMap* map, in Probe key, Value value, out Value present)
    {
        Status status = Get(me, map, key, out present);
        if (status != Status.Missing) return status == Status.Done ? Status.Exists : status;
        status = TreeWriter.Write(me, map, key, new Insertion(value), out present, out _);
        if (status == Status.Done) present = value;
        return status;
    }

    /// <summary>Removes a key and gives its value, which can be read for as long as the caller's section lasts.</summary>
    public static Status Remove(Participant* me, SortedMap* map, in Probe key, out Value removed) =>
        TreeWriter.Write(me, map, key, default(Removal), out removed, out _);

    /// <summary>
    /// Removes a key and gives its value, whose reference becomes the caller's, unless the guard refuses the value.
    /// </summary>
    public static Status Take(Participant* me, SortedMap* map, in Probe key, in ValueGuard guard, out Value taken)
    {
        Status status = TreeWriter.Write(me, map, key, new GuardedRemoval(guard), out taken, out _);
        if (status != Status.Done) taken = default;
        return status;
    }

    /// <summary>
    /// Replaces a value if it equals an expected one; else Missing, and <paramref name="present"/> is the value, or empty if
    /// there is no such key.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, SortedMap* map, in Probe key, in Probe expected, Value value, out Value present) =>
        TreeWriter.Write(me, map, key, new ConditionalReplacement(expected, value), out present, out _);

    /// <summary>
    /// Adds to a number, which counts as 0 if there is none, and gives the sum, which can be read for as long as the caller's
    /// section lasts.
    /// </summary>
    public static Status Add(Participant* me, SortedMap* map, in Probe key, Value delta, out Value sum) =>
        TreeWriter.Write(me, map, key, new AdditionFromZero(delta), out _, out sum);

    /// <summary>
    /// The entry with the least key. It can be read for as long as the caller's section lasts, and comes without references;
    /// Missing if the map is empty.
    /// </summary>
    public static Status First(Participant* me, SortedMap* map, out Value key, out Value value) =>
        Neighbours.Nearest(me, map, default, Toward.First, false, out key, out value);

    /// <summary>The entry with the greatest key.</summary>
    public static Status Last(Participant* me, SortedMap* map, out Value key, out Value value) =>
        Neighbours.Nearest(me, map, default, Toward.Last, false, out key, out value);

    /// <summary>The entry with the greatest key that is at most <paramref name="bound"/>.</summary>
    public static Status Floor(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        Neighbours.NearestTo(me, map, bound, Toward.Below, true, out key, out value);

    /// <summary>The entry with the greatest key that is less than <paramref name="bound"/>.</summary>
    public static Status Lower(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        Neighbours.NearestTo(me, map, bound, Toward.Below, false, out key, out value);

    /// <summary>The entry with the least key that is at least <paramref name="bound"/>.</summary>
    public static Status Ceiling(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        Neighbours.NearestTo(me, map, bound, Toward.Key, true, out key, out value);

    /// <summary>The entry with the least key that is greater than <paramref name="bound"/>.</summary>
    public static Status Higher(Participant* me, SortedMap* map, in Probe bound, out Value key, out Value value) =>
        Neighbours.NearestTo(me, map, bound, Toward.Key, false, out key, out value);

    /// <summary>
    /// Removes the entry with the least key and gives it, unless the guard refuses the value; Missing if the map is empty. Both
    /// references become the caller's.
    /// </summary>
    public static Status PopMin(Participant* me, SortedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        Popping.Pop(me, map, Toward.First, guard, out key, out value);

    /// <summary>Removes the entry with the greatest key and gives it, as <see cref="PopMin"/> does.</summary>
    public static Status PopMax(Participant* me, SortedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        Popping.Pop(me, map, Toward.Last, guard, out key, out value);

    /// <summary>
    /// Removes the entry with a number in the order of keys, negative from the end, and gives it, unless the guard refuses the
    /// value; Missing if there is none, and whether there was none at all. Both references become the caller's. Writers wait
    /// while it is looked for, readers do not notice.
    /// </summary>
    public static Status PopAt(
        Participant* me, SortedMap* map, long number, in ValueGuard guard, out Value key, out Value value, out bool wasEmpty) =>
        Popping.PopAt(me, map, number, guard, out key, out value, out wasEmpty);

    /// <summary>
    /// The entry with a number in the order of keys, negative from the end, at one moment during the call, with references that
    /// are the caller's. Missing if there is none.
    /// </summary>
    public static Status TakeAt(Participant* me, SortedMap* map, long number, out Value key, out Value value) =>
        TreeSnapshot.TakeAt(me, map, number, out key, out value);

    /// <summary>
    /// All entries as they were at one moment during the call, in memory of the process's own. Writers wait while they are
    /// copied: some nanoseconds for each. Readers do not notice.
    /// </summary>
    public static Status SnapshotEntries(Participant* me, SortedMap* map, out MapSnapshot* snapshot) =>
        TreeSnapshot.Take(me, map, new KeyRange(SortedBound.None, SortedBound.None), onlyKeys: false, out snapshot);

    /// <summary>
    /// The keys of a range as they were at one moment during the call, with empty values, in memory of the process's own. Only
    /// writers in that range wait. WrongKind if the bounds are not of the class of the keys, or of two classes.
    /// </summary>
    public static Status SnapshotKeys(
        Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper, out MapSnapshot* snapshot) =>
        TreeSnapshot.Take(me, map, new KeyRange(lower, upper), onlyKeys: true, out snapshot);

    /// <summary>
    /// Gives a map that is empty entries with different keys, in any order, at one instant; the references become the map's.
    /// Missing if it is not empty, WrongKind if the keys are not all numbers that are inline, or all text, or all bytes: the
    /// references stay the caller's then, as in all other cases. Inside a section in which the pool was not deleted.
    /// </summary>
    public static Status Fill(Participant* me, SortedMap* map, SortedEntry* entries, long count) =>
        BulkLoad.Fill(me, map, entries, count);

    /// <summary>Removes all entries at once. What it takes grows with their number, but nobody waits for it.</summary>
    public static Status Clear(Participant* me, SortedMap* map) =>
        Dismantling.Clear(me, map);

    /// <summary>
    /// Deletes the map by hand, for ever: every later operation gives Deleted, and what it held is released. A second call gives
    /// Deleted too. The caller's reference stays.
    /// </summary>
    public static Status Delete(Participant* me, SortedMap* map) =>
        Dismantling.Delete(me, map);

    /// <summary>
    /// Whether everything in the map is as it should be. Nobody else may use the map meanwhile, and no operation may have run out
    /// of memory.
    /// </summary>
    public static bool IsValid(Participant* me, SortedMap* map) => Validity.Check(me, map) == null;
}

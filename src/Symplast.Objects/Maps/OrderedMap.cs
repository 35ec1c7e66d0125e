using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// An insertion-ordered map with lock-free reads: up to 16 entries in one block, more in an append-only log with an
/// extendible-hash index. Iterates in the order of insertion; a key that is removed and inserted again goes to the end, as in
/// Python's dict.
/// </summary>
/// <remarks>
/// <para>All operations are thread-safe, atomic and linearizable, those on the whole too: the map is one object whose state is
/// the list of its entries. The layout is CPython's compact dict (R. Hettinger) with the index cut into shards by extendible
/// hashing (Fagin et al., TODS 1979), read under RCU (McKenney); since growth moves no entry, only packing needs the forwarding
/// of C. Click's non-blocking table.</para>
///
/// <para><b>States.</b> The root is a small map, then a large one, for as long as entries come; <c>Clear</c> makes it small
/// again, <see cref="Compaction.Run"/> gives a new large one, <c>Delete</c> leaves 0, for ever. Whoever changes the root holds
/// the map's lock. An entry's value goes from empty to a value (insertion), from value to value (update), to <c>Removed</c>, or
/// to a forward, the address of its new place, where it stays. A shard is the index's until it is <c>Moved</c>, for ever. A
/// segment of the log is whole, then packed, perhaps several times, then gone.</para>
///
/// <para><b>Who may do what.</b> Readers: everything, at any time inside a section; they write nothing. A value is replaced by
/// compare-and-swap from anything but <c>Removed</c> and a forward, without a lock. Small map: insertions and removals hold the
/// map's lock and look at the root again when they have it; so does an update that finds a mark. Large map: insertion and removal
/// hold the lock of the shard that the key belongs to, and start over if it turns out to be Moved: so one key has at most one
/// slot, and one entry that is not Removed, in the whole index. Growth of a shard holds its lock, and inside that <c>Growing</c>
/// of the root while it touches the directory or the list of segments. What takes effect, an insertion or a removal, does so
/// under <c>Order</c> of the root, for a few stores. Lock order: map, shard, then Growing or a part of a copy, then Order; inside
/// Order other shards are only tried.</para>
///
/// <para><b>Why readers are right.</b> (1) Insertion fills the entry, then stores the slot (release); a reader that finds the
/// slot (acquire) finds a whole entry. The tail only moves on where a segment exists, and a reader loads the list of segments
/// after the slot, so it finds the segment; if the entry is not in it, or the segment is gone, it was removed. (2) Found, and the
/// value read is none or other than Removed: the value was the key's at that moment, or, through an old root, an old small map or
/// an old shard, at the moment when that was replaced, which lies within the operation, because the reader loaded it while it was
/// current. (3) Found, but Removed: the key was absent at the moment of removal or, if that lies before the operation, when the
/// slot was loaded, because reinsertion waits for the lock under which removal clears the slot; or the map was deleted, of which
/// the flag tells. (4) Not found in a shard: the slots of a probe sequence change from 0 or Deleted to an entry and from an entry
/// to Deleted; so a key that was there throughout is met. A shard that was replaced misses only what was inserted since, within
/// the operation.</para>
///
/// <para><b>Moving.</b> The block of a small map is replaced, under the lock, when it is full and for a snapshot. What replaces
/// it is made first, so that nothing can fail any more; then one value after the other is stored there and exchanged for a
/// forward where it was. A reader that finds that goes on there, where the value is already; it began while the old block was the
/// map's. A writer waits for the lock, hence for the new root. So when the last value is moved, all are there as they are at this
/// instant, which is that of a snapshot.</para>
///
/// <para><b>Packing.</b> A segment of which one entry in sixteen is left, at most, and that the tail has passed is replaced by
/// one that has a bit for each id and only these entries. Ids stay, so the index and parts of snapshots do, and so does the
/// order. Whoever removes an entry from such a segment packs it, with no lock of a shard: first all but the values is copied;
/// then, under Growing, so that nobody else packs, one value after the other is stored in the new entry and exchanged in the old
/// one for a <em>forward</em>, which is the address of the new place; at last, under Order, the new segment is put in the old
/// one's place, with as many removed entries as the old one has counted since. A reader or a writer that finds a forward goes on
/// there; the value never was in two places, so no update is lost, and nobody waits. Removals go on as well: they take effect at
/// the value, wherever it is, and count under Order in the segment that the list has. The old segment was unlinked before the new
/// one can be, so whoever may look at the one may look at the other. No value changes, so a snapshot may be going on. If there is
/// no memory, the next removal from the segment tries again.</para>
///
/// <para><b>Why writers are right.</b> A lock-free update on an entry is an update of the key for as long as the entry is not
/// Removed, wherever a forward leads to. When a root is given up, its shards, if it has any, are marked Moved, one by one under
/// their locks, packing ends, then all its values become Removed by exchange: an update that came before counts as before the
/// giving up, within which it began; one that comes after starts over from the root. Compaction copies values, and therefore
/// needs updates to stand still: see <see cref="OrderedMap.Gate"/>.</para>
///
/// <para><b>The order.</b> Under Order (in a small map, the lock) an insertion takes the next id, fills the entry, moves the tail
/// on and stores the slot; a removal makes the value Removed and counts it. So whoever has Order finds as many live entries as
/// tail and dead count say, in the order in which keys appeared to readers, and none comes or goes. <c>Count</c> does not take it
/// but looks at its version before and after: even and unchanged, there was nobody. The ends are found without it and looked for
/// again under it, with the shard locked that the entry belongs to. A root that was given up is consistent as of then: its
/// entries become Removed only after all of its shards are Moved, which keeps who has a shard's lock safe; an empty map is only
/// believed if the root is still the map's.</para>
///
/// <para><b>Snapshots.</b> At its instant, when its maker is the only writer, a snapshot of a large map is no more than the tail
/// and a list of parts, entries that lie next to each other, which have yet to be copied. Its maker copies them one by one, in
/// sections of their own. Who is about to change or remove a value below that tail copies its part first, or waits until it is
/// copied; so a part is copied as it was at the instant, and its references are taken while the map still has its own. Giving up
/// a root copies what is left, before values become Removed; compaction and the next snapshot help until nothing is left, so that
/// a maker that never comes back is in nobody's way. A writer that saw no copy was waited for by the gate.</para>
///
/// <para><b>The gate.</b> Opening it adds to the gate, waits until all sections that were open have ended
/// (<see cref="Epoch.Synchronize"/>), then takes the map's lock. Every writer reads the gate inside its section and takes the
/// map's lock if it is not 0. The wait's barrier pairs with the announcement of the writer's section: either the wait sees the
/// section, or the writer sees the gate. So whoever has the lock is the only writer, and no writer ever waits for a section to
/// end.</para>
///
/// <para><b>References.</b> The map owns one to each key and value. They are dropped by whoever unlinked them with an interlocked
/// operation: the one whose exchange took the value out, and for a key the one that made the value Removed, after the slot was
/// cleared by exchange. Readers that still compare the key are in sections that began before.</para>
/// </remarks>
public unsafe struct OrderedMap
{
    internal SharedObject Object;

    /// <summary>The sequence number of the next entry, while the map is small. Under the lock.</summary>
    internal uint NextSequence;

    /// <summary>Number of the last large root. Under the lock.</summary>
    internal uint Generation;

    // The lock, which all writers of a small map take, lies apart from what all readers read.
    internal fixed ulong Apart[5];

    /// <summary>0 once deleted; a <see cref="SmallTable"/>; or a <see cref="LargeTable"/> with the lowest bit set.</summary>
    internal nint Root;

    /// <summary>
    /// How many exclusive operations (compaction, the beginning of a snapshot) are open: while it is not 0, writers pass through
    /// the map's lock.
    /// </summary>
    internal int Gate;

    /// <summary>
    /// 1 once a key was stored that is neither text nor bytes nor in its word: see <see cref="OrderedMap.HasRareKeys"/>.
    /// </summary>
    internal int RareKeys;

    /// <summary>The number of threads that wait for changes of keys, or are about to; see <see cref="KeyWaiting"/>.</summary>
    internal int Waiters;

    /// <summary>What the table of kinds knows of maps and sets.</summary>
    internal static Structure Structure => new(&MapRoots.ReleaseContents, &MapParts.Visit, &DeleteObject);

    /// <summary>A new empty map with one reference, the caller's; null if there is no memory.</summary>
    public static OrderedMap* Create(Participant* me, PoolHeap* heap) => Create(me, heap, HeaderKind.OrderedMap);

    internal static OrderedMap* Create(Participant* me, PoolHeap* heap, HeaderKind kind)
    {
        Epoch.Enter(me);
        OrderedMap* map = null;
        if (!PoolHeap.IsDeleted(heap))
        {
            map = (OrderedMap*)Heap.AllocateObject(me, heap, (nuint)sizeof(OrderedMap));
            if (map != null && !TryBegin(me, heap, map, kind))
            {
                Heap.Free(me, map);
                map = null;
            }
        }
        Epoch.Exit(me);
        return map;
    }

    /// <summary>
    /// Makes an empty map at a place in a block of the pool that nobody else has seen; false if there is no memory.
    /// </summary>
    internal static bool TryBegin(
        Participant* me, PoolHeap* heap, OrderedMap* place, HeaderKind kind = HeaderKind.OrderedMap)
    {
        SmallTable* root = SmallTable.New(me, heap, 0, isExchange: false);
        if (root == null) return false;
        *place = new OrderedMap { Root = (nint)root };
        SharedObject.Begin((SharedObject*)place, kind);
        return true;
    }

    /// <summary>
    /// The value of a key. It can be read for as long as the caller's section lasts, and comes without a reference.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Get<TKey>(Participant* me, OrderedMap* map, in TKey key, out Value value) where TKey : struct, IMapKey
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        value = default;
        if (!PoolHeap.IsDeleted(Heap.Of(map))) status = Find(map, key, out value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Whether there is such a key.</summary>
    public static Status Contains(Participant* me, OrderedMap* map, in Probe key) => Get(me, map, key, out _);

    static Status Find<TKey>(OrderedMap* map, in TKey key, out Value value) where TKey : struct, IMapKey
    {
        Interleaving.Point();
        // Acquire, and the first pointer of the section: pairs with the exchange that published the root.
        nint root = Volatile.Read(ref map->Root);
        if (!LargeTable.IsRoot(root))
        {
            int i = root == 0 ? -1 : SmallTable.IndexOf((SmallTable*)root, key);
            if (i < 0)
            {
                value = default;
                return root == 0 ? Status.Deleted : Status.Missing;
            }
            return SmallTable.TryRead((SmallTable*)root, i, out value) ? Status.Done : Absent(map);
        }
        MapEntry* entry = ShardIndex.Find(LargeTable.OfRoot(root), key, out _);
        if (entry != null)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that stored the value, so that what it points to is filled in.
            value = MapEntry.ValueOf(entry);
            if (value != ValuePlace.Removed) return Status.Done;
        }
        value = default;
        return Absent(map);
    }

    // What a root does not have any more, and a large one does not have. Deletion gives the root up and then removes what it
    // holds, so a key may be absent because of that; the flag was stored before.
    internal static Status Absent(OrderedMap* map) =>
        SharedObject.IsDeleted((SharedObject*)map) ? Status.Deleted : Status.Missing;

    /// <summary>
    /// Counts so many waiters for changes of keys more (1, before they enter the <see cref="ParkingLot"/> and look again) or less
    /// (-1). They hold a reference to the map all the time. Not inside a section.
    /// </summary>
    public static void CountWaiters(Participant* me, OrderedMap* map, int change)
    {
        Epoch.Enter(me);
        Interleaving.Point();
        if (!PoolHeap.IsDeleted(Heap.Of(map))) WaiterAtomics.Count(ref map->Waiters, change);
        Epoch.Exit(me);
    }

    /// <summary>
    /// Whether the map has ever had a key that is neither text nor bytes nor in its word: a large integer, a tuple, an object.
    /// Who looks for keys otherwise than by <see cref="IMapKey"/> need look at such keys only if there are any. Inside a section
    /// in which the pool was not deleted.
    /// </summary>
    // Acquire: pairs with the release in NoteKey. Entries are published by interlocked operations after that, so whoever finds
    // one finds this.
    public static bool HasRareKeys(OrderedMap* map) => Volatile.Read(ref map->RareKeys) != 0;

    // Before the key is published. All write the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void NoteKey(OrderedMap* map, Value key)
    {
        bool isRare = key.IsPointer && !key.PointsTo(ValueKind.Text) && !key.PointsTo(ValueKind.Bytes);
        // Release: pairs with the acquire in HasRareKeys.
        if (isRare && map->RareKeys == 0) Volatile.Write(ref map->RareKeys, 1);
    }

    /// <summary>Number of entries at one instant. Locks nothing, unless others insert and remove all the time.</summary>
    public static Status Count(Participant* me, OrderedMap* map, out ulong count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = Status.Deleted;
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = Volatile.Read(ref map->Root);
            if (root != 0)
            {
                count = CountOf(map, root);
                status = Status.Done;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    internal static ulong CountOf(OrderedMap* map, nint root) => LargeTable.IsRoot(root)
            ? LogOrder.Count(LargeTable.OfRoot(root)) : SmallTable.CountOf((SmallTable*)root, &map->Object.Lock);

    /// <summary>Gives a key a value, new or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Set<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey =>
        TryReplace(me, map, key, value) ? Status.Done : SetSlowly(me, map, key.AsProbe, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status SetSlowly(Participant* me, OrderedMap* map, in Probe key, Value value)
    {
        Replacement change = new(value);
        return MapWriter.Apply(me, map, key, ref change, out _, out _);
    }

    /// <summary>
    /// Stores a value as <see cref="Set{TKey}"/> does, and takes over the caller's reference to it, which is dropped if the value
    /// cannot be stored. Inside a section in which the pool was not deleted.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Give<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey =>
        TryReplaceInside(me, map, key, value) ? Status.Done : GiveSlowly(me, map, key.AsProbe, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status GiveSlowly(Participant* me, OrderedMap* map, in Probe key, Value value)
    {
        Replacement change = new(value);
        Status status = MapWriter.Apply(me, map, key, ref change, out _, out _);
        Reference.Drop(me, value);
        return status;
    }

    // The most frequent change, of the value of a key that is there: what Apply does with it, without its detours. False, and
    // nothing is done, if there is anything else to it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryReplace<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey
    {
        Epoch.Enter(me);
        bool done = false;
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            Reference.Take(value);
            done = TryReplaceInside(me, map, key, value);
            if (!done) Reference.Drop(me, value);
        }
        Epoch.Exit(me);
        return done;
    }

    // If it is done, the reference to the value is the map's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryReplaceInside<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey
    {
        Interleaving.Point();
        // As in Apply, and as in ApplyOpen.
        if (Volatile.Read(ref map->Gate) != 0) return false;
        Interleaving.Point();
        nint root = Volatile.Read(ref map->Root);
        Value* place;
        LargeTable* large = null;
        if (LargeTable.IsRoot(root))
        {
            large = LargeTable.OfRoot(root);
            MapEntry* entry = ShardIndex.Find(large, key, out uint id);
            if (entry == null) return false;
            MapCopy.Preserve(large, id);
            place = &entry->Value;
        }
        else
        {
            int i = root == 0 ? -1 : SmallTable.IndexOf((SmallTable*)root, key);
            if (i < 0) return false;
            place = SmallTable.Values((SmallTable*)root) + i;
        }
        Interleaving.Point();
        Value current = CurrentIn(large, ref place);
        if (current.IsMark || current.IsForward) return false;
        Interleaving.Point();
        if (ValuePlace.Swap(place, value, current) != current) return false;
        Interleaving.Point();
        // After the swap, which is a full fence.
        if (WaiterAtomics.Any(ref map->Waiters)) KeyWaiting.Wake(map, key.Hash);
        // Dropping is the fence between the unlinking and the retiring.
        Reference.Drop(me, current);
        return true;
    }

    // A value of a small map that has moved is not to be changed before the others have moved, too.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value CurrentIn(LargeTable* large, ref Value* place) =>
        large == null ? ValuePlace.Load(place) : ValuePlace.Current(ref place);

    /// <summary>Inserts a key; <see cref="Status.Exists"/> if it is there.</summary>
    public static Status TryAdd(Participant* me, OrderedMap* map, in Probe key, Value value) =>
        GetOrAdd(me, map, key, value, out _);

    /// <summary>
    /// The value that the key has (<see cref="Status.Exists"/>), or else gets (<see cref="Status.Done"/>), in one atomic step.
    /// Without a reference.
    /// </summary>
    public static Status GetOrAdd(Participant* me, OrderedMap* map, in Probe key, Value value, out Value actual)
    {
        Insertion change = new(value);
        Status status = MapWriter.Apply(me, map, key, ref change, out actual, out _);
        if (status == Status.Done) actual = value;
        return status;
    }

    /// <summary>
    /// Removes a key. The value that it had can be read in the caller's section, and comes without a reference.
    /// </summary>
    public static Status Remove(Participant* me, OrderedMap* map, in Probe key, out Value removed)
    {
        Removal change = default;
        return MapWriter.Apply(me, map, key, ref change, out removed, out _);
    }

    /// <summary>Removes a key; the map's reference to the value that it had becomes the caller's.</summary>
    public static Status Take(Participant* me, OrderedMap* map, in Probe key, out Value taken) =>
        Take(me, map, key, default, out taken);

    /// <summary>
    /// Removes a key and gives the map's reference to its value to the caller; Refused if the guard does not accept the value.
    /// </summary>
    public static Status Take(Participant* me, OrderedMap* map, in Probe key, in ValueGuard guard, out Value taken)
    {
        GuardedRemoval change = new(guard);
        Status status = MapWriter.Apply(me, map, key, ref change, out taken, out _);
        if (status != Status.Done) taken = default;
        return status;
    }

    /// <summary>
    /// Replaces a value if it equals what is expected, as Python has it; otherwise <see cref="Status.Missing"/>, and
    /// <paramref name="actual"/> is the value, if there is one.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, OrderedMap* map, in Probe key, in Probe expected, Value desired, out Value actual)
    {
        ConditionalReplacement change = new(expected, desired);
        return MapWriter.Apply(me, map, key, ref change, out actual, out _);
    }

    /// <summary>
    /// Adds to a number, atomically; a missing key counts as 0. <see cref="Status.WrongKind"/> if one of the two is no real
    /// number, <see cref="Status.Overflow"/> if one is a float and the other an integer that is larger than all floats. Inside a
    /// section if <paramref name="delta"/> is of the pool.
    /// </summary>
    public static Status Add(Participant* me, OrderedMap* map, in Probe key, Value delta, out Value result)
    {
        AdditionFromZero change = new(delta);
        return MapWriter.Apply(me, map, key, ref change, out _, out result);
    }

    /// <summary>
    /// Gives a key a value, new or not; the map's reference to the value that it had, if it had one, becomes the caller's.
    /// </summary>
    internal static Status Exchange(Participant* me, OrderedMap* map, in Probe key, Value value, out Value old)
    {
        TakingPrevious<Replacement> change = new(new(value));
        return MapWriter.Apply(me, map, key, ref change, out old, out _);
    }

    /// <summary>
    /// Changes the value of a key, <see cref="Status.Missing"/> if there is none. If it is done, the map's reference to the old
    /// value becomes the caller's, and <paramref name="next"/> comes without one.
    /// </summary>
    internal static Status Update<TChange>(
        Participant* me, OrderedMap* map, in Probe key, ref TChange change, out Value old, out Value next)
        where TChange : struct, IValueChange
    {
        TakingPrevious<TChange> taking = new(change);
        return MapWriter.Apply(me, map, key, ref taking, out old, out next);
    }

    /// <summary>
    /// Removes a key, as <see cref="Take(Participant*, OrderedMap*, in Probe, out Value)"/>, and packs what is left if little is.
    /// </summary>
    internal static Status TakeAlone(Participant* me, OrderedMap* map, in Probe key, out Value taken)
    {
        Status status = Take(me, map, key, out taken);
        nint root = map->Root;
        if (status != Status.Done || !LargeTable.IsRoot(root) || !LargeTable.IsSparse(LargeTable.OfRoot(root))) return status;
        // There is no other writer for whom the gate would have to be opened. Without memory it stays as it is until the next
        // removal.
        ObjectLock.Enter(&map->Object.Lock);
        Compaction.Rebuild(me, map, LargeTable.OfRoot(root));
        ObjectLock.Exit(&map->Object.Lock);
        return status;
    }

    /// <summary>
    /// Removes the first entry, in one atomic step; both references become the caller's. Missing if the map is empty, Refused if
    /// the guard refuses the key or the value.
    /// </summary>
    public static Status TakeFirst(Participant* me, OrderedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        MapEnds.Take(me, map, false, guard, out key, out value);

    /// <summary>Removes the last entry, as <see cref="TakeFirst"/> the first.</summary>
    public static Status TakeLast(Participant* me, OrderedMap* map, in ValueGuard guard, out Value key, out Value value) =>
        MapEnds.Take(me, map, true, guard, out key, out value);

    /// <summary>Removes all keys, in one atomic step.</summary>
    public static Status Clear(Participant* me, OrderedMap* map)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        if (!PoolHeap.IsDeleted(heap))
        {
            SmallTable* empty = SmallTable.New(me, heap, 0, isExchange: true);
            if (empty == null) status = Status.NoMemory;
            else if (MapRoots.GiveUp(me, map, (nint)empty, null)) status = Status.Done;
            else Heap.Free(me, empty);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Deletes the map for all, at once and finally: every later operation finds <see cref="Status.Deleted"/>, and so does a
    /// second deletion. The head stays until the last reference is dropped.
    /// </summary>
    public static Status Delete(Participant* me, OrderedMap* map)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!PoolHeap.IsDeleted(Heap.Of(map)) && MapRoots.GiveUp(me, map, 0, null)) status = Status.Done;
        Epoch.Exit(me);
        return status;
    }

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (OrderedMap*)o);

    /// <summary>
    /// Ends the map: it is deleted, and the references that it holds are dropped, or go to a list of what dies.
    /// </summary>
    internal static void End(Participant* me, OrderedMap* map, Release* release) => MapRoots.GiveUp(me, map, 0, release);
}

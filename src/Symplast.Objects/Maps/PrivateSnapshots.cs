namespace Symplast.Objects;

/// <summary>
/// Snapshots in memory of the process's own: they need no room in the pool, and nobody helps to copy them. That of a small table
/// is in the pool if there is room.
/// </summary>
public static unsafe class PrivateSnapshots
{
    /// <summary>
    /// The keys as they are at one instant, each with an empty value; null, and Done, if the map has more than
    /// <paramref name="most"/> entries, or others change it too often meanwhile. Takes the lock of a small map, else none.
    /// </summary>
    /// <remarks>
    /// Keys of a large map change under the lock of the order only, whose version says whether any did while the log was read, or
    /// with the root. If neither changed, the reading is of the instant before the version was read again. A key that died since
    /// cannot be referred to any more: then the log is read again.
    /// </remarks>
    public static Status OfKeys(Participant* me, OrderedMap* map, ulong most, out MapSnapshot* snapshot)
    {
        snapshot = null;
        Status status = Status.Done;
        Epoch.Enter(me);
        for (int i = 0; i < MapSizes.MostTries && snapshot == null && status == Status.Done; i++)
        {
            PoolHeap* heap = Heap.Of(map);
            Interleaving.Point();
            // Acquire: pairs with the exchange that published the root.
            nint root = PoolHeap.IsDeleted(heap) ? 0 : Volatile.Read(ref map->Root);
            if (root == 0) status = Status.Deleted;
            else if (!LargeTable.IsRoot(root)) status = TakeSmall(me, map, heap, keysOnly: true, ref snapshot);
            else
            {
                // A hint.
                ulong tail = Volatile.Read(ref LargeTable.OfRoot(root)->Tail);
                if (tail > most) break;
                snapshot = MapSnapshot.Create(heap, tail);
                if (snapshot == null) status = Status.NoMemory;
                else if (!TryTakeKeys(map, root, (uint)tail, snapshot)) Discard(me, ref snapshot);
            }
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// All entries as they are at one instant; null, and Done, if there are more than <paramref name="most"/>. Writers wait
    /// meanwhile; readers do not. Not inside a section, and only with a reference to the map.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status OfAll(Participant* me, OrderedMap* map, ulong most, out MapSnapshot* snapshot)
    {
        MapGate.RefuseInside(me);
        while (true)
        {
            Status status = Reserve(me, map, most, out snapshot, out ulong room);
            if (status != Status.Done || snapshot == null || room == 0) return status;
            status = MapGate.Open(me, map);
            bool fits = true;
            if (status == Status.Done)
            {
                nint root = map->Root;
                if (root == 0) status = Status.Deleted;
                else
                {
                    fits = LargeTable.IsRoot(root)
                        ? LogOrder.Count(LargeTable.OfRoot(root)) <= room : (ulong)SmallTable.LiveOf((SmallTable*)root) <= room;
                    if (fits)
                    {
                        Value* items = MapSnapshot.Items(snapshot);
                        snapshot->Count = TakeAll(root, items, items + 1, 2, room);
                    }
                }
                MapGate.Close(map);
            }
            Epoch.Exit(me);
            if (status == Status.Done && fits) return status;
            Discard(me, ref snapshot);
            if (status != Status.Done) return status;
        }
    }

    // Room for all entries, and some that may come meanwhile. A small map is copied already: then there is no room left. None,
    // and no snapshot, if there are too many.
    internal static Status Reserve(Participant* me, OrderedMap* map, ulong most, out MapSnapshot* snapshot, out ulong room)
    {
        snapshot = null;
        room = 0;
        Status status = Status.Deleted;
        Epoch.Enter(me);
        PoolHeap* heap = Heap.Of(map);
        Interleaving.Point();
        // Acquire: pairs with the exchange that published the root.
        nint root = PoolHeap.IsDeleted(heap) ? 0 : Volatile.Read(ref map->Root);
        if (root != 0 && !LargeTable.IsRoot(root)) status = TakeSmall(me, map, heap, keysOnly: false, ref snapshot);
        // Without memory for it in the pool, as a large one.
        if (root != 0 && LargeTable.IsRoot(root) || status != Status.Deleted && snapshot == null)
        {
            status = Status.Done;
            ulong count = LargeTable.IsRoot(root) ? LogOrder.Count(LargeTable.OfRoot(root)) : SmallTable.Most;
            if (count <= most)
            {
                room = count + count / 8 + SmallTable.Most;
                snapshot = MapSnapshot.Create(heap, room);
                if (snapshot == null) status = Status.NoMemory;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    // A small map. Done without a snapshot if it is none any more.
    internal static Status TakeSmall(Participant* me, OrderedMap* map, PoolHeap* heap, bool keysOnly, ref MapSnapshot* snapshot)
    {
        ObjectLock.Enter(&map->Object.Lock);
        nint root = map->Root;
        bool isSmall = root != 0 && !LargeTable.IsRoot(root);
        if (isSmall) snapshot = MapSnapshots.CopySmall(me, map, heap, (SmallTable*)root, keysOnly);
        ObjectLock.Exit(&map->Object.Lock);
        return root == 0 ? Status.Deleted : isSmall && snapshot == null ? Status.NoMemory : Status.Done;
    }

    internal static bool TryTakeKeys(OrderedMap* map, nint root, uint limit, MapSnapshot* snapshot)
    {
        LargeTable* large = LargeTable.OfRoot(root);
        Interleaving.Point();
        // Acquire: pairs with the releases in SequenceLock.
        ulong version = Volatile.Read(ref large->Version);
        Interleaving.Point();
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        if ((version & 1) != 0 || tail > limit) return false;
        Value* items = MapSnapshot.Items(snapshot);
        ulong count = 0;
        for (uint id = 0; id < tail; id++)
        {
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry == null)
            {
                id = Log.GapEnd(large, id) - 1;
                continue;
            }
            Interleaving.Point();
            // Acquire: comes before the second reading of the version. The key never changes.
            if (MapEntry.ValueOf(entry) == ValuePlace.Removed) continue;
            items[2 * count] = entry->Key;
            items[2 * count++ + 1] = default;
        }
        Interleaving.Point();
        // Acquire: as above.
        if (!MapAtomics.IsUnchanged(large, version)) return false;
        Interleaving.Point();
        // Acquire: as above. Pairs with the exchange that gave up the root; only then are its entries taken out without a new
        // version.
        if (Volatile.Read(ref map->Root) != root) return false;
        for (; snapshot->Count < count; snapshot->Count++)
        {
            if (!Reference.TryTake(items[2 * snapshot->Count])) return false;
        }
        return true;
    }

    // By the only writer: the first entries, with references, and how many. Keys, and values, are so many words apart.
    internal static ulong TakeAll(nint root, Value* keys, Value* values, int stride, ulong capacity)
    {
        ulong taken = 0;
        if (LargeTable.IsRoot(root))
        {
            LargeTable* large = LargeTable.OfRoot(root);
            for (int i = 0; (ulong)i < large->Segments->Capacity; i++)
            {
                Interleaving.Point();
                nint item = Log.SegmentAt(large, i);
                if (item is 0 or SegmentList.Gone) continue;
                MapEntry* entry = Log.EntriesOf(large, item, i, large->Tail, out uint count);
                for (uint j = 0; j < count && taken < capacity; j++, entry++)
                {
                    if (entry->Value != ValuePlace.Removed) Add(entry->Key, entry->Value);
                }
            }
            return taken;
        }
        SmallTable* small = (SmallTable*)root;
        for (int i = 0; i < small->Count && taken < capacity; i++)
        {
            if (small->Tags[i] != 0) Add(SmallTable.Keys(small)[i], SmallTable.Values(small)[i]);
        }
        return taken;

        // The map's own references keep them alive.
        void Add(Value key, Value value)
        {
            Reference.Take(key);
            Reference.Take(value);
            *keys = key;
            *values = value;
            keys += stride;
            values += stride;
            taken++;
        }
    }

    internal static void Discard(Participant* me, ref MapSnapshot* snapshot)
    {
        MapSnapshot.Free(me, snapshot);
        snapshot = null;
    }
}

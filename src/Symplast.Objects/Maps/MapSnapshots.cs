namespace Symplast.Objects;

/// <summary>
/// Snapshots in the pool: a small table is copied at once; a large one part by part, while others write (<see cref="MapCopy"/>).
/// </summary>
public static unsafe class MapSnapshots
{
    /// <summary>
    /// A copy of all entries as they are at one instant. Others go on meanwhile: a writer waits for the copying of 256 entries at
    /// most. Not inside a section, and only with a reference to the map.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status Take(Participant* me, OrderedMap* map, out MapSnapshot* snapshot)
    {
        Status status = Begin(me, map, out snapshot, out MapCopy* copy);
        return copy == null ? status : FinishCopy(me, map, copy, out snapshot);
    }

    /// <summary>
    /// Begins a snapshot of all entries as they are at one instant. A small map is copied at once. A large map is copied in
    /// parts, each when it is read (<see cref="ReadPart"/>) or when a writer is about to change it. The copy belongs to the
    /// caller, who ends it (<see cref="End"/>). Whoever wants another snapshot first completes the copy that is under way.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section.</exception>
    public static Status Begin(Participant* me, OrderedMap* map, out MapSnapshot* snapshot, out MapCopy* copy)
    {
        MapGate.RefuseInside(me);
        int spare = MapSizes.SpareSegments;
        for (int tries = 1; ; tries++)
        {
            Status status = Prepare(me, map, spare, out snapshot, out copy);
            if (copy == null) return status;
            MapCopy* prepared = copy;
            copy = null;
            if (!HelpCopying(me, map)) return Status.Deleted;
            status = MapGate.Open(me, map);
            if (status == Status.Done)
            {
                // A map that others compact or clear again and again has another root each time. In the end writers wait while
                // the copy is prepared.
                if (tries > MapSizes.MostTries && !MapCopy.IsOf(prepared, map->Root) && LargeTable.IsRoot(map->Root))
                {
                    MapCopy.Free(me, prepared);
                    prepared = MapCopy.New(me, Heap.Of(map), LargeTable.OfRoot(map->Root), spare);
                    if (prepared == null) status = Status.NoMemory;
                }
                if (status == Status.Done)
                {
                    if (TryBegin(map, prepared)) copy = prepared;
                    else if (MapCopy.IsOf(prepared, map->Root) && LargeTable.OfRoot(map->Root)->Tail > prepared->Limit)
                        spare = 2 * spare + 1;
                }
                MapGate.Close(map);
                if (copy == null && prepared != null) MapCopy.Free(me, prepared);
            }
            Epoch.Exit(me);
            if (copy != null || status != Status.Done) return status;
        }
    }

    /// <summary>
    /// The entries of one part, key and value in turn, as they were at the instant of the snapshot. Inside a section in which the
    /// pool was not deleted, and only before the snapshot is ended; it stays until then.
    /// </summary>
    public static Value* ReadPart(MapCopy* copy, uint number, out uint count)
    {
        MapCopy.CopyPart(copy, number);
        // As CopyPart has read it.
        count = MapCopy.Part(copy, number)->Copied - 1;
        return MapCopy.Items(copy, number, MapSizes.PartBits);
    }

    /// <summary>
    /// Ends a snapshot of which nothing will be read any more; what was not copied is not. Only with a reference to the map,
    /// unless its pool was deleted.
    /// </summary>
    public static void End(Participant* me, OrderedMap* map, MapCopy* copy)
    {
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(map)))
        {
            // After that nobody copies anything, and so nobody is at the target.
            for (uint i = 0; i < copy->Parts; i++) MapCopy.PassOver(copy, i);
            for (uint i = 0; i < copy->Parts; i++)
            {
                Value* items = ReadPart(copy, i, out uint count);
                for (uint j = 0; j < 2 * count; j++) Reference.Drop(me, items[j]);
            }
            Heap.Free(me, copy->Target);
            EndCopy(me, map, copy);
        }
        Epoch.Exit(me);
    }

    // A small map is copied at once. For a large one, what is needed to begin a copy. Neither if there is no memory, or no map.
    internal static Status Prepare(Participant* me, OrderedMap* map, int spare, out MapSnapshot* snapshot, out MapCopy* copy)
    {
        snapshot = null;
        copy = null;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        PoolHeap* heap = Heap.Of(map);
        if (!PoolHeap.IsDeleted(heap))
        {
            ObjectLock.Enter(&map->Object.Lock);
            nint root = map->Root;
            if (root != 0 && !LargeTable.IsRoot(root)) snapshot = CopySmall(me, map, heap, (SmallTable*)root, keysOnly: false);
            ObjectLock.Exit(&map->Object.Lock);
            if (LargeTable.IsRoot(root)) copy = MapCopy.New(me, heap, LargeTable.OfRoot(root), spare);
            if (root != 0) status = snapshot != null || copy != null ? Status.Done : Status.NoMemory;
        }
        Epoch.Exit(me);
        return status;
    }

    // Under the lock, under which keys change. Values change without it: so the block is replaced by one that has all of them at
    // one instant, and that nobody else can change before it is the root. A set's are all true.
    internal static MapSnapshot* CopySmall(Participant* me, OrderedMap* map, PoolHeap* heap, SmallTable* small, bool keysOnly)
    {
        int live = SmallTable.LiveOf(small);
        // The pool's allocator is the faster one.
        MapSnapshot* snapshot =
            (MapSnapshot*)Heap.Allocate(me, heap, (nuint)sizeof(MapSnapshot) + (nuint)live * 2 * (nuint)sizeof(Value));
        if (snapshot != null) *snapshot = default;
        else if ((snapshot = MapSnapshot.Create(heap, (ulong)live)) == null) return null;
        bool isFrozen = live != 0 && !keysOnly && map->Object.Head.Kind != HeaderKind.Set;
        SmallTable* copy =
            isFrozen ? SmallTable.Copy(me, heap, small, small->Capacity, isExchange: true) : small;
        if (copy == null)
        {
            MapSnapshot.Free(me, snapshot);
            return null;
        }
        if (isFrozen) SmallTable.MoveValues(small, (nint)copy);
        Value* items = MapSnapshot.Items(snapshot);
        for (int i = 0; i < copy->Count; i++)
        {
            if (copy->Tags[i] == 0) continue;
            items[2 * snapshot->Count] = SmallTable.Keys(copy)[i];
            items[2 * snapshot->Count++ + 1] = keysOnly ? default : SmallTable.Values(copy)[i];
        }
        // The map's own references keep them alive until here.
        for (ulong i = 0; i < 2 * snapshot->Count; i++) Reference.Take(items[i]);
        if (isFrozen) MapRoots.Publish(me, map, small, (nint)copy);
        return snapshot;
    }

    // The instant of the snapshot. By the only writer; false if the copy does not fit what the map has become.
    internal static bool TryBegin(OrderedMap* map, MapCopy* copy)
    {
        LargeTable* large = LargeTable.OfRoot(map->Root);
        if (!MapCopy.IsOf(copy, map->Root) || large->Tail > copy->Limit || !MapCopy.IsComplete(large->Copy)) return false;
        copy->Count = large->Tail - large->Dead;
        copy->Tail = large->Tail;
        Interleaving.Point();
        // Full fence: pairs with the acquire in MapAtomics.LoadCopy. If another copy was there, all of its parts are copied.
        Interlocked.Exchange(ref *(nint*)&large->Copy, (nint)copy);
        return true;
    }

    // Completes the snapshot that another thread is making, if any, in sections of one part each. Not inside a section. False:
    // the pool was deleted.
    internal static bool HelpCopying(Participant* me, OrderedMap* map)
    {
        for (uint i = 0; ; i++)
        {
            Epoch.Enter(me);
            bool isDeleted = PoolHeap.IsDeleted(Heap.Of(map));
            Interleaving.Point();
            nint root = isDeleted ? 0 : Volatile.Read(ref map->Root);
            MapCopy* copy = LargeTable.IsRoot(root) ? (MapCopy*)Volatile.Read(ref *(nint*)&LargeTable.OfRoot(root)->Copy) : null;
            bool isDone = MapCopy.IsComplete(copy);
            // Another copy than before has other parts; then those that were passed over are found in the next round.
            if (!isDone) MapCopy.CopyPart(copy, i % copy->Parts);
            Epoch.Exit(me);
            if (isDone) return !isDeleted;
        }
    }

    // A section for each part. The entries come to lie next to each other: what is moved to has been copied from.
    internal static Status FinishCopy(Participant* me, OrderedMap* map, MapCopy* copy, out MapSnapshot* snapshot)
    {
        snapshot = null;
        ulong count = 0;
        for (uint i = 0; ; i++)
        {
            Epoch.Enter(me);
            bool isDeleted = PoolHeap.IsDeleted(Heap.Of(map));
            bool isLast = !isDeleted && i == copy->Parts;
            if (isLast)
            {
                snapshot = copy->Target;
                snapshot->Count = count;
                EndCopy(me, map, copy);
            }
            else if (!isDeleted)
            {
                MapCopy.CopyPart(copy, i);
                int each = (int)MapCopy.Part(copy, i)->Copied - 1;
                new Span<Value>(MapCopy.Items(copy, i, MapSizes.PartBits), 2 * each).CopyTo(
                    new Span<Value>(MapSnapshot.Items(copy->Target) + 2 * count, 2 * each));
                count += (ulong)each;
            }
            Epoch.Exit(me);
            if (isDeleted) return Status.Deleted;
            if (isLast) return Status.Done;
        }
    }

    internal static void EndCopy(Participant* me, OrderedMap* map, MapCopy* copy)
    {
        // The root changes under the lock, so it stays meanwhile.
        ObjectLock.Enter(&map->Object.Lock);
        nint root = map->Root;
        if (LargeTable.IsRoot(root))
        {
            Interleaving.Point();
            // Full fence: unlinks the copy before it is retired, unless the next one has taken its place. In a root that was
            // given up it stays; whoever still finds it there is in a section that began before.
            Interlocked.CompareExchange(ref *(nint*)&LargeTable.OfRoot(root)->Copy, 0, (nint)copy);
        }
        ObjectLock.Exit(&map->Object.Lock);
        Heap.Retire(me, copy);
    }
}

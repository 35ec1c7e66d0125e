namespace Symplast.Objects;

// Operations that change one entry.
public unsafe partial struct SortedMap
{
    /// <summary>Stores a value under a key, whether there was one or not.</summary>
    public static Status Set(Participant* me, SortedMap* map, in Probe key, Value value) =>
        Write(me, map, key, new Store(value), out _);

    /// <summary>Stores a value under a key that is not there; <see cref="Status.Exists"/> if it is.</summary>
    public static Status TryAdd(Participant* me, SortedMap* map, in Probe key, Value value) =>
        GetOrAdd(me, map, key, value, out _);

    /// <summary>
    /// Stores a value under a key that is not there, and gives what is there then: Done if that is <paramref name="value"/>, else
    /// <see cref="Status.Exists"/>. What it gives can be read for as long as the caller's section lasts.
    /// </summary>
    public static Status GetOrAdd(Participant* me, SortedMap* map, in Probe key, Value value, out Value present)
    {
        Status status = Get(me, map, key, out present);
        if (status != Status.Missing) return status == Status.Done ? Status.Exists : status;
        status = Write(me, map, key, new Insertion(value), out present);
        if (status == Status.Done) present = value;
        return status;
    }

    /// <summary>Removes a key and gives its value, which can be read for as long as the caller's section lasts.</summary>
    public static Status Remove(Participant* me, SortedMap* map, in Probe key, out Value removed) =>
        Write(me, map, key, default(Removal), out removed);

    /// <summary>Removes a key and gives its value, whose reference becomes the caller's.</summary>
    public static Status Take(Participant* me, SortedMap* map, in Probe key, out Value taken) =>
        Take(me, map, key, default, out taken);

    /// <summary>The same, unless the guard refuses the value.</summary>
    public static Status Take(Participant* me, SortedMap* map, in Probe key, in ValueGuard guard, out Value taken)
    {
        Status status = Write(me, map, key, new Taking(guard), out taken);
        if (status != Status.Done) taken = default;
        return status;
    }

    /// <summary>
    /// Removes a key if its value equals an expected one; else Missing, and <paramref name="present"/> is its value, or empty if
    /// there is none.
    /// </summary>
    public static Status Remove(Participant* me, SortedMap* map, in Probe key, in Probe expected, out Value present) =>
        Write(me, map, key, new ConditionalRemoval(expected), out present);

    /// <summary>
    /// Replaces a value if it equals an expected one; else Missing, and <paramref name="present"/> is the value, or empty if
    /// there is no such key.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, SortedMap* map, in Probe key, in Probe expected, Value value, out Value present) =>
        Write(me, map, key, new Exchange(expected, value), out present);

    /// <summary>
    /// Adds to a number, which counts as 0 if there is none, and gives the sum, which can be read for as long as the caller's
    /// section lasts.
    /// </summary>
    public static Status Add(Participant* me, SortedMap* map, in Probe key, Value delta, out Value sum)
    {
        // The sum that was stored is written through a pointer, since a change is a value that is passed on.
        Value stored = default;
        Status status = Write(me, map, key, new Addition(delta, &stored), out _);
        sum = stored;
        return status;
    }

    /// <summary>The same for any integer of 64 bits.</summary>
    public static Status Add(Participant* me, SortedMap* map, in Probe key, long delta, out Value sum)
    {
        Epoch.Enter(me);
        sum = default;
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            Value number = Sum.OfInteger(me, Heap.Of(map), delta);
            status = number.IsEmpty ? Status.NoMemory : Add(me, map, key, number, out sum);
            Reference.Drop(me, number);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>What becomes of an entry.</summary>
    enum Turn
    {
        Nothing,
        Store,
        Remove,
    }

    /// <summary>Decides about an entry, under its leaf's lock.</summary>
    interface IChange
    {
        /// <summary>Whether it may store where there is nothing.</summary>
        static abstract bool Inserts { get; }

        /// <summary>Whether the reference to a value that it removes becomes the caller's.</summary>
        static virtual bool Takes => false;

        /// <summary>
        /// <paramref name="present"/> is empty if there is no such key; <paramref name="next"/>, if it is to be stored, comes
        /// with a reference.
        /// </summary>
        Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status);
    }

    readonly struct Store(Value value) : IChange
    {
        public static bool Inserts => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            Reference.Take(value);
            next = value;
            status = Status.Done;
            return Turn.Store;
        }
    }

    readonly struct Insertion(Value value) : IChange
    {
        public static bool Inserts => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = value;
            status = Status.Exists;
            if (!present.IsEmpty) return Turn.Nothing;
            Reference.Take(value);
            status = Status.Done;
            return Turn.Store;
        }
    }

    readonly struct Removal : IChange
    {
        public static bool Inserts => false;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = default;
            status = present.IsEmpty ? Status.Missing : Status.Done;
            return present.IsEmpty ? Turn.Nothing : Turn.Remove;
        }
    }

    readonly struct Taking(ValueGuard guard) : IChange
    {
        public static bool Inserts => false;

        public static bool Takes => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            Turn turn = default(Removal).Decide(me, heap, present, out next, out status);
            if (turn == Turn.Nothing || guard.Accepts(present)) return turn;
            status = Status.Refused;
            return Turn.Nothing;
        }
    }

    readonly struct ConditionalRemoval(Probe expected) : IChange
    {
        public static bool Inserts => false;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = default;
            bool matches = !present.IsEmpty && expected.Matches(present);
            status = matches ? Status.Done : Status.Missing;
            return matches ? Turn.Remove : Turn.Nothing;
        }
    }

    readonly struct Exchange(Probe expected, Value value) : IChange
    {
        public static bool Inserts => false;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = value;
            status = Status.Missing;
            if (present.IsEmpty || !expected.Matches(present)) return Turn.Nothing;
            Reference.Take(value);
            status = Status.Done;
            return Turn.Store;
        }
    }

    readonly struct Addition(Value delta, Value* sum) : IChange
    {
        public static bool Inserts => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            status = Sum.Of(me, heap, present.IsEmpty ? Value.OfInt(0) : present, delta, out next);
            if (status != Status.Done) return Turn.Nothing;
            *sum = next;
            return Turn.Store;
        }
    }

    static Status Write<TChange>(Participant* me, SortedMap* map, in Probe probe, in TChange change, out Value present)
        where TChange : struct, IChange
    {
        Epoch.Enter(me);
        present = default;
        OrderingClass kind = SortedKey.ClassOf(probe);
        Status status = Status.WrongKind;
        while (kind != OrderingClass.None)
        {
            if (SharedObject.IsDeleted((SharedObject*)map))
            {
                status = Status.Deleted;
                break;
            }
            // Acquire: pairs with the increment in Clear. Before the root: a leaf of a later tree comes with another era, at the
            // latest under the order.
            ulong era = Volatile.Read(ref map->Era);
            SortedLeaf* leaf = LeafOf(map, probe);
            if (!TryLock(leaf)) continue;
            if (leaf->Node.Class != kind)
            {
                bool isEmpty = LeafOrder.Count(leaf->Node.Order) == 0;
                Unlock(leaf);
                status = !isEmpty ? Status.WrongKind : !TChange.Inserts ? Status.Missing : Adopt(me, map, probe);
            }
            else
            {
                Attempt attempt = TryWrite(me, map, leaf, era, probe, change, out present, out status);
                if (attempt == Attempt.Cleared) continue;
                if (attempt == Attempt.Ended) break;
                status = Split(me, map, new SortedKey(probe), 0);
            }
            if (status != Status.Done) break;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>How an attempt to write into a leaf ends.</summary>
    enum Attempt
    {
        /// <summary>With a status.</summary>
        Ended,

        /// <summary>The leaf has no room.</summary>
        Full,

        /// <summary>The leaf is not of this tree any more.</summary>
        Cleared,
    }

    // Unlocks the leaf.
    static Attempt TryWrite<TChange>(
        Participant* me, SortedMap* map, SortedLeaf* leaf, ulong era, in Probe probe, in TChange change, out Value present,
            out Status status)
        where TChange : struct, IChange
    {
        ulong order = leaf->Node.Order;
        int place = PlaceOf(leaf, order, probe);
        present = place < 0 ? default : new Value(SortedLeaf.Value(leaf, place));
        status = Status.Done;
        if (place < 0 && TChange.Inserts && LeafOrder.Filled(order) >= TreeSizes.LeafCapacity)
        {
            Unlock(leaf);
            return Attempt.Full;
        }
        bool isCurrent = true;
        switch (change.Decide(me, Heap.Of(map), present, out Value next, out status))
        {
            case Turn.Store when place >= 0:
                Interleaving.Point();
                // Release: pairs with the acquires in Find and Nearest.
                Volatile.Write(ref SortedLeaf.Value(leaf, place), next.Bits);
                Unlock(leaf);
                Reference.Drop(me, present);
                break;
            case Turn.Store:
                status = Insert(me, map, leaf, era, probe, next, out isCurrent);
                Unlock(leaf);
                if (status != Status.Done || !isCurrent) Reference.Drop(me, next);
                break;
            case Turn.Remove:
                Value stored = new(SortedLeaf.Key(leaf, place));
                order = LeafOrder.Removed(order, LeafOrder.PositionOf(order, place));
                isCurrent = TryEnterOrder(map, era);
                if (isCurrent)
                {
                    Interleaving.Point();
                    // Release; dropping what was there is a full fence.
                    Volatile.Write(ref leaf->Node.Order, order);
                    ExitOrder(map, -1);
                }
                Unlock(leaf);
                if (!isCurrent) break;
                Reference.Drop(me, stored);
                if (!TChange.Takes) Reference.Drop(me, present);
                if (LeafOrder.Count(order) < LeastEntries) Merge(me, map, new SortedKey(probe), Toward.Key, 0);
                break;
            default:
                Unlock(leaf);
                break;
        }
        if (isCurrent) return Attempt.Ended;
        present = default;
        return Attempt.Cleared;
    }

    // The leaf is not of this tree any more if isCurrent is false: nothing has happened then.
    static Status Insert(
        Participant* me, SortedMap* map, SortedLeaf* leaf, ulong era, in Probe probe, Value value, out bool isCurrent)
    {
        isCurrent = true;
        SortedKey sought = new(probe);
        Value key = probe.ToValue(me, Heap.Of(map));
        if (key.IsEmpty) return Status.NoMemory;
        ulong order = leaf->Node.Order;
        int place = LeafOrder.Filled(order);
        Search(leaf, order, sought, out int position);
        bool isTuple = sought.Class == OrderingClass.Tuple;
        if (isTuple && !HasOrderInside(leaf, order, position, key))
        {
            Reference.Drop(me, key);
            return Status.WrongKind;
        }
        TreeAtomics.BeginFilling(leaf, LeafOrder.Inserted(order, position));
        leaf->Tags[place] = SortedKey.TagOf(probe);
        leaf->Digests[place] = sought.DigestIn(&leaf->Node);
        SortedLeaf.Key(leaf, place) = key.Bits;
        SortedLeaf.Value(leaf, place) = value.Bits;
        isCurrent = TryEnterOrder(map, era);
        if (!isCurrent)
        {
            // Nobody has seen the place.
            Reference.Drop(me, key);
            return Status.Done;
        }
        if (isTuple && !HasOrderOutside(map, leaf, order, position, key))
        {
            ExitOrder(map, 0);
            Reference.Drop(me, key);
            return Status.WrongKind;
        }
        Interleaving.Point();
        // Release: pairs with the acquires in Find and Nearest; the place is filled.
        Volatile.Write(ref leaf->Node.Order, LeafOrder.Inserted(order, position));
        ExitOrder(map, 1);
        return Status.Done;
    }

    /// <summary>Makes an empty map's root one for keys of another class. WrongKind if the map is not empty.</summary>
    static Status Adopt(Participant* me, SortedMap* map, in Probe probe)
    {
        SortedKey key = new(probe);
        while (true)
        {
            if (SharedObject.IsDeleted((SharedObject*)map)) return Status.Deleted;
            SortedLeaf* leaf = LeafOf(map, probe);
            if (!TryLock(leaf)) continue;
            if (leaf->Node.Class == key.Class || LeafOrder.Count(leaf->Node.Order) != 0)
            {
                Status other = leaf->Node.Class == key.Class ? Status.Done : Status.WrongKind;
                Unlock(leaf);
                return other;
            }
            if (!TryLockAbove(map, null, 0, &leaf->Node))
            {
                // An empty leaf among others, which somebody is about to merge, or had no memory for.
                Unlock(leaf);
                Status status = Merge(me, map, key, Toward.Key, 0);
                if (status != Status.Done) return status;
                continue;
            }
            SortedLeaf* root = NewLeaf(me, Heap.Of(map), key.Class, default, 0, default);
            if (root != null)
            {
                Hang(map, null, 0, &root->Node);
                Kill(&leaf->Node);
                Unlock(root);
            }
            UnlockAbove(map, null);
            Unlock(leaf);
            if (root == null) return Status.NoMemory;
            Heap.Retire(me, leaf);
            return Status.Done;
        }
    }
}

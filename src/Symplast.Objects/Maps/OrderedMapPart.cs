namespace Symplast.Objects;

// A map that is a part of another object: all its writers hold that one's lock. What they unlink they get back, because what dies
// with it may have locks of its own. All inside a section in which the pool was not deleted.
public unsafe partial struct OrderedMap
{
    /// <summary>
    /// Makes an empty map at a place in a block of the pool that nobody else has seen; false if there is no memory.
    /// </summary>
    internal static bool TryBegin(Participant* me, PoolHeap* heap, OrderedMap* place)
    {
        SmallMap* root = NewSmall(me, heap, 0, 0, isExchange: false);
        if (root == null) return false;
        *place = new OrderedMap { Root = (nint)root };
        SharedObject.Begin((SharedObject*)place, HeaderKind.OrderedMap);
        return true;
    }

    /// <summary>
    /// Gives a key a value, new or not; the map's reference to the value that it had, if it had one, becomes the caller's.
    /// </summary>
    internal static Status Exchange(Participant* me, OrderedMap* map, in Probe key, Value value, out Value old)
    {
        Replacing change = new() { Value = value };
        Status status = Apply(me, map, key, ref change, out Value current);
        old = status == Status.Done && change.IsReplaced ? current : default;
        return status;
    }

    /// <summary>
    /// Changes the value of a key, <see cref="Status.Missing"/> if there is none. If it is done, the map's reference to the old
    /// value becomes the caller's, and <paramref name="next"/> comes without one.
    /// </summary>
    internal static Status Update<TUpdate>(
        Participant* me, OrderedMap* map, in Probe key, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        Updating<TUpdate> change = new() { Update = update };
        Status status = Apply(me, map, key, ref change, out old);
        next = change.Next;
        return status;
    }

    /// <summary>
    /// Removes a key, as <see cref="Take(Participant*, OrderedMap*, in Probe, out Value)"/>, and packs what is left if little is.
    /// </summary>
    internal static Status TakeAlone(Participant* me, OrderedMap* map, in Probe key, out Value taken)
    {
        Status status = Take(me, map, key, out taken);
        nint root = map->Root;
        if (status != Status.Done || !OrderedMap.IsLarge(root) || !IsSparse(OrderedMap.Large(root))) return status;
        // There is no other writer for whom the gate would have to be opened. Without memory it stays as it is until the next
        // removal.
        ObjectLock.Enter(&map->Object.Lock);
        Rebuild(me, map, OrderedMap.Large(root));
        ObjectLock.Exit(&map->Object.Lock);
        return status;
    }

    /// <summary>
    /// Ends the map: it is deleted, and the references that it holds are dropped, or go to a list of what dies.
    /// </summary>
    internal static void End(Participant* me, OrderedMap* map, Release* release) => GiveUpRoot(me, map, 0, release);

    struct Replacing : IMapChange
    {
        internal Value Value;
        internal bool IsReplaced;

        public static bool Inserts => true;

        public static bool TakesCurrent => true;

        public readonly Status Status => Status.Done;

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            IsReplaced = true;
            return Store(out desired);
        }

        public MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired)
        {
            IsReplaced = false;
            return Store(out desired);
        }

        readonly MapDecision Store(out Value desired)
        {
            Reference.Take(Value);
            desired = Value;
            return MapDecision.Store;
        }
    }

    struct Updating<TUpdate> : IMapChange where TUpdate : struct, IUpdate
    {
        internal TUpdate Update;
        internal Value Next;

        public static bool Inserts => false;

        public static bool TakesCurrent => true;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            Status = Update.Next(me, heap, current, out desired);
            Next = desired;
            return Status == Status.Done ? MapDecision.Store : MapDecision.Leave;
        }

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
            throw new InvalidOperationException();
    }
}

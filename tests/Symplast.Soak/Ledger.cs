namespace Symplast.Soak;

/// <summary>
/// Operations on the ordered and the sorted map and the vector of an arena, whose results are checked. Outside sections; the
/// caller holds a pin, so the pool may be deleted at any time.
/// </summary>
/// <remarks>
/// The accounts are always there, in the order in which they were opened or in the order of their keys, and transfers take first
/// and give then: what any snapshot finds is at most what was deposited, and less by no more than is on its way.
/// </remarks>
internal static unsafe class Ledger
{
    const int MostKeys = 4096;
    const int LongestVector = 500;

    internal static void UseMap(Participant* me, Arena arena, int seat, Dice dice)
    {
        OrderedMap* map = arena.Map;
        switch (dice.Next(200))
        {
            case 0:
                Check(arena, Compaction.Run(me, map), "compaction");
                return;
            case 1 or 2:
                Snapshot(me, arena);
                SnapshotInParts(me, arena, dice.OneIn(4));
                return;
            case < 6:
                SnapshotInParts(me, arena, onlyHalf: false);
                return;
            case < 100:
                int amount = dice.Next(Arena.MostTransfer) + 1;
                if (!Check(arena, Maps.Add(me, map, Names.Of(dice.Next(Arena.Accounts)), Value.OfInt(-amount), out _),
                    "taking from an account")) return;
                Check(arena, Maps.Add(me, map, Names.Of(dice.Next(Arena.Accounts)), Value.OfInt(amount), out _),
                    "giving to an account");
                return;
        }
        long number = dice.Next(MostKeys);
        Probe key = Probe.Of(Value.OfInt(number));
        Status status;
        switch (dice.Next(8))
        {
            case < 3:
                Epoch.Enter(me);
                status = Status.Deleted;
                if (!PoolHeap.IsDeleted(arena.Heap))
                {
                    Value value = Maker.Tuple(me, arena.Heap, Value.OfInt(number), Maker.BigInt(me, arena.Heap, number));
                    status = Maps.TryAdd(me, map, key, value);
                    Reference.Drop(me, value);
                }
                Epoch.Exit(me);
                if (status == Status.Done) arena.Seats[seat].MapKeys++;
                Check(arena, status, "adding a key", Status.Exists);
                return;
            case < 6:
                status = Maps.Remove(me, map, key, out _);
                if (status == Status.Done) arena.Seats[seat].MapKeys--;
                Check(arena, status, "removing a key", Status.Missing);
                return;
            default:
                Epoch.Enter(me);
                status = Maps.Get(me, map, key, out Value found);
                if (status == Status.Done) CheckPair(Value.OfInt(number), found);
                Epoch.Exit(me);
                Check(arena, status, "getting a key", Status.Missing);
                return;
        }
    }

    internal static void UseSorted(Participant* me, Arena arena, int seat, Dice dice)
    {
        SortedMap* map = arena.Sorted;
        long number = dice.Next(MostKeys);
        Probe key = Probe.Of(Value.OfInt(number));
        Status status;
        switch (dice.Next(200))
        {
            case < 2:
                SortedSnapshot(me, arena, onlyKeys: false);
                return;
            case < 6:
                SortedSnapshot(me, arena, onlyKeys: true);
                return;
            case < 100:
                int amount = dice.Next(Arena.MostTransfer) + 1;
                if (!Check(arena, SortedMaps.Add(me, map, Account(dice), Value.OfInt(-amount), out _),
                    "taking from a sorted account")) return;
                Check(arena, SortedMaps.Add(me, map, Account(dice), Value.OfInt(amount), out _), "giving to a sorted account");
                return;
            case < 120:
                status = SortedMaps.Floor(me, map, key, out Value floor, out _);
                if (Check(arena, status, "looking for a floor"))
                    Verdict.Check(
                        floor.Int <= number
                        && floor.Int >= number / Arena.Step * Arena.Step, $"the floor of {number} is {floor.Int}");
                return;
        }
        if (number % Arena.Step == 0) return;
        if (dice.OneIn(2))
        {
            status = SortedMaps.GetOrAdd(me, map, key, Value.OfInt(number), out _);
            if (status == Status.Done) arena.Seats[seat].SortedKeys++;
            Check(arena, status, "adding a sorted key", Status.Exists);
            return;
        }
        Epoch.Enter(me);
        status = SortedMaps.Remove(me, map, key, out Value removed);
        if (status == Status.Done) Verdict.Check(removed.Int == number, "a removed value is its key's");
        Epoch.Exit(me);
        if (status == Status.Done) arena.Seats[seat].SortedKeys--;
        Check(arena, status, "removing a sorted key", Status.Missing);
    }

    internal static void UseVector(Participant* me, Arena arena, Dice dice)
    {
        SharedVector* vector = arena.Vector;
        switch (dice.Next(100))
        {
            case 0:
                Check(arena, Vectors.Reverse(me, vector), "reversing");
                return;
            case 1:
                ByValue order = default;
                Check(arena, Vectors.Sort(me, vector, ref order), "sorting", Status.Missing);
                return;
            case 2 or 3:
                Status status = Vectors.Snapshot(me, vector, out VectorSnapshot snapshot);
                if (Check(arena, status, "a vector's snapshot"))
                {
                    Epoch.Enter(me);
                    if (!PoolHeap.IsDeleted(arena.Heap))
                        CheckSum(arena, SumOf(snapshot.Items, snapshot.Count), "a vector's snapshot");
                    Epoch.Exit(me);
                    snapshot.Release(me);
                }
                return;
            case 4 or 5:
                if (Vectors.Count(me, vector, out long count) == Status.Done && count < LongestVector)
                    Check(arena, Vectors.InsertNear(me, vector, dice.Next((int)count), Value.OfInt(0)), "inserting");
                return;
            default:
                int amount = dice.Next(Arena.MostTransfer) + 1;
                if (!Check(arena, Vectors.Add(me, vector, dice.Next(Arena.Accounts), Value.OfInt(-amount), out _),
                    "taking from an element")) return;
                Check(arena, Vectors.Add(me, vector, dice.Next(Arena.Accounts), Value.OfInt(amount), out _),
                    "giving to an element");
                return;
        }
    }

    /// <summary>True if it was done. Only a pool that is deleted may answer Deleted.</summary>
    internal static bool Check(Arena arena, Status status, string what, Status allowed = Status.Done)
    {
        if (status == Status.Done) return true;
        if (status != allowed && !(status == Status.Deleted && PoolHeap.IsDeleted(arena.Heap)))
            Verdict.Violated($"{what} gave {status}");
        return false;
    }

    internal static void CheckSum(Arena arena, long sum, string what)
    {
        const long Whole = Arena.Deposit * Arena.Accounts;
        Verdict.Check(
            sum <= Whole
            && sum >= Whole - arena.Seats.Length * Arena.MostTransfer, $"{what} has a sum that is wrong by {sum - Whole}");
    }

    internal static long SumOf(Value* values, long count)
    {
        long sum = 0;
        for (long i = 0; i < count; i++) sum += Number(values[i]);
        return sum;
    }

    internal static long Number(Value value)
    {
        Verdict.Check(Sum.Integer(value, out long number) == Status.Done, "a sum is a number");
        return number;
    }

    static Probe Account(Dice dice) => Probe.Of(Value.OfInt(dice.Next(Arena.Accounts) * Arena.Step));

    // What a key, a number or the name of an account, has as its value.
    static void CheckPair(Value key, Value value)
    {
        if (!key.IsInt) return;
        bool isRight = value.Kind == ValueKind.Tuple && TupleBlob.Items((TupleBlob*)value.Pointer)[0] == key;
        Verdict.Check(isRight, $"the value of {key} is {value}");
    }

    static void Snapshot(Participant* me, Arena arena)
    {
        if (!Check(arena, MapSnapshots.Take(me, arena.Map, out MapSnapshot* snapshot), "a map's snapshot")) return;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(arena.Heap))
        {
            HashSet<long> met = [];
            long sum = 0;
            int accounts = 0;
            for (ulong i = 0; i < snapshot->Count; i++)
            {
                Value key = MapSnapshot.Key(snapshot, i);
                Value value = MapSnapshot.Value(snapshot, i);
                CheckPair(key, value);
                if (key.IsInt) Verdict.Check(met.Add(key.Int), "a snapshot has a key once");
                else Verdict.Check(Names.NumberOf(key) == accounts++, "a snapshot has the accounts in order");
                if (!key.IsInt) sum += Number(value);
            }
            CheckSum(arena, sum, "a map's snapshot");
            Verdict.Check(accounts == Arena.Accounts, $"a snapshot has {accounts} accounts");
        }
        Epoch.Exit(me);
        MapSnapshot.Free(me, snapshot);
    }

    // The same, read as it is copied; now and then only the beginning.
    static void SnapshotInParts(Participant* me, Arena arena, bool onlyHalf)
    {
        if (!Check(arena, MapSnapshots.Begin(me, arena.Map, out MapSnapshot* small, out MapCopy* copy),
            "a map's snapshot in parts")) return;
        if (copy == null)
        {
            MapSnapshot.Free(me, small);
            return;
        }
        HashSet<long> met = [];
        long sum = 0;
        int accounts = 0;
        bool isOver = false;
        for (uint part = 0; !isOver; part++)
        {
            Epoch.Enter(me);
            bool isDeleted = PoolHeap.IsDeleted(arena.Heap);
            isOver = isDeleted || part == (onlyHalf ? copy->Parts / 2 : copy->Parts);
            Value* items = null;
            uint count = 0;
            if (!isOver) items = MapSnapshots.ReadPart(copy, part, out count);
            for (uint i = 0; i < count; i++)
            {
                Value key = items[2 * i];
                Value value = items[2 * i + 1];
                CheckPair(key, value);
                if (key.IsInt) Verdict.Check(met.Add(key.Int), "a snapshot in parts has a key once");
                else Verdict.Check(Names.NumberOf(key) == accounts++, "a snapshot in parts has the accounts in order");
                if (!key.IsInt) sum += Number(value);
            }
            if (isOver && !isDeleted && !onlyHalf)
            {
                CheckSum(arena, sum, "a map's snapshot in parts");
                Verdict.Check(accounts == Arena.Accounts, $"a snapshot in parts has {accounts} accounts");
            }
            Epoch.Exit(me);
        }
        MapSnapshots.End(me, arena.Map, copy);
    }

    // The keys alone, or all entries and the accounts' sum.
    static void SortedSnapshot(Participant* me, Arena arena, bool onlyKeys)
    {
        Status status = onlyKeys
            ? SortedMaps.SnapshotKeys(me, arena.Sorted, SortedBound.None, SortedBound.None, out MapSnapshot* snapshot)
            : SortedMaps.SnapshotEntries(me, arena.Sorted, out snapshot);
        if (!Check(arena, status, "a sorted snapshot")) return;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(arena.Heap))
        {
            int accounts = 0;
            long last = -1;
            long sum = 0;
            for (ulong i = 0; i < snapshot->Count; i++)
            {
                Value key = MapSnapshot.Key(snapshot, i);
                Value value = MapSnapshot.Value(snapshot, i);
                Verdict.Check(key.Int > last, "a sorted snapshot is in order");
                last = key.Int;
                bool isAccount = last % Arena.Step == 0;
                if (isAccount) accounts++;
                if (onlyKeys) Verdict.Check(value.IsEmpty, "a snapshot of keys has no values");
                else if (isAccount) sum += Number(value);
                else Verdict.Check(value == key, "a sorted value is its key's");
            }
            Verdict.Check(accounts == Arena.Accounts, $"a sorted snapshot has {accounts} accounts");
            if (!onlyKeys) CheckSum(arena, sum, "a sorted snapshot");
        }
        Epoch.Exit(me);
        MapSnapshot.Free(me, snapshot);
    }

    struct ByValue : IValueOrder
    {
        public readonly bool Failed => false;

        // Words only: the order need not mean anything.
        public readonly bool Precedes(Value left, Value right) => left.Bits < right.Bits;
    }
}

namespace Symplast.Soak;

/// <summary>
/// A pool with structures that all threads use: some whose results are checked, and roots of what is nested, where anything may
/// happen. What the checks need to know is kept for each thread's seat, by that thread only.
/// </summary>
internal sealed unsafe class Arena
{
    internal const int KindCount = 8;
    internal const int LeafCount = 8;

    /// <summary>Accounts, whose sum is always the same but for what is on its way.</summary>
    internal const int Accounts = 64;

    /// <summary>Just below where integers no longer fit into a word.</summary>
    internal const long Deposit = (1L << 49) - 3;

    internal const int MostTransfer = 10;

    /// <summary>Sorted keys that are always there lie so far apart.</summary>
    internal const int Step = 64;

    internal readonly Pool Pool;
    internal readonly PoolHeap* Heap;
    internal readonly Seat[] Seats;
    internal readonly Header*[] Roots = new Header*[KindCount];
    internal readonly AtomicCell*[] Leaves = new AtomicCell*[LeafCount];
    internal Shape* Shapes;
    internal OrderedMap* Map;
    internal OrderedMap* Set;
    internal SortedMap* Sorted;
    internal SharedVector* Vector;
    internal AtomicCell* Counter;
    internal AtomicCell* Cell;
    internal SharedQueue* Queue;
    internal Record* Record;

    /// <summary>What a seat's threads did, in order of time.</summary>
    internal sealed class Seat
    {
        internal long Counted;
        internal long Recorded;
        internal long MapKeys;
        internal long SetKeys;
        internal long SortedKeys;
        internal long Put;
        internal long PutSum;
        internal long Taken;
        internal long TakenSum;
        internal long[] LastTaken = [];
    }

    internal Arena(Participant* me, Pool pool, int seats, Dice dice)
    {
        Pool = pool;
        Heap = pool.LiveHeap();
        Seats = [.. Enumerable.Range(0, seats).Select(_ => new Seat { LastTaken = new long[seats] })];
        Epoch.Enter(me);
        Shapes = Trees.CreateTree(me, Heap);
        for (int i = 0; i < LeafCount; i++) Leaves[i] = NewLeaf(me, dice);
        for (int i = 0; i < KindCount; i++) Roots[i] = Maker.Structure(me, this, i);
        Map = (OrderedMap*)Maker.Structure(me, this, 0);
        Set = (OrderedMap*)Maker.Structure(me, this, 1);
        Sorted = (SortedMap*)Maker.Structure(me, this, 2);
        Vector = (SharedVector*)Maker.Structure(me, this, 3);
        Cell = (AtomicCell*)Maker.Structure(me, this, 4);
        Queue = (SharedQueue*)Maker.Structure(me, this, dice.OneIn(2) ? 5 : 7);
        Record = (Record*)Maker.Structure(me, this, 6);
        Counter = Integers.Create(me, Heap, 0);
        for (int i = 0; i < Accounts; i++) Open(me, i);
        NamedAttributes.Set(me, Record, Names.Count, Value.OfInt(0));
        Epoch.Exit(me);
    }

    AtomicCell* NewLeaf(Participant* me, Dice dice)
    {
        Value value = Maker.AnyStructure(me, this, dice);
        AtomicCell* cell = Cells.Create(me, Heap, value);
        Reference.Drop(me, value);
        return cell;
    }

    void Open(Participant* me, int account)
    {
        Value deposit = Value.OfInt(Deposit);
        Verdict.Check(Maps.TryAdd(me, Map, Names.Of(account), deposit) == Status.Done, "a new map takes an account");
        Verdict.Check(
            SortedMaps.GetOrAdd(me, Sorted, Probe.Of(Value.OfInt(account * Step)), deposit, out _) == Status.Done,
            "a new sorted map takes an account");
        Verdict.Check(Vectors.Append(me, Vector, deposit) == Status.Done, "a new vector takes an account");
    }
}

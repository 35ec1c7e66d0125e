namespace Symplast.Soak;

/// <summary>What must be true of an arena when all threads have stopped.</summary>
internal static unsafe class Audit
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Compares the structures with what the threads say they did.</summary>
    internal static void Compare(Participant* me, Arena arena)
    {
        Epoch.Enter(me);
        foreach (Header* root in Checked(arena)) Verdict.Check(Nested.IsValid(me, root), $"a {root->Kind} is valid");
        foreach (Header* root in arena.Roots) Verdict.Check(Nested.IsValid(me, root), $"a nested {root->Kind} is valid");

        Integers.Get(me, arena.Counter, out long counted);
        Same(counted, arena.Seats.Sum(seat => seat.Counted), "the sum of a cell");
        NamedAttributes.Get(me, arena.Record, Names.Count, out Value recorded);
        Same(Ledger.Number(recorded), arena.Seats.Sum(seat => seat.Recorded), "the sum of an attribute");
        Maps.Count(me, arena.Map, out ulong keys);
        Same((long)keys, Arena.Accounts + arena.Seats.Sum(seat => seat.MapKeys), "the number of a map's keys");
        Sets.Count(me, arena.Set, out ulong elements);
        Same((long)elements, arena.Seats.Sum(seat => seat.SetKeys), "the number of a set's elements");
        SortedMaps.Count(me, arena.Sorted, out long sortedKeys);
        Same(sortedKeys, Arena.Accounts + arena.Seats.Sum(seat => seat.SortedKeys), "the number of a sorted map's keys");

        long sum = 0;
        long sortedSum = 0;
        for (int i = 0; i < Arena.Accounts; i++)
        {
            Verdict.Check(Maps.Get(me, arena.Map, Names.Of(i), out Value value) == Status.Done, "an account is there");
            sum += Ledger.Number(value);
            Verdict.Check(
                SortedMaps.Get(me, arena.Sorted, Probe.Of(Value.OfInt(i * Arena.Step)), out value) == Status.Done,
                "a sorted account is there");
            sortedSum += Ledger.Number(value);
        }
        Same(sum, Arena.Deposit * Arena.Accounts, "the sum of a map");
        Same(sortedSum, Arena.Deposit * Arena.Accounts, "the sum of a sorted map");
        CompareVector(me, arena);

        Arena.Seat rest = new() { LastTaken = new long[arena.Seats.Length] };
        while (Queues.TryTake(me, arena.Queue, out Value element) == Status.Done) Traffic.Taken(rest, element);
        Same(rest.Taken + arena.Seats.Sum(seat => seat.Taken), arena.Seats.Sum(seat => seat.Put),
            "the number of elements taken from a queue");
        Same(rest.TakenSum + arena.Seats.Sum(seat => seat.TakenSum), arena.Seats.Sum(seat => seat.PutSum),
            "the sum of elements taken from a queue");
        Epoch.Exit(me);
    }

    /// <summary>Drops all references that the arena holds, and frees the shapes. Nobody else may use it.</summary>
    internal static void Drop(Participant* me, Arena arena)
    {
        Epoch.Enter(me);
        foreach (Header* root in arena.Roots) Reference.Drop(me, root);
        foreach (AtomicCell* leaf in arena.Leaves) Reference.Drop(me, (Header*)leaf);
        foreach (Header* root in Checked(arena)) Reference.Drop(me, root);
        Objects.Tests.ShapeTrees.Free(me, arena.Shapes);
        Epoch.Exit(me);
    }

    /// <summary>Collects until nothing is left; a thread that died a moment ago may still have to be noticed.</summary>
    internal static void Empty(Participant* me, PoolHeap* heap)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        HeapCount count;
        do
        {
            Heap.Collect(me, heap);
            count = HeapCount.Of(heap);
            if (count.LiveBlocks != 0 || count.LimboBlocks != 0) Thread.Sleep(1);
        }
        while ((count.LiveBlocks != 0 || count.LimboBlocks != 0) && Environment.TickCount64 < end);
        Same(count.LiveBlocks, 0, "the number of blocks that are left");
        Same(count.LimboBlocks, 0, "the number of retired blocks that are left");
        Same(Heap.LiveBlocks(heap), 0, "the number of live blocks");
        Verdict.Check(HeapInvariants.IsValid(heap), "a heap is valid");
    }

    static void CompareVector(Participant* me, Arena arena)
    {
        Vectors.Count(me, arena.Vector, out long length);
        Value[] values = new Value[length];
        fixed (Value* first = values)
        {
            Vectors.Read(me, arena.Vector, 0, first, values.Length, out int read);
            Same(read, length, "the number of elements read");
            Same(Ledger.SumOf(first, read), Arena.Deposit * Arena.Accounts, "the sum of a vector");
        }
    }

    static void Same(long found, long expected, string what) =>
        Verdict.Check(found == expected, $"{what}: {found}, expected {expected}");

    static Header*[] Checked(Arena arena) =>
    [
        (Header*)arena.Map, (Header*)arena.Set, (Header*)arena.Sorted, (Header*)arena.Vector, (Header*)arena.Counter,
            (Header*)arena.Cell, (Header*)arena.Queue,
        (Header*)arena.Record,
    ];
}

namespace Symplast.Soak;

/// <summary>
/// Operations on the cells, the queue, the set and the record of an arena, whose results are checked. Outside sections; the
/// caller holds a pin.
/// </summary>
internal static unsafe class Traffic
{
    const int MostElements = 512;
    const long Millisecond = 1_000_000;

    // An element of a queue: who put it, and which of his it is. Small enough for a word.
    const int NumberBits = 40;

    internal static void UseCells(Participant* me, Arena arena, int seat, Dice dice)
    {
        int delta = dice.Next(100) - 50;
        if (Ledger.Check(arena, Integers.Add(me, arena.Counter, delta, out _), "adding to a cell"))
            arena.Seats[seat].Counted += delta;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(arena.Heap))
        {
            Value value = Maker.Plain(me, arena.Heap, dice);
            Status status;
            if (dice.OneIn(2)) status = Cells.Set(me, arena.Cell, value);
            else
            {
                status = Cells.TakeExchange(me, arena.Cell, value, out Value old);
                if (status == Status.Done) Reference.Drop(me, old);
            }
            Reference.Drop(me, value);
            Ledger.Check(arena, status, "setting a cell");
            if (dice.OneIn(50)) ReplaceLeaf(me, arena, dice);
        }
        Epoch.Exit(me);
    }

    internal static void UseQueue(Participant* me, Arena arena, int seat, Dice dice)
    {
        Arena.Seat mine = arena.Seats[seat];
        if (dice.OneIn(2))
        {
            long element = (long)seat << NumberBits | (mine.Put + 1);
            bool waits = dice.OneIn(50);
            Value value = Value.OfInt(element);
            Status status = waits
                ? QueueWaiting.Put(me, arena.Queue, value, Millisecond, null) : Queues.TryPut(me, arena.Queue, value);
            if (Ledger.Check(arena, status, "putting", waits ? Status.TimedOut : Status.Missing))
            {
                mine.Put++;
                mine.PutSum += element;
            }
        }
        else
        {
            bool waits = dice.OneIn(50);
            Status status = waits
                ? QueueWaiting.Take(me, arena.Queue, out Value value, Millisecond, null)
                : Queues.TryTake(me, arena.Queue, out value);
            if (Ledger.Check(arena, status, "taking", waits ? Status.TimedOut : Status.Missing)) Taken(mine, value);
        }
    }

    /// <summary>Notes an element; those of one thread come in the order in which it put them.</summary>
    internal static void Taken(Arena.Seat mine, Value value)
    {
        long from = value.Int >> NumberBits;
        long number = value.Int & ((1L << NumberBits) - 1);
        Verdict.Check(
            value.IsInt && from >= 0 && from < mine.LastTaken.Length
            && number > mine.LastTaken[from], $"element {number} of {from} came late or twice");
        if (from >= 0 && from < mine.LastTaken.Length) mine.LastTaken[from] = number;
        mine.Taken++;
        mine.TakenSum += value.Int;
    }

    internal static void UseSet(Participant* me, Arena arena, int seat, Dice dice)
    {
        Arena.Seat mine = arena.Seats[seat];
        Probe element = Names.Of(dice.Next(MostElements));
        Status status;
        switch (dice.Next(20))
        {
            case 0 or 1:
                Epoch.Enter(me);
                status = dice.OneIn(2) ? Sets.TakeFirst(me, arena.Set, default, out Value taken)
                    : Maps.TakeLast(me, arena.Set, default, out taken, out _);
                if (status == Status.Done)
                {
                    // The section was opened after the pin: the pool may have gone before, but not now.
                    Verdict.Check(Names.NumberOf(taken) >= 0, "a set gives what was put into it");
                    Reference.Drop(me, taken);
                    mine.SetKeys--;
                }
                Epoch.Exit(me);
                Ledger.Check(arena, status, "taking an element", Status.Missing);
                break;
            case 2 when dice.OneIn(10):
                if (Ledger.Check(arena, MapSnapshots.Take(me, arena.Set, out MapSnapshot* snapshot), "a set's snapshot"))
                    MapSnapshot.Free(me, snapshot);
                break;
            case < 11:
                status = Sets.Remove(me, arena.Set, element);
                if (status == Status.Done) mine.SetKeys--;
                Ledger.Check(arena, status, "removing an element", Status.Missing);
                break;
            default:
                status = Sets.Add(me, arena.Set, element);
                if (status == Status.Done) mine.SetKeys++;
                Ledger.Check(arena, status, "adding an element", Status.Exists);
                break;
        }
    }

    internal static void UseRecord(Participant* me, Arena arena, int seat, Dice dice)
    {
        const int Room = 24;
        Record* record = arena.Record;
        Probe name = Names.Of(dice.Next(12));
        switch (dice.Next(12))
        {
            case < 5:
                if (Ledger.Check(
                    arena, NamedAttributes.Add(me, record, Names.Count, Value.OfInt(3), out _), "adding to an attribute"))
                    arena.Seats[seat].Recorded += 3;
                break;
            case < 8:
                Ledger.Check(arena, NamedAttributes.Set(me, record, name, Value.OfInt(seat)), "setting an attribute");
                break;
            case < 11:
                Ledger.Check(arena, NamedAttributes.Remove(me, record, name), "removing an attribute", Status.Missing);
                break;
            default:
                Value* names = stackalloc Value[Room];
                Value* values = stackalloc Value[Room];
                Epoch.Enter(me);
                Status status = NamedAttributes.TakeAll(me, record, names, values, Room, out int count);
                if (status == Status.Done)
                {
                    Verdict.Check(count is > 0 and <= 13 && Names.Count.Matches(names[0]), "the first attribute stays the first");
                    for (int i = 0; i < Math.Min(count, Room); i++)
                    {
                        Reference.Drop(me, names[i]);
                        Reference.Drop(me, values[i]);
                    }
                }
                Epoch.Exit(me);
                Ledger.Check(arena, status, "taking all attributes");
                break;
        }
    }

    static void ReplaceLeaf(Participant* me, Arena arena, Dice dice)
    {
        Value leaf = Maker.AnyStructure(me, arena, dice);
        Cells.Set(me, arena.Leaves[dice.Next(Arena.LeafCount)], leaf);
        Reference.Drop(me, leaf);
    }
}

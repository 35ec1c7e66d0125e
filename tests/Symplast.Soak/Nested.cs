namespace Symplast.Soak;

/// <summary>
/// Any operation on any structure that others use, clear and delete by hand at the same time. Only that nothing breaks and
/// nothing leaks is checked. A structure of depth n holds those of depths below.
/// </summary>
internal static unsafe class Nested
{
    const int Few = 48;

    /// <summary>
    /// One operation inside a section of its own. The structure is held, or the caller is in the section in which it was found.
    /// </summary>
    internal static void Touch(Participant* me, Arena arena, Dice dice, Header* head, int depth)
    {
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(arena.Heap))
        {
            if (depth < 2 && dice.OneIn(60)) Delete(me, head);
            else Change(me, arena, dice, head, depth);
        }
        Epoch.Exit(me);
    }

    /// <summary>
    /// What is in a structure, with a reference, if that is a structure; else null. Inside a section in which the pool was not
    /// deleted.
    /// </summary>
    internal static Header* TakeInside(Participant* me, Dice dice, Header* head)
    {
        Value value = default;
        bool taken = false;
        switch (head->Kind)
        {
            case HeaderKind.OrderedMap:
                Maps.Get(me, (OrderedMap*)head, Key(dice), out value);
                break;
            case HeaderKind.SortedMap:
                SortedMaps.Ceiling(me, (SortedMap*)head, Key(dice), out _, out value);
                break;
            case HeaderKind.Vector:
                Vectors.Get(me, (SharedVector*)head, dice.Next(Few), out value);
                break;
            case HeaderKind.Record:
                NamedAttributes.Get(me, (Record*)head, Names.Of(dice.Next(Few)), out value);
                break;
            case HeaderKind.Cell:
                Cells.TakeGet(me, (AtomicCell*)head, out value);
                taken = true;
                break;
            case HeaderKind.Queue:
                taken = Queues.TryTake(me, (SharedQueue*)head, out value) == Status.Done;
                break;
        }
        if (value.IsEmpty) return null;
        if (value.Kind == ValueKind.Tuple && !taken)
        {
            Value* items = TupleBlob.Items((TupleBlob*)value.Pointer);
            value = items[0];
        }
        if (value.Kind != ValueKind.Object)
        {
            if (taken) Reference.Drop(me, value);
            return null;
        }
        return taken || Reference.TryTake(value) ? value.Head : null;
    }

    internal static Status Delete(Participant* me, Header* head) => head->Kind switch
    {
        HeaderKind.OrderedMap or HeaderKind.Set => Maps.Delete(me, (OrderedMap*)head),
        HeaderKind.SortedMap => SortedMaps.Delete(me, (SortedMap*)head),
        HeaderKind.Vector => Vectors.Delete(me, (SharedVector*)head),
        HeaderKind.Record => Records.Delete(me, (Record*)head),
        HeaderKind.Cell => Cells.Delete(me, (AtomicCell*)head),
        _ => Queues.Delete(me, (SharedQueue*)head),
    };

    internal static bool IsValid(Participant* me, Header* head) => head->Kind switch
    {
        HeaderKind.OrderedMap or HeaderKind.Set => MapCheck.IsValid(me, (OrderedMap*)head),
        HeaderKind.SortedMap => SortedMaps.IsValid(me, (SortedMap*)head),
        HeaderKind.Vector => Vectors.IsValid((SharedVector*)head),
        HeaderKind.Record => Records.IsValid((Record*)head),
        HeaderKind.Queue => Queues.IsValid((SharedQueue*)head),
        _ => true,
    };

    internal static Probe Key(Dice dice)
    {
        int number = dice.Next(dice.OneIn(8) ? Names.Most : Few);
        return dice.OneIn(3) ? Probe.Of(Value.OfInt(number)) : Names.Of(number);
    }

    static void Change(Participant* me, Arena arena, Dice dice, Header* head, int depth)
    {
        Value value = Maker.Any(me, arena, dice, depth);
        switch (head->Kind)
        {
            case HeaderKind.OrderedMap:
                ChangeMap(me, dice, (OrderedMap*)head, value);
                break;
            case HeaderKind.Set:
                ChangeSet(me, dice, (OrderedMap*)head);
                break;
            case HeaderKind.SortedMap:
                ChangeSorted(me, dice, (SortedMap*)head, value);
                break;
            case HeaderKind.Vector:
                ChangeVector(me, dice, (SharedVector*)head, value);
                break;
            case HeaderKind.Record:
                ChangeRecord(me, dice, (Record*)head, value);
                break;
            case HeaderKind.Cell:
                Status status = Cells.TakeExchange(me, (AtomicCell*)head, value, out Value old);
                if (status == Status.Done) Reference.Drop(me, old);
                break;
            case HeaderKind.Queue:
                ChangeQueue(me, dice, (SharedQueue*)head, value);
                break;
            default:
                Verdict.Fatal($"a structure of kind {head->Kind}");
                break;
        }
        Reference.Drop(me, value);
    }

    static void ChangeMap(Participant* me, Dice dice, OrderedMap* map, Value value)
    {
        Probe key = Key(dice);
        switch (dice.Next(24))
        {
            case 0 when dice.OneIn(8):
                Maps.Clear(me, map);
                break;
            case 1:
                if (Maps.TakeFirst(me, map, default, out Value first, out Value itsValue) == Status.Done)
                    Drop(me, first, itsValue);
                break;
            case 2:
                if (Maps.TakeLast(me, map, default, out Value last, out Value lastValue) == Status.Done)
                    Drop(me, last, lastValue);
                break;
            case 3:
                if (Maps.Take(me, map, key, out Value taken) == Status.Done) Reference.Drop(me, taken);
                break;
            case 4:
                Maps.GetOrAdd(me, map, key, value, out _);
                break;
            case 5:
                Maps.Add(me, map, key, Value.OfInt(1L << 48), out _);
                break;
            case 6 or 7 or 8:
                if (Maps.Get(me, map, key, out Value seen) == Status.Done && seen.Kind != ValueKind.Object)
                    Maps.CompareExchange(me, map, key, Probe.Of(seen), value, out _);
                break;
            case 9 or 10 or 11 or 12:
                Maps.Remove(me, map, key, out _);
                break;
            default:
                Maps.Set(me, map, key, value);
                break;
        }
    }

    static void ChangeSet(Participant* me, Dice dice, OrderedMap* set)
    {
        Probe key = Key(dice);
        switch (dice.Next(16))
        {
            case 0 when dice.OneIn(8):
                Sets.Clear(me, set);
                break;
            case 1:
                if (Sets.TakeFirst(me, set, default, out Value first) == Status.Done) Reference.Drop(me, first);
                break;
            case < 8:
                Sets.Remove(me, set, key);
                break;
            default:
                Sets.Add(me, set, key);
                break;
        }
    }

    static void ChangeSorted(Participant* me, Dice dice, SortedMap* map, Value value)
    {
        // Numbers and texts do not mix: whichever comes first makes the others fail until the map is empty.
        Probe key = Key(dice);
        switch (dice.Next(24))
        {
            case 0 when dice.OneIn(4):
                SortedMaps.Clear(me, map);
                break;
            case 1:
                SortedMaps.PopMin(me, map, default, out Value least, out Value itsValue);
                Reference.Drop(me, least);
                Reference.Drop(me, itsValue);
                break;
            case 2:
                SortedMaps.PopMax(me, map, default, out Value greatest, out Value itsOwn);
                Reference.Drop(me, greatest);
                Reference.Drop(me, itsOwn);
                break;
            case 3:
                SortedMaps.GetOrAdd(me, map, key, value, out _);
                break;
            case 4:
                SortedMaps.Add(me, map, key, Value.OfInt(1L << 48), out _);
                break;
            case < 10:
                SortedMaps.Remove(me, map, key, out _);
                break;
            case 10:
                if (SortedMaps.SnapshotEntries(me, map, out MapSnapshot* entries) == Status.Done) MapSnapshot.Free(me, entries);
                break;
            default:
                SortedMaps.Set(me, map, key, value);
                break;
        }
    }

    static void ChangeVector(Participant* me, Dice dice, SharedVector* vector, Value value)
    {
        long index = dice.Next(Few);
        switch (dice.Next(20))
        {
            case 0 when dice.OneIn(4):
                Vectors.Clear(me, vector);
                break;
            case 1:
                Vectors.Reverse(me, vector);
                break;
            case 2 or 3 or 4:
                if (Vectors.TakeLast(me, vector, default, out Value last) == Status.Done) Reference.Drop(me, last);
                break;
            case 5 or 6:
                if (Vectors.TakeElement(me, vector, index, default, out Value taken) == Status.Done) Reference.Drop(me, taken);
                break;
            case 7:
                Vectors.RemoveElement(me, vector, index);
                break;
            case 8:
                Value* values = stackalloc Value[2] { value, value };
                Vectors.ReplaceSlice(me, vector, index, index + dice.Next(4), values, 2);
                break;
            case 9 or 10:
                Vectors.InsertNear(me, vector, index, value);
                break;
            case < 15:
                Vectors.Set(me, vector, index, value);
                break;
            default:
                if (Vectors.Count(me, vector, out long count) == Status.Done && count < 4 * Few)
                    Vectors.Append(me, vector, value);
                break;
        }
    }

    static void ChangeRecord(Participant* me, Dice dice, Record* record, Value value)
    {
        Probe name = Names.Of(dice.Next(dice.OneIn(4) ? Few : 8));
        switch (dice.Next(12))
        {
            case 0:
                NamedAttributes.Remove(me, record, name);
                break;
            case 1:
                if (NamedAttributes.Take(me, record, name, out Value taken) == Status.Done) Reference.Drop(me, taken);
                break;
            case 2:
                NamedAttributes.Add(me, record, name, Value.OfInt(1L << 48), out _);
                break;
            default:
                NamedAttributes.Set(me, record, name, value);
                break;
        }
    }

    static void ChangeQueue(Participant* me, Dice dice, SharedQueue* queue, Value value)
    {
        if (dice.OneIn(500)) Queues.Close(me, queue);
        else if (dice.OneIn(2)) Queues.TryPut(me, queue, value);
        else if (Queues.TryTake(me, queue, out Value taken) == Status.Done) Reference.Drop(me, taken);
    }

    static void Drop(Participant* me, Value key, Value value)
    {
        Reference.Drop(me, key);
        Reference.Drop(me, value);
    }
}

using Symplast.Memory;

namespace Symplast.Objects.Tests;

// Maps and sets.
internal abstract unsafe partial class Battery
{
    sealed class Maps<THook> : Battery where THook : struct, IInterleaving
    {
        internal override string[] Operations =>
            ["get", "count", "set", "insert", "tryadd", "getoradd", "remove", "removeif", "take", "cas", "add", "addfloat",
                "first", "last", "clear", "compact", "snapshot", "parts", "next", "previous", "give", "fill"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            OrderedMap* map = OrderedMap<THook>.Create(me, heap);
            return map == null ? 0 : Keep(me, map, Fill(i => OrderedMap<THook>.Set(me, map, Key(i), Element(i, held))));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            OrderedMap* map = (OrderedMap*)structure;
            switch (operation)
            {
                case "get": return OrderedMap<THook>.Get(me, map, Key(1), out _);
                case "count": return OrderedMap<THook>.Count(me, map, out _);
                case "set": return OrderedMap<THook>.Set(me, map, Key(1), Value.None);
                case "insert": return OrderedMap<THook>.Set(me, map, Key(40), held);
                case "tryadd": return OrderedMap<THook>.TryAdd(me, map, Key(41), held);
                case "getoradd": return OrderedMap<THook>.GetOrAdd(me, map, Key(42), held, out _);
                case "remove": return OrderedMap<THook>.Remove(me, map, Key(1), out _);
                case "removeif": return OrderedMap<THook>.Remove(me, map, Key(1), Probe.Of(held), out _);
                case "take": return Release(me, OrderedMap<THook>.Take(me, map, Key(1), out Value taken), taken);
                case "cas": return OrderedMap<THook>.CompareExchange(me, map, Key(1), Probe.Of(held), Value.None, out _);
                case "add": return OrderedMap<THook>.Add(me, map, Key(0), 1, out _);
                case "addfloat": return OrderedMap<THook>.Add(me, map, Key(43), 0.5, out _);
                case "first":
                    return Release(
                    me, OrderedMap<THook>.TakeFirst(me, map, out Value key, out Value first), key, first);
                case "last": return Release(me, OrderedMap<THook>.TakeLast(me, map, out Value name, out Value last), name, last);
                case "clear": return OrderedMap<THook>.Clear(me, map);
                case "compact": return OrderedMap<THook>.Compact(me, map);
                case "give": return Give(me, map, held);
                case "fill":
                    Epoch.Enter(me);
                    // It is not empty.
                    Status begun = OrderedMap<THook>.BeginDraft(me, map, 3, out _);
                    Epoch.Exit(me);
                    return begun;
                case "snapshot":
                    Status status = OrderedMap<THook>.Snapshot(me, map, out MapSnapshot* snapshot);
                    if (status == Status.Done) MapSnapshot.Free(me, snapshot);
                    return status;
                case "parts": return ReadFirstPart(me, map);
                default: return Walk(me, map, operation == "previous", out _);
            }
        }

        static Status ReadFirstPart(Participant* me, OrderedMap* map)
        {
            Status status = OrderedMap<THook>.BeginSnapshot(me, map, out MapSnapshot* snapshot, out MapCopy* copy);
            if (snapshot != null) MapSnapshot.Free(me, snapshot);
            if (copy == null) return status;
            Epoch.Enter(me);
            OrderedMap<THook>.ReadPart(copy, 0, out _);
            Epoch.Exit(me);
            OrderedMap<THook>.EndSnapshot(me, map, copy);
            return status;
        }

        static Status Give(Participant* me, OrderedMap* map, Value held)
        {
            Epoch.Enter(me);
            Reference.Take(held);
            Status status = OrderedMap<THook>.Give(me, map, Key(44), held);
            Epoch.Exit(me);
            return status;
        }

        internal static Status Walk(Participant* me, OrderedMap* map, bool backwards, out string shown)
        {
            shown = "";
            Value* keys = stackalloc Value[64];
            Value* values = stackalloc Value[64];
            Epoch.Enter(me);
            Status status = OrderedMap<THook>.Start(me, map, out OrderedMapCursor cursor);
            if (status == Status.Done)
            {
                status = backwards
                    ? OrderedMap<THook>.Previous(me, map, ref cursor, keys, values, 64, out int count)
                    : OrderedMap<THook>.Next(me, map, ref cursor, keys, values, 64, out count);
                for (int i = 0; status == Status.Done && i < count; i++) shown += $"{Text(keys[i])}={Text(values[i])} ";
            }
            Epoch.Exit(me);
            return status;
        }

        internal override Status Delete(Participant* me, nint map) => OrderedMap<THook>.Delete(me, (OrderedMap*)map);

        internal override bool IsValid(Participant* me, nint map) => OrderedMap<THook>.IsValid(me, (OrderedMap*)map);

        internal override string Show(Participant* me, nint map)
        {
            Walk(me, (OrderedMap*)map, false, out string shown);
            return shown;
        }
    }

    sealed class Sets<THook> : Battery where THook : struct, IInterleaving
    {
        internal override string[] Operations => ["contains", "count", "add", "remove", "first", "last", "clear", "snapshot"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            OrderedMap* set = OrderedSet<THook>.Create(me, heap);
            return set == null ? 0 : Keep(me, set, Fill(i => OrderedSet<THook>.Add(me, set, Key(i))));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            OrderedMap* set = (OrderedMap*)structure;
            switch (operation)
            {
                case "contains": return OrderedSet<THook>.Contains(me, set, Key(1));
                case "count": return OrderedSet<THook>.Count(me, set, out _);
                case "add": return OrderedSet<THook>.Add(me, set, Key(40));
                case "remove": return OrderedSet<THook>.Remove(me, set, Key(1));
                case "first": return Release(me, OrderedSet<THook>.TakeFirst(me, set, out Value first), first);
                case "last": return Release(me, OrderedSet<THook>.TakeLast(me, set, out Value last), last);
                case "clear": return OrderedSet<THook>.Clear(me, set);
                default:
                    Status status = OrderedSet<THook>.Snapshot(me, set, out MapSnapshot* snapshot);
                    if (status == Status.Done) MapSnapshot.Free(me, snapshot);
                    return status;
            }
        }

        internal override Status Delete(Participant* me, nint set) => OrderedSet<THook>.Delete(me, (OrderedMap*)set);

        internal override bool IsValid(Participant* me, nint set) => OrderedSet<THook>.IsValid(me, (OrderedMap*)set);

        internal override string Show(Participant* me, nint set)
        {
            Maps<THook>.Walk(me, (OrderedMap*)set, false, out string shown);
            return shown;
        }
    }

    sealed class Sorted<THook> : Battery where THook : struct, IInterleaving
    {
        internal override string[] Operations =>
            ["get", "count", "set", "insert", "tryadd", "getoradd", "remove", "removeif", "take", "cas", "add", "popmin",
                "popmax", "popat", "first", "floor", "higher", "clear", "snapshot", "part", "next", "range", "entries", "keys",
                "takeat", "fill"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SortedMap* map = SortedMap<THook, SortedMapRules>.Create(me, heap);
            return map == null
                ? 0 : Keep(me, map, Fill(i => SortedMap<THook, SortedMapRules>.Set(me, map, Key(i), Element(i, held))));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SortedMap* map = (SortedMap*)structure;
            switch (operation)
            {
                case "get": return SortedMap<THook, SortedMapRules>.Get(me, map, Key(1), out _);
                case "count": return SortedMap<THook, SortedMapRules>.Count(me, map, out _);
                case "set": return SortedMap<THook, SortedMapRules>.Set(me, map, Key(1), Value.None);
                case "insert": return SortedMap<THook, SortedMapRules>.Set(me, map, Key(40), held);
                case "tryadd": return SortedMap<THook, SortedMapRules>.TryAdd(me, map, Key(41), held);
                case "getoradd": return SortedMap<THook, SortedMapRules>.GetOrAdd(me, map, Key(42), held, out _);
                case "remove": return SortedMap<THook, SortedMapRules>.Remove(me, map, Key(1), out _);
                case "removeif": return SortedMap<THook, SortedMapRules>.Remove(me, map, Key(1), Probe.Of(held), out _);
                case "take": return Release(me, SortedMap<THook, SortedMapRules>.Take(me, map, Key(1), out Value taken), taken);
                case "cas":
                    return SortedMap<THook, SortedMapRules>.CompareExchange(
                    me, map, Key(1), Probe.Of(held), Value.None, out _);
                case "add": return SortedMap<THook, SortedMapRules>.Add(me, map, Key(0), Value.OfInt(1), out _);
                case "popmin":
                    return Release(
                    me, SortedMap<THook, SortedMapRules>.PopMin(me, map, out Value least, out Value itsValue), least, itsValue);
                case "popmax":
                    return Release(
                    me, SortedMap<THook, SortedMapRules>.PopMax(me, map, out Value greatest, out Value itsOwn), greatest, itsOwn);
                case "popat":
                    return Release(
                    me, SortedMap<THook, SortedMapRules>.PopAt(me, map, 1, out Value at, out Value valueAt, out _), at, valueAt);
                case "first": return SortedMap<THook, SortedMapRules>.First(me, map, out _, out _);
                case "floor": return SortedMap<THook, SortedMapRules>.Floor(me, map, Key(1), out _, out _);
                case "higher": return SortedMap<THook, SortedMapRules>.Higher(me, map, Key(1), out _, out _);
                case "clear": return SortedMap<THook, SortedMapRules>.Clear(me, map);
                case "snapshot":
                    Status status = SortedMap<THook, SortedMapRules>.Snapshot(me, map, out SortedMap* copy);
                    return status == Status.Done ? Release(me, status, Value.Of((Header*)copy)) : status;
                case "part":
                    status = SortedMap<THook, SortedMapRules>.Snapshot(
                        me, map, SortedBound.Including(Key(1)), SortedBound.Excluding(Key(2)), out copy);
                    return status == Status.Done ? Release(me, status, Value.Of((Header*)copy)) : status;
                case "entries" or "keys":
                    status = operation == "entries"
                        ? SortedMap<THook, SortedMapRules>.SnapshotEntries(me, map, out MapSnapshot* copied)
                        : SortedMap<THook, SortedMapRules>.SnapshotKeys(
                            me, map, SortedBound.Including(Key(1)), SortedBound.None, out copied);
                    if (status == Status.Done) MapSnapshot.Free(me, copied);
                    return status;
                case "takeat":
                    return Release(
                    me, SortedMap<THook, SortedMapRules>.TakeAt(me, map, -1, out Value name, out Value itself), name, itself);
                case "fill":
                    SortedEntry entry = new(Value.OfInt(1), Value.None);
                    Epoch.Enter(me);
                    // It is not empty.
                    status = SortedMap<THook, SortedMapRules>.Fill(me, map, &entry, 1);
                    Epoch.Exit(me);
                    return status;
                case "range": return Walk(me, map, SortedBound.Including(Key(1)), SortedBound.Excluding(Key(2)), out _);
                default: return Walk(me, map, SortedBound.None, SortedBound.None, out _);
            }
        }

        static Status Walk(Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper, out string shown)
        {
            shown = "";
            Status status = SortedMap<THook, SortedMapRules>.Open(me, map, lower, upper, false, out SortedCursor cursor);
            if (status != Status.Done) return status;
            SortedEntry* entries = stackalloc SortedEntry[64];
            Epoch.Enter(me);
            status = SortedMap<THook, SortedMapRules>.Next(me, map, ref cursor, entries, 64, out int count);
            for (int i = 0; status == Status.Done && i < count; i++) shown += $"{Text(entries[i].Key)}={Text(entries[i].Value)} ";
            Epoch.Exit(me);
            SortedMap<THook, SortedMapRules>.Close(me, ref cursor);
            return status;
        }

        internal override Status Delete(Participant* me, nint map) =>
            SortedMap<THook, SortedMapRules>.Delete(me, (SortedMap*)map);

        internal override bool IsValid(Participant* me, nint map) =>
            SortedMap<THook, SortedMapRules>.IsValid(me, (SortedMap*)map);

        internal override string Show(Participant* me, nint map)
        {
            Walk(me, (SortedMap*)map, SortedBound.None, SortedBound.None, out string shown);
            return shown;
        }
    }
}

using Symplast.Memory;

namespace Symplast.Objects.Tests;

// Maps and sets.
internal abstract unsafe partial class Battery
{
    sealed class Maps : Battery
    {
        internal override string[] Operations =>
            ["get", "count", "set", "insert", "tryadd", "getoradd", "remove", "take", "cas", "add", "addfloat",
                "first", "last", "clear", "compact", "snapshot", "parts", "give", "fill"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            OrderedMap* map = OrderedMap.Create(me, heap);
            return map == null ? 0 : Keep(me, map, Fill(i => OrderedMap.Set(me, map, Key(i), Element(i, held))));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            OrderedMap* map = (OrderedMap*)structure;
            switch (operation)
            {
                case "get": return OrderedMap.Get(me, map, Key(1), out _);
                case "count": return OrderedMap.Count(me, map, out _);
                case "set": return OrderedMap.Set(me, map, Key(1), Value.None);
                case "insert": return OrderedMap.Set(me, map, Key(40), held);
                case "tryadd": return OrderedMap.TryAdd(me, map, Key(41), held);
                case "getoradd": return OrderedMap.GetOrAdd(me, map, Key(42), held, out _);
                case "remove": return OrderedMap.Remove(me, map, Key(1), out _);
                case "take": return Release(me, OrderedMap.Take(me, map, Key(1), out Value taken), taken);
                case "cas": return OrderedMap.CompareExchange(me, map, Key(1), Probe.Of(held), Value.None, out _);
                case "add": return OrderedMap.Add(me, map, Key(0), Value.OfInt(1), out _);
                case "addfloat": return OrderedMap.Add(me, map, Key(43), Value.Of(0.5), out _);
                case "first":
                    return Release(
                    me, OrderedMap.TakeFirst(me, map, default, out Value key, out Value first), key, first);
                case "last":
                    return Release(me, OrderedMap.TakeLast(me, map, default, out Value name, out Value last), name, last);
                case "clear": return OrderedMap.Clear(me, map);
                case "compact": return Compaction.Run(me, map);
                case "give": return Give(me, map, held);
                case "fill":
                    Epoch.Enter(me);
                    // It is not empty.
                    Status begun = MapDraft.Begin(me, map, 3, out _);
                    Epoch.Exit(me);
                    return begun;
                case "snapshot":
                    Status status = MapSnapshots.Take(me, map, out MapSnapshot* snapshot);
                    if (status == Status.Done) MapSnapshot.Free(me, snapshot);
                    return status;
                default: return ReadFirstPart(me, map);
            }
        }

        static Status ReadFirstPart(Participant* me, OrderedMap* map)
        {
            Status status = MapSnapshots.Begin(me, map, out MapSnapshot* snapshot, out MapCopy* copy);
            if (snapshot != null) MapSnapshot.Free(me, snapshot);
            if (copy == null) return status;
            Epoch.Enter(me);
            MapSnapshots.ReadPart(copy, 0, out _);
            Epoch.Exit(me);
            MapSnapshots.End(me, map, copy);
            return status;
        }

        static Status Give(Participant* me, OrderedMap* map, Value held)
        {
            Epoch.Enter(me);
            Reference.Take(held);
            Status status = OrderedMap.Give(me, map, Key(44), held);
            Epoch.Exit(me);
            return status;
        }

        internal override Status Delete(Participant* me, nint map) => OrderedMap.Delete(me, (OrderedMap*)map);

        internal override bool IsValid(Participant* me, nint map) => MapCheck.IsValid(me, (OrderedMap*)map);

        // Without memory for a snapshot.
        internal override string Show(Participant* me, nint structure)
        {
            OrderedMap* map = (OrderedMap*)structure;
            string shown = "";
            Value* keys = stackalloc Value[64];
            Value* values = stackalloc Value[64];
            Epoch.Enter(me);
            ulong count = map->Root == 0 ? 0 : PrivateSnapshots.TakeAll(map->Root, keys, values, 1, 64);
            for (ulong i = 0; i < count; i++)
            {
                shown += $"{Text(keys[i])}={Text(values[i])} ";
                Reference.Drop(me, keys[i]);
                Reference.Drop(me, values[i]);
            }
            Epoch.Exit(me);
            return shown;
        }
    }

    sealed class Sets : Battery
    {
        internal override string[] Operations => ["contains", "count", "add", "remove", "first", "last", "clear", "snapshot"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            OrderedMap* set = OrderedSet.Create(me, heap);
            return set == null ? 0 : Keep(me, set, Fill(i => OrderedSet.Add(me, set, Key(i))));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            OrderedMap* set = (OrderedMap*)structure;
            switch (operation)
            {
                case "contains": return OrderedSet.Contains(me, set, Key(1));
                case "count": return OrderedSet.Count(me, set, out _);
                case "add": return OrderedSet.Add(me, set, Key(40));
                case "remove": return OrderedSet.Remove(me, set, Key(1));
                case "first": return Release(me, OrderedSet.TakeFirst(me, set, default, out Value first), first);
                case "last": return Release(me, OrderedMap.TakeLast(me, set, default, out Value last, out _), last);
                case "clear": return OrderedSet.Clear(me, set);
                default:
                    Status status = MapSnapshots.Take(me, set, out MapSnapshot* snapshot);
                    if (status == Status.Done) MapSnapshot.Free(me, snapshot);
                    return status;
            }
        }

        internal override Status Delete(Participant* me, nint set) => OrderedMap.Delete(me, (OrderedMap*)set);

        internal override bool IsValid(Participant* me, nint set) => OrderedSet.IsValid(me, (OrderedMap*)set);

        internal override string Show(Participant* me, nint set) => new Maps().Show(me, set);
    }

    sealed class Sorted : Battery
    {
        internal override string[] Operations =>
            ["get", "count", "set", "insert", "getoradd", "remove", "take", "cas", "add", "popmin", "popmax", "popat", "first",
                "floor", "higher", "clear", "entries", "keys", "takeat", "fill"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SortedMap* map = SortedMap.Create(me, heap);
            return map == null
                ? 0 : Keep(me, map, Fill(i => SortedMap.Set(me, map, Key(i), Element(i, held))));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SortedMap* map = (SortedMap*)structure;
            switch (operation)
            {
                case "get": return SortedMap.Get(me, map, Key(1), out _);
                case "count": return SortedMap.Count(me, map, out _);
                case "set": return SortedMap.Set(me, map, Key(1), Value.None);
                case "insert": return SortedMap.Set(me, map, Key(40), held);
                case "getoradd": return SortedMap.GetOrAdd(me, map, Key(42), held, out _);
                case "remove": return SortedMap.Remove(me, map, Key(1), out _);
                case "take": return Release(me, SortedMap.Take(me, map, Key(1), default, out Value taken), taken);
                case "cas":
                    return SortedMap.CompareExchange(
                    me, map, Key(1), Probe.Of(held), Value.None, out _);
                case "add": return SortedMap.Add(me, map, Key(0), Value.OfInt(1), out _);
                case "popmin":
                    return Release(
                    me, SortedMap.PopMin(me, map, default, out Value least, out Value itsValue), least, itsValue);
                case "popmax":
                    return Release(
                    me, SortedMap.PopMax(me, map, default, out Value greatest, out Value itsOwn), greatest, itsOwn);
                case "popat":
                    return Release(
                    me, SortedMap.PopAt(me, map, 1, default, out Value at, out Value valueAt, out _), at, valueAt);
                case "first": return SortedMap.First(me, map, out _, out _);
                case "floor": return SortedMap.Floor(me, map, Key(1), out _, out _);
                case "higher": return SortedMap.Higher(me, map, Key(1), out _, out _);
                case "clear": return SortedMap.Clear(me, map);
                case "entries" or "keys":
                    Status status = operation == "entries"
                        ? SortedMap.SnapshotEntries(me, map, out MapSnapshot* copied)
                        : SortedMap.SnapshotKeys(
                            me, map, SortedBound.Including(Key(1)), SortedBound.Excluding(Key(2)), out copied);
                    if (status == Status.Done) MapSnapshot.Free(me, copied);
                    return status;
                case "takeat":
                    return Release(
                    me, SortedMap.TakeAt(me, map, -1, out Value name, out Value itself), name, itself);
                default:
                    SortedEntry entry = new(Value.OfInt(1), Value.None);
                    Epoch.Enter(me);
                    // It is not empty.
                    status = SortedMap.Fill(me, map, &entry, 1);
                    Epoch.Exit(me);
                    return status;
            }
        }

        internal override Status Delete(Participant* me, nint map) =>
            SortedMap.Delete(me, (SortedMap*)map);

        internal override bool IsValid(Participant* me, nint map) =>
            SortedMap.IsValid(me, (SortedMap*)map);

        internal override string Show(Participant* me, nint map)
        {
            Epoch.Enter(me);
            string shown = "";
            if (SortedMap.SnapshotEntries(me, (SortedMap*)map, out MapSnapshot* snapshot) == Status.Done)
            {
                for (ulong i = 0; i < snapshot->Count; i++)
                    shown += $"{Text(MapSnapshot.Key(snapshot, i))}={Text(MapSnapshot.Value(snapshot, i))} ";
                MapSnapshot.Free(me, snapshot);
            }
            Epoch.Exit(me);
            return shown;
        }
    }
}

using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using MapOps = Symplast.Objects.OrderedMap;

namespace Symplast.Objects.Tests;

/// <summary>
/// The map as a whole under all schedules within a bound: its order, both ends, the number of entries and snapshots, together
/// with changes of single keys, are one linearizable structure.
/// </summary>
public sealed unsafe class OrderedMapWholeTests : IDisposable
{
    // Entries in order: "0=0 1=1".
    internal class Map : Schedules
    {
        protected override string Look => "all";

        protected override nint Make(Participant* me, string state)
        {
            OrderedMap* map = MapOps.Create(me, Heap);
            foreach (string entry in state.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] pair = entry.Split('=');
                // "x" is an entry that is no more.
                if (pair[1] == "x") MapOps.Remove(me, map, Key(pair[0]), out _);
                else MapOps.Set(me, map, Key(pair[0]), Value.OfInt(long.Parse(pair[1])));
            }
            return (nint)map;
        }

        protected static Probe Key(string word) => Probe.Of(Value.OfInt(int.Parse(word)));

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            OrderedMap* map = (OrderedMap*)structure;
            // Outside a section, so that others need not wait for this thread.
            Interleaving.Point();
            Value key = default, value = default;
            switch (words[0])
            {
                case "set":
                    return MapOps.Set(me, map, Key(words[1]), Value.OfInt(long.Parse(words[2]))).ToString();
                case "get":
                    return MapOps.Get(me, map, Key(words[1]), out value) == Status.Done ? $"{value.Int}" : "none";
                case "remove":
                    return MapOps.Remove(me, map, Key(words[1]), out value) == Status.Done ? $"{value.Int}" : "none";
                case "first":
                    return MapOps.TakeFirst(me, map, default, out key, out value) == Status.Done
                        ? $"{key.Int}={value.Int}" : "none";
                case "last":
                    return MapOps.TakeLast(me, map, default, out key, out value) == Status.Done
                        ? $"{key.Int}={value.Int}" : "none";
                case "count":
                    Assert.Equal(Status.Done, MapOps.Count(me, map, out ulong count));
                    return $"{count}";
                case "clear":
                    return MapOps.Clear(me, map).ToString();
                case "compact":
                    return Compaction.Run(me, map).ToString();
                case "fill":
                    return FillAtOnce(me, map, words);
                case "read" or "back" or "peek" or "pass":
                    return InParts(me, map, words[0]);
                case "keys":
                    Assert.Equal(Status.Done, PrivateSnapshots.OfKeys(me, map, ulong.MaxValue, out MapSnapshot* keys));
                    // Others changed it too often.
                    if (keys == null) Assert.Equal(Status.Done, PrivateSnapshots.OfAll(me, map, ulong.MaxValue, out keys));
                    string names =
                        string.Join(' ', Enumerable.Range(0, (int)keys->Count).Select(i => $"{KeyOf((nint)keys, (ulong)i)}"));
                    MapSnapshot.Free(me, keys);
                    return names;
                default:
                    Status status = words[0] == "once"
                        ? PrivateSnapshots.OfAll(me, map, ulong.MaxValue, out MapSnapshot* snapshot)
                        : MapSnapshots.Take(me, map, out snapshot);
                    Assert.Equal(Status.Done, status);
                    string all = string.Join(
                        ' ', Enumerable.Range(0, (int)snapshot->Count).Select(i => Entry((nint)snapshot, (ulong)i)));
                    MapSnapshot.Free(me, snapshot);
                    return all;
            }
        }

        static string FillAtOnce(Participant* me, OrderedMap* map, string[] words)
        {
            Epoch.Enter(me);
            Status status = MapDraft.Begin(me, map, (ulong)words.Length - 1, out MapDraft draft);
            for (int i = 1; status == Status.Done && i < words.Length; i++)
            {
                Value name = Value.OfInt(int.Parse(words[i]));
                Assert.True(MapDraft.Append(me, map, ref draft, Hashing.Of(name), name, Value.OfInt(1)));
            }
            if (status == Status.Done) status = MapDraft.Publish(me, map, ref draft);
            if (draft.Exists) MapDraft.Discard(me, ref draft);
            Epoch.Exit(me);
            return status.ToString();
        }

        // Reads all parts, in order or from the last to the first, or only until there is an entry, or none.
        static string InParts(Participant* me, OrderedMap* map, string how)
        {
            Assert.Equal(Status.Done, MapSnapshots.Begin(me, map, out MapSnapshot* small, out MapCopy* copy));
            List<string> entries = [];
            for (ulong i = 0; small != null && i < small->Count; i++) entries.Add(Entry((nint)small, i));
            uint parts = copy == null || how == "pass" ? 0 : copy->Parts;
            for (uint i = 0; i < parts && (how != "peek" || entries.Count == 0); i++)
            {
                Interleaving.Point();
                Epoch.Enter(me);
                Value* items = MapSnapshots.ReadPart(copy, how == "back" ? parts - 1 - i : i, out uint length);
                List<string> part = [];
                for (uint j = 0; j < length; j++) part.Add($"{items[2 * j].Int}={items[2 * j + 1].Int}");
                Epoch.Exit(me);
                entries.InsertRange(how == "back" ? 0 : entries.Count, part);
            }
            if (copy != null && how is "read" or "back")
                Assert.Equal((ulong)entries.Count, copy == null ? small->Count : copy->Count);
            Interleaving.Point();
            if (copy != null) MapSnapshots.End(me, map, copy);
            else MapSnapshot.Free(me, small);
            return how == "pass"
                ? nameof(Status.Done) : how == "peek" ? entries.FirstOrDefault("none") : string.Join(' ', entries);
        }

        static long KeyOf(nint snapshot, ulong i) => MapSnapshot.Key((MapSnapshot*)snapshot, i).Int;

        static string Entry(nint snapshot, ulong i) =>
            $"{MapSnapshot.Key((MapSnapshot*)snapshot, i).Int}={MapSnapshot.Value((MapSnapshot*)snapshot, i).Int}";

        protected override string Model(ref string state, string[] words)
        {
            List<string> entries = [.. state.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            foreach (string gone in entries.Where(entry => entry.EndsWith('x')).ToArray())
                entries.RemoveAll(entry => entry.Split('=')[0] == gone.Split('=')[0]);
            int at = words.Length > 1
                ? entries.FindIndex(entry => entry.StartsWith(words[1] + "=", StringComparison.Ordinal)) : -1;
            string result = nameof(Status.Done);
            switch (words[0])
            {
                case "set":
                    if (at < 0) entries.Add("");
                    entries[at < 0 ? ^1 : at] = $"{words[1]}={words[2]}";
                    break;
                case "get":
                    return at < 0 ? "none" : entries[at].Split('=')[1];
                case "remove":
                    result = at < 0 ? "none" : entries[at].Split('=')[1];
                    if (at >= 0) entries.RemoveAt(at);
                    break;
                case "first" or "last":
                    at = words[0] == "first" ? 0 : entries.Count - 1;
                    result = entries.Count == 0 ? "none" : entries[at];
                    if (entries.Count > 0) entries.RemoveAt(at);
                    break;
                case "count":
                    return $"{entries.Count}";
                case "clear":
                    entries.Clear();
                    break;
                case "compact" or "pass":
                    break;
                case "peek":
                    return entries.FirstOrDefault("none");
                case "fill":
                    if (entries.Count > 0) return nameof(Status.Missing);
                    entries.AddRange(words[1..].Select(name => $"{name}=1"));
                    break;
                case "keys":
                    return string.Join(' ', entries.Select(entry => entry.Split('=')[0]));
                default:
                    return string.Join(' ', entries);
            }
            state = string.Join(' ', entries);
            return result;
        }

        protected override bool IsValid(nint structure)
        {
            Participant* me = Epoch.Join();
            bool valid = MapCheck.IsValid(me, (OrderedMap*)structure);
            Epoch.Leave(me);
            return valid;
        }
    }

    // A small map that the next insertion makes large, one with an empty place; large ones with and without removed entries at
    // their ends, and with none left.
    static readonly string[] States =
        ["0=0 1=1", "0=0 1=1 0=x", "0=0 1=1 2=2 3=3 4=4 5=5", "7=7 8=8 0=0 1=1 2=2 9=9 7=x 8=x 9=x", "8=8 9=9 0=0 8=x 9=x 0=x"];

    readonly Map _map = new();

    public void Dispose() => Interleaving.Omitted = null;

    public static TheoryData<string, string> Ends()
    {
        string[] programs =
        [
            "set 20 1; set 21 1 | last; last", "set 20 1; get 1 | first; last", "last; set 20 1 | last; set 21 1",
                "first; set 20 1 | first; set 21 1", "remove 0; set 20 1 | first; last",
            "remove 1; remove 0 | last; first", "set 0 9; set 20 1 | last; get 0", "clear; set 20 1 | first; last",
                "clear; set 20 1 | set 21 1; last", "compact | set 20 1; last; first",
            "set 20 1; set 21 1 | get 21; get 20; last",
        ];
        return Cross(programs);
    }

    public static TheoryData<string, string> Counts()
    {
        string[] programs =
        [
            "set 20 1; set 21 1 | count; get 20; count", "set 20 1 | get 20; count; get 20", "remove 0 | get 0; count; get 0",
                "remove 0; remove 1 | count; count", "remove 0; set 0 5 | count; count",
            "set 20 1; remove 0 | count; get 0; count", "first; set 20 1 | count; last; count", "clear; set 20 1 | count; count",
                "compact; set 20 1 | count; remove 0; count",
        ];
        return Cross(programs);
    }

    public static TheoryData<string, string> Snapshots()
    {
        string[] programs =
        [
            "all | set 0 9; set 2 9", "all | set 20 1; remove 0", "all; all | remove 1; set 1 5", "all | first; last",
                "all | clear; set 0 3", "all | compact; set 0 7",
            "all; count | set 20 1; set 21 1; set 22 1; set 23 1", "all; set 0 4 | all; set 0 5", "all | set 0 9; set 1 9; get 0",
                "all; get 1 | set 1 9; remove 1; set 20 3",
            // Another root each time: in the end the copy is prepared while writers wait.
            "all | remove 0; compact; remove 1; compact; remove 2; compact; remove 3; compact",
        ];
        return Cross(programs);
    }

    public static TheoryData<string, string> SnapshotsInParts()
    {
        string[] programs =
        [
            "read | set 0 9; set 5 9", "back | set 5 9; set 0 9", "read | set 20 1; remove 0",
                "read | remove 5; set 5 6; remove 1", "read; peek | first; last", "back | clear; set 0 3",
            "peek; read | clear; set 20 3", "pass; peek | set 0 9; remove 5", "pass; all | remove 0; set 20 1",
                "read | compact; set 0 7", "peek | compact; count", "read | all; set 1 9",
            "pass; pass | read; set 2 9", "peek; read | peek; set 0 9", "pass | clear; all", "read; set 0 4 | back; set 0 5",
        ];
        return Cross(programs);
    }

    public static TheoryData<string, string> SnapshotsInMemoryOfTheProcess()
    {
        string[] programs =
        [
            "keys | set 20 1; remove 0", "keys; keys | remove 1; set 1 5", "keys | first; last", "keys | clear; set 0 3",
                "keys | compact; set 20 7; remove 0",
            "once | set 0 9; set 1 9; set 2 9", "once | set 20 1; remove 0", "once | clear; set 0 3", "once | all | set 0 4",
                "once; count | set 20 1; set 21 1; set 22 1; set 23 1",
        ];
        return Cross(programs);
    }

    [Theory]
    [InlineData("fill 4 5 6 | set 0 1; get 4")]
    [InlineData("fill 4 5 | set 0 1; count")]
    [InlineData("fill 4 5 | get 4; set 4 2; last")]
    [InlineData("fill 4 5 6 | fill 7 8 9; count")]
    [InlineData("fill 4 5 6 | count; get 6; count")]
    [InlineData("fill 4 5 6; set 4 2 | get 5; set 5 3; get 4")]
    [InlineData("fill 4 5 6; remove 5 | all | clear")]
    [InlineData("fill 4 5 6 7 8 9; set 20 1 | last; first")]
    [InlineData("fill 4 5 6 | set 0 1; remove 0")]
    [InlineData("fill 4 5 6 | keys; get 4")]
    [InlineData("fill 4 5 6; compact | once; last")]
    public void AnEmptyMapIsFilledInOneStep(string programs)
    {
        foreach (string state in (string[])["", "1=1", "1=1 1=x"]) _map.Explore(state, programs, random: 40);
    }

    static TheoryData<string, string> Cross(string[] programs)
    {
        TheoryData<string, string> data = [];
        foreach (string program in programs)
        {
            foreach (string state in States) data.Add(state, program);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void AnEndIsTakenInOneStep(string state, string programs) => _map.Explore(state, programs, random: 40);

    [Theory]
    [MemberData(nameof(Counts))]
    public void ACountIsOfOneInstant(string state, string programs) => _map.Explore(state, programs, random: 40);

    [Theory]
    [MemberData(nameof(Snapshots))]
    public void ASnapshotIsOfOneInstant(string state, string programs) => _map.Explore(state, programs, random: 40);

    [Theory]
    [MemberData(nameof(SnapshotsInParts))]
    public void ASnapshotThatIsReadInPartsIsOfOneInstant(string state, string programs) =>
        _map.Explore(state, programs, random: 40);

    [Fact]
    public void ASnapshotThatWasEndedHoldsNothing() => ExploreReferences();

    [Fact]
    public void WhoEndsASnapshotWaitsForThoseWhoCopy()
    {
        Interleaving.Omitted = OrderedMapFault.CopyingIsNotAwaited;
        Assert.Throws<ScheduleFailedException>(ExploreReferences);
    }

    // All values are one object, whose references are counted in the end.
    static void ExploreReferences()
    {
        PoolHeap* heap = CheckedHeap.Create("parts");
        foreach (uint read in new uint[] { 0, 1, 2 })
        {
            Arrange arrange = me =>
            {
                Epoch.Enter(me);
                Value held = Value.Of((Header*)AtomicInteger.Create(me, heap, 1));
                OrderedMap* map = MapOps.Create(me, heap);
                Epoch.Exit(me);
                for (int i = 0; i < 6; i++) MapOps.Set(me, map, Probe.Of(Value.OfInt(i)), held);
                void Peek(Participant* it)
                {
                    Assert.Equal(Status.Done, MapSnapshots.Begin(it, map, out _, out MapCopy* copy));
                    for (uint i = 0; i < read; i++)
                    {
                        Epoch.Enter(it);
                        Value* items = MapSnapshots.ReadPart(copy, i, out uint length);
                        for (uint j = 0; j < length; j++) Assert.True(items[2 * j + 1] == held || items[2 * j + 1] == Value.None);
                        Epoch.Exit(it);
                    }
                    MapSnapshots.End(it, map, copy);
                }
                void Change(Participant* it)
                {
                    MapOps.Set(it, map, Probe.Of(Value.OfInt(0)), Value.None);
                    MapOps.Remove(it, map, Probe.Of(Value.OfInt(5)), out _);
                }
                return new Trial([Peek, Change], it =>
                {
                    Assert.True(MapCheck.IsValid(it, map));
                    Epoch.Enter(it);
                    Reference.Drop(it, (Header*)map);
                    Assert.Equal(1, held.Head->Count);
                    Reference.Drop(it, held);
                    Epoch.Exit(it);
                });
            };
            new Explorer { Preemptions = 3, ScheduleLimit = 10_000 }.Systematically(arrange);
            new Explorer().Randomly(arrange, 200, seed: 1);
        }
    }

    [Theory]
    [MemberData(nameof(SnapshotsInMemoryOfTheProcess))]
    public void ASnapshotInMemoryOfTheProcessIsOfOneInstant(string state, string programs) =>
        _map.Explore(state, programs, random: 40);

    // Keys a to d, whose hashes no directory tells apart, and which have a shard of their own, made it grow; when the last of
    // them is removed, it becomes smaller.
    static string Emptied(string words)
    {
        int[] alike = [.. Enumerable.Range(10, 10_000).Where(key => Hashing.Of(Value.OfInt(key)) >> 56 == 0x43).Take(4)];
        return string.Join(
            ' ', words.Split(' ').Select(
            word => word[0] is >= 'a' and <= 'd' && (word.Length == 1 || word[1] is '=' or ';')
            ? alike[word[0] - 'a'] + word[1..] : word));
    }

    [Theory]
    [InlineData("remove d | set d 9; get d")]
    [InlineData("remove d; get d | set a 5; get a")]
    [InlineData("remove d; set a 1 | get d; get 0; get a")]
    [InlineData("remove d | set a 5; remove a | set b 6; get b")]
    [InlineData("remove d; set b 1 | set a 2; last")]
    [InlineData("last | set a 5; get d; count")]
    [InlineData("remove d | read; set c 3")]
    [InlineData("remove d; set d 1 | clear; set d 2")]
    [InlineData("remove d; compact | set a 1; get a")]
    public void AShardThatIsEmptiedBecomesSmaller(string programs) =>
        _map.Explore(Emptied("0=0 1=1 a=1 b=2 c=3 d=4 a=x b=x c=x"), Emptied(programs), random: 100);

    [Theory]
    [InlineData("all | all | remove 0; set 2 9")]
    [InlineData("all | set 0 5; set 2 5 | last; clear")]
    [InlineData("set 20 1 | set 21 1; last | first; get 21")]
    [InlineData("set 20 1 | remove 0; count | count; last")]
    [InlineData("last | last; set 20 1 | first; count")]
    [InlineData("all | set 0 5; set 1 5 | set 1 6; set 0 6")]
    [InlineData("set 20 1 | set 1 5; get 1 | set 1 6; get 1")]
    public void ThreeThreadsSeeOneOrder(string programs)
    {
        foreach (string state in States) _map.Explore(state, programs, preemptions: 1, random: 100);
    }

    [Theory]
    [InlineData(OrderedMapFault.CountIsNotAtOneInstant, "0=0 1=1 2=2", "set 20 1 | get 20; count; get 20")]
    [InlineData(OrderedMapFault.CountIsNotAtOneInstant, "0=0 1=1 2=2", "remove 0 | get 0; count; get 0")]
    [InlineData(OrderedMapFault.CountIsNotAtOneInstant, "0=0 1=1", "remove 0 | get 0; count; get 0")]
    [InlineData(OrderedMapFault.ValueIsCopied, "0=0 1=1", "all | set 0 9; set 1 9")]
    [InlineData(OrderedMapFault.ForwardIsTakenForRemoved, "0=0 1=1", "all | get 1")]
    [InlineData(OrderedMapFault.CountIsNotAtOneInstant, "0=0 1=1 2=2 3=3", "keys | set 20 1; remove 0")]
    [InlineData(OrderedMapFault.GateIsNotAwaited, "0=0 1=1 2=2 3=3 4=4 5=5", "once | set 5 9 | set 0 9; get 5")]
    [InlineData(OrderedMapFault.EndIsNotLookedForAgain, "0=0 1=1 2=2", "set 20 1; get 2 | last")]
    [InlineData(OrderedMapFault.EndIsNotLookedForAgain, "0=0 1=1 2=2 3=3 4=4 5=5", "set 20 1; get 5 | remove 0; last")]
    [InlineData(OrderedMapFault.NothingIsPreserved, "0=0 1=1 2=2 3=3 4=4 5=5", "all | set 0 9; set 5 9")]
    [InlineData(OrderedMapFault.NothingIsPreserved, "0=0 1=1 2=2 3=3 4=4 5=5", "all | first; last")]
    [InlineData(OrderedMapFault.NothingIsPreserved, "0=0 1=1 2=2 3=3 4=4 5=5", "read | set 0 9; set 5 9")]
    [InlineData(OrderedMapFault.NothingIsPreserved, "0=0 1=1 2=2 3=3 4=4 5=5", "back | remove 5; set 0 9")]
    [InlineData(OrderedMapFault.NothingIsPreserved, "0=0 1=1 2=2 3=3 4=4 5=5", "all | remove 0; remove 5")]
    [InlineData(OrderedMapFault.GateIsNotAwaited, "0=0 1=1 2=2 3=3 4=4 5=5", "all | set 5 9 | set 0 9; get 5")]
    [InlineData(OrderedMapFault.MovedIsIgnored, "0=0 1=1 a=1 b=2 c=3 d=4 a=x b=x c=x", "remove d | set a 5; get a")]
    internal void ALeftOutStepIsFound(OrderedMapFault fault, string state, string programs)
    {
        Interleaving.Omitted = fault;
        Assert.Throws<ScheduleFailedException>(() => _map.Explore(Emptied(state), Emptied(programs), random: 5000));
    }
}

using Symplast.Memory;
using Symplast.Objects.Tests.Locks;
using Xunit;

namespace Symplast.Objects.Tests.Waiting;

/// <summary>Waits for keys of ordered and sorted maps, around every change of a map.</summary>
public unsafe class KeyWaitingScheduleTests
{
    // The state is the entries in their order, each a letter and a digit; "-" once deleted.
    sealed class Maps(bool isSorted) : Schedules
    {
        protected override string Look => "entries";

        protected override nint Make(Participant* me, string state)
        {
            void* map = isSorted ? SortedMap.Create(me, Heap) : OrderedMap.Create(me, Heap);
            for (int i = 0; i < state.Length; i += 2) CarryOut(me, (nint)map, ["set", $"{state[i]}", $"{state[i + 1]}"]);
            return (nint)map;
        }

        protected override bool IsValid(nint structure) => true;

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            OrderedMap* map = (OrderedMap*)structure;
            SortedMap* tree = (SortedMap*)structure;
            Probe key = Probe.Of(Value.OfInt(words.Length > 1 ? words[1][0] : 0));
            Value value = words.Length > 2 ? Value.OfInt(words[2][0] - '0') : default;
            Value result = default;
            Epoch.Enter(me);
            Status status = Status.Done;
            switch (words[0])
            {
                case "await":
                    Epoch.Exit(me);
                    return Await(me, structure, key, value);
                case "set": status = isSorted ? SortedMap.Set(me, tree, key, value) : OrderedMap.Set(me, map, key, value); break;
                case "add":
                    status = isSorted
                        ? SortedMap.Add(me, tree, key, value, out result) : OrderedMap.Add(me, map, key, value, out result);
                    break;
                case "remove":
                    status = isSorted ? SortedMap.Remove(me, tree, key, out _) : OrderedMap.Remove(me, map, key, out _);
                    break;
                case "pop":
                    status = isSorted ? SortedMap.PopMin(me, tree, default, out _, out result)
                        : OrderedMap.TakeFirst(me, map, default, out _, out result);
                    break;
                case "clear": status = isSorted ? SortedMap.Clear(me, tree) : OrderedMap.Clear(me, map); break;
                case "delete": status = isSorted ? SortedMap.Delete(me, tree) : OrderedMap.Delete(me, map); break;
                case "fill": status = Fill(me, structure, key, value); break;
                default:
                    // The state at the end, when no other thread runs.
                    string entries = "";
                    for (char letter = 'a'; letter <= 'j' && status != Status.Deleted; letter++)
                    {
                        status = Get(me, structure, Probe.Of(Value.OfInt(letter)), out Value found);
                        if (status == Status.Done) entries += $"{letter}{found.Int}";
                    }
                    Epoch.Exit(me);
                    return status == Status.Deleted ? "Deleted" : entries;
            }
            Epoch.Exit(me);
            return Answer(status, result);
        }

        // To an empty map.
        Status Fill(Participant* me, nint structure, in Probe key, Value value)
        {
            if (isSorted)
            {
                SortedEntry entry = new(key.AsValue, value);
                return SortedMap.Fill(me, (SortedMap*)structure, &entry, 1);
            }
            Status status = MapDraft.Begin(me, (OrderedMap*)structure, 1, out MapDraft draft);
            if (status != Status.Done) return status;
            MapDraft.Append(me, (OrderedMap*)structure, ref draft, key.Hash, key.AsValue, value);
            status = MapDraft.Publish(me, (OrderedMap*)structure, ref draft);
            if (draft.Exists) MapDraft.Discard(me, ref draft);
            return status;
        }

        Status Get(Participant* me, nint structure, in Probe key, out Value value)
        {
            Status status = isSorted ? SortedMap.Get(me, (SortedMap*)structure, key, out value)
                : OrderedMap.Get(me, (OrderedMap*)structure, key, out value);
            return status == Status.WrongKind ? Status.Missing : status;
        }

        void Count(Participant* me, nint structure, int change)
        {
            if (isSorted) SortedMap.CountWaiters(me, (SortedMap*)structure, change);
            else OrderedMap.CountWaiters(me, (OrderedMap*)structure, change);
        }

        // Until the key is there; with an old value, until it has another one or is gone.
        string Await(Participant* me, nint structure, Probe key, Value old)
        {
            Value seen = default;
            Count(me, structure, 1);
            Status status = Parked.Until(_ =>
            {
                Status looked = Get(me, structure, key, out seen);
                if (looked == Status.Missing && !old.IsEmpty) looked = Status.Closed;
                return looked == Status.Done && seen == old ? Status.Missing : looked;
            }, KeyWaiting.Event((void*)structure, key.Hash), Heap);
            Count(me, structure, -1);
            return status == Status.Closed ? "gone" : Answer(status, seen);
        }

        static string Answer(Status status, Value value) =>
            status == Status.Done && value.IsInt ? $"Done{value.Int}" : $"{status}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            int at = words.Length > 1 ? state.IndexOf(words[1][0]) : -1;
            string value = at < 0 ? "" : state[(at + 1)..(at + 2)];
            switch (words[0])
            {
                case "await":
                    if (at < 0) return words.Length > 2 ? "gone" : "never";
                    return words.Length > 2 && value == words[2] ? "never" : "Done" + value;
                case "set" or "add":
                    int sum = words[2][0] - '0' + (words[0] == "add" && at >= 0 ? value[0] - '0' : 0);
                    if (at >= 0) state = state[..(at + 1)] + sum + state[(at + 2)..];
                    else Insert(ref state, words[1] + sum);
                    return words[0] == "add" ? "Done" + sum : "Done";
                case "remove":
                    if (at < 0) return "Missing";
                    state = state.Remove(at, 2);
                    return "Done";
                case "pop":
                    if (state == "") return "Missing";
                    value = state[1..2];
                    state = state[2..];
                    return "Done" + value;
                case "clear":
                    state = "";
                    return "Done";
                case "fill":
                    if (state != "") return "Missing";
                    state = words[1] + words[2];
                    return "Done";
                case "delete":
                    state = "-";
                    return "Done";
                default:
                    return string.Concat(state.Chunk(2).OrderBy(entry => entry[0]).Select(entry => new string(entry)));
            }
        }

        void Insert(ref string state, string entry)
        {
            int place = 0;
            while (place < state.Length && (!isSorted || state[place] < entry[0])) place += 2;
            state = state.Insert(place, entry);
        }
    }

    const string Many = "b1c1d1e1f1g1h1";

    public static TheoryData<bool, string, string> Programs()
    {
        TheoryData<bool, string, string> data = [];
        foreach (bool isSorted in new[] { false, true })
        {
            data.Add(isSorted, "", "await a|set a 1");
            data.Add(isSorted, "", "await a|set b 1;set a 2|remove b");
            data.Add(isSorted, "a1", "await a 1|set a 2");
            data.Add(isSorted, "a1", "await a 1|remove a;set a 3");
            data.Add(isSorted, "a1", "await a 1|add a 2|pop");
            data.Add(isSorted, "a1b1", "await a 1|await a 1|clear");
            data.Add(isSorted, "a1", "await a 1|await a 1|delete");
            data.Add(isSorted, "a1", "await a 1|await a 1|pop");
            data.Add(isSorted, "", "await a|fill a 1");
            data.Add(isSorted, "", "await a;await a 1|add a 1;add a 1");
            data.Add(isSorted, Many, "await a|set a 1");
            data.Add(isSorted, Many, "await b 1|set b 2;remove b");
            data.Add(isSorted, Many, "await b 1|pop");
            data.Add(isSorted, Many, "await b 1|clear|set i 1");
            data.Add(isSorted, Many, "await a|set i 1;set j 1;set a 1");
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void NoWakeIsLostInAnySchedule(bool isSorted, string state, string programs) =>
        new Maps(isSorted).Explore(state, programs, random: 100);

    [Theory]
    [InlineData(false, "", "await a|set a 1")]
    [InlineData(false, "a1", "await a 1|set a 2")]
    [InlineData(false, "a1", "await a 1|pop")]
    [InlineData(false, "a1", "await a 1|clear")]
    [InlineData(false, "", "await a|fill a 1")]
    [InlineData(false, Many, "await a|set a 1")]
    [InlineData(false, Many, "await b 1|remove b")]
    [InlineData(true, "", "await a|set a 1")]
    [InlineData(true, "a1", "await a 1|add a 2")]
    [InlineData(true, "a1", "await a 1|pop")]
    [InlineData(true, "a1", "await a 1|delete")]
    [InlineData(true, "", "await a|fill a 1")]
    public void AWakeThatIsLostIsMissed(bool isSorted, string state, string programs)
    {
        new Maps(isSorted).Misses(WaitStep.ChangeWakes, state, programs);
        new Maps(isSorted).Misses(WaitStep.WaitersAreCounted, state, programs);
    }
}

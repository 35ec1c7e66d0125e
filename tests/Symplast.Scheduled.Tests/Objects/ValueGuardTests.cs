using System.Globalization;
using Symplast.Memory;
using Xunit;
using Cell = Symplast.Objects.AtomicReference;
using Ordered = Symplast.Objects.OrderedMap;
using Sets = Symplast.Objects.OrderedSet;
using Sorted = Symplast.Objects.SortedMap;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests;

/// <summary>
/// What a guard refuses stays where it is, whatever others do at that moment: all schedules of taking out and replacing, against
/// a model. The guard refuses numbers from 100 on.
/// </summary>
public sealed unsafe class ValueGuardTests
{
    static readonly ValueGuard Guard = new(&IsSmall, (void*)100);

    static bool IsSmall(void* limit, Value value) => value.Int < (long)limit;

    // The state is a list of "key:value" in the order of insertion, or of keys, which have one digit.
    abstract class Entries(bool isSorted) : Schedules
    {
        protected override string Look => "all";

        protected override nint Make(Participant* me, string state)
        {
            nint structure = New(me);
            foreach (string entry in state.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                Set(me, structure, Number(entry.Split(':')[0]), Number(entry.Split(':')[1]));
            return structure;
        }

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            Value key = default, value = default;
            return words[0] switch
            {
                "set" => $"{Set(me, structure, Number(words[1]), Number(words[2]))}",
                "take" => $"{Take(me, structure, Number(words[1]), out value)} {Shown(value)}",
                "first" => $"{TakeEnd(me, structure, false, out key, out value)} {Shown(key)}:{Shown(value)}",
                "last" => $"{TakeEnd(me, structure, true, out key, out value)} {Shown(key)}:{Shown(value)}",
                "at" => $"{TakeAt(me, structure, Number(words[1]), out key, out value)} {Shown(key)}:{Shown(value)}",
                _ => All(me, structure),
            };
        }

        protected override string Model(ref string state, string[] words)
        {
            List<string> entries = [.. state.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            int place = words[0] switch
            {
                "set" or "take" => entries.FindIndex(entry => entry.StartsWith(words[1] + ":", StringComparison.Ordinal)),
                "first" => entries.Count == 0 ? -1 : 0,
                "last" => entries.Count - 1,
                "at" => (int)Number(words[1]) < entries.Count ? (int)Number(words[1]) : -1,
                _ => -1,
            };
            if (words[0] == "all") return state;
            if (words[0] == "set")
            {
                if (place < 0) entries.Add($"{words[1]}:{words[2]}");
                else entries[place] = $"{words[1]}:{words[2]}";
                if (isSorted) entries.Sort(string.CompareOrdinal);
                state = string.Join(' ', entries);
                return "Done";
            }
            string nothing = words[0] == "take" ? "" : ":";
            if (place < 0) return "Missing " + nothing;
            string taken = entries[place];
            if (Number(taken.Split(':')[1]) >= 100) return "Refused " + nothing;
            entries.RemoveAt(place);
            state = string.Join(' ', entries);
            return "Done " + (words[0] == "take" ? taken.Split(':')[1] : taken);
        }

        protected abstract nint New(Participant* me);

        protected abstract Status Set(Participant* me, nint structure, long key, long value);

        protected abstract Status Take(Participant* me, nint structure, long key, out Value value);

        protected abstract Status TakeEnd(Participant* me, nint structure, bool isLast, out Value key, out Value value);

        protected virtual Status TakeAt(Participant* me, nint structure, long number, out Value key, out Value value) =>
            throw new NotSupportedException();

        protected abstract string All(Participant* me, nint structure);

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

        static string Shown(Value value) => value.IsEmpty ? "" : $"{value.Int}";
    }

    sealed class OrderedMaps() : Entries(isSorted: false)
    {
        protected override nint New(Participant* me) => (nint)Ordered.Create(me, Heap);

        protected override bool IsValid(nint structure)
        {
            Participant* me = Epoch.Join();
            bool isValid = MapCheck.IsValid(me, (OrderedMap*)structure);
            Epoch.Leave(me);
            return isValid;
        }

        protected override Status Set(Participant* me, nint structure, long key, long value) =>
            Ordered.Set(me, (OrderedMap*)structure, Key(key), Value.OfInt(value));

        protected override Status Take(Participant* me, nint structure, long key, out Value value) =>
            Ordered.Take(me, (OrderedMap*)structure, Key(key), Guard, out value);

        protected override Status TakeEnd(Participant* me, nint structure, bool isLast, out Value key, out Value value) => isLast
            ? Ordered.TakeLast(me, (OrderedMap*)structure, Guard, out key, out value)
            : Ordered.TakeFirst(me, (OrderedMap*)structure, Guard, out key, out value);

        protected override string All(Participant* me, nint structure)
        {
            Assert.Equal(Status.Done, MapSnapshots.Take(me, (OrderedMap*)structure, out MapSnapshot* snapshot));
            List<string> entries = [];
            for (ulong i = 0; i < snapshot->Count; i++)
                entries.Add($"{MapSnapshot.Key(snapshot, i).Int}:{MapSnapshot.Value(snapshot, i).Int}");
            MapSnapshot.Free(me, snapshot);
            return string.Join(' ', entries);
        }
    }

    sealed class SortedMaps() : Entries(isSorted: true)
    {
        protected override nint New(Participant* me) => (nint)Sorted.Create(me, Heap);

        protected override bool IsValid(nint structure)
        {
            Participant* me = Epoch.Join();
            bool isValid = Sorted.IsValid(me, (SortedMap*)structure);
            Epoch.Leave(me);
            return isValid;
        }

        protected override Status Set(Participant* me, nint structure, long key, long value) =>
            Sorted.Set(me, (SortedMap*)structure, Key(key), Value.OfInt(value));

        protected override Status Take(Participant* me, nint structure, long key, out Value value) =>
            Sorted.Take(me, (SortedMap*)structure, Key(key), Guard, out value);

        protected override Status TakeEnd(Participant* me, nint structure, bool isLast, out Value key, out Value value) => isLast
            ? Sorted.PopMax(me, (SortedMap*)structure, Guard, out key, out value)
            : Sorted.PopMin(me, (SortedMap*)structure, Guard, out key, out value);

        protected override Status TakeAt(Participant* me, nint structure, long number, out Value key, out Value value) =>
            Sorted.PopAt(me, (SortedMap*)structure, number, Guard, out key, out value, out _);

        protected override string All(Participant* me, nint structure)
        {
            List<string> entries = [];
            while (Sorted.TakeAt(me, (SortedMap*)structure, entries.Count, out Value key, out Value value) == Status.Done)
                entries.Add($"{key.Int}:{value.Int}");
            return string.Join(' ', entries);
        }
    }

    static Probe Key(long key) => Probe.Of(Value.OfInt(key));

    /// <summary>Small and large maps, threads of operations.</summary>
    public static TheoryData<string, string> Programs()
    {
        TheoryData<string, string> data = [];
        string[] programs =
        [
            "take 0|set 0 200", "take 1|set 1 2", "take 0|set 0 200;set 0 3", "take 1;take 1|set 1 7", "first|set 0 200",
                "first;first|set 0 200;set 0 5", "last|set 1 2",
            "last|take 0", "last;first|set 9 200", "last|set 9 9;set 9 200", "first;first|take 0", "first|last",
        ];
        foreach (string program in programs)
        {
            data.Add("0:1 1:100", program);
            data.Add("0:1 1:100 2:3 3:4 4:5 5:6", program);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void OrderedMapsKeepWhatIsRefused(string state, string programs) =>
        new OrderedMaps().Explore(state, programs, random: 50);

    [Theory]
    [MemberData(nameof(Programs))]
    public void SortedMapsKeepWhatIsRefused(string state, string programs) =>
        new SortedMaps().Explore(state, programs, random: 50);

    [Theory]
    [InlineData("at 1|set 1 2")]
    [InlineData("at 0|set 0 200")]
    [InlineData("at 1;at 0|take 0")]
    [InlineData("at 1|set 1 2;set 9 200")]
    public void SortedMapsKeepWhatIsRefusedByNumber(string programs) =>
        new SortedMaps().Explore("0:1 1:100", programs, random: 50);

    // As the elements have no keys, a state is only their values; "0" is the place of the first.
    sealed class Vectors(bool open) : Schedules
    {
        protected override string Look => "all";

        protected override nint Make(Participant* me, string state)
        {
            SharedVector* vector = Vector.Create(me, Heap, 0, open ? 0 : 1000, isHasty: open);
            foreach (string element in state.Split(' ')) Vector.Append(me, vector, Value.OfInt(Number(element)));
            for (int i = 0; open && i < 4; i++) Vector.Set(me, vector, 0, Value.OfInt(Number(state.Split(' ')[0])));
            Assert.Equal(open ? 1 : 0, vector->Root->Open);
            return (nint)vector;
        }

        protected override bool IsValid(nint structure) => Vector.IsValid((SharedVector*)structure);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedVector* vector = (SharedVector*)structure;
            Value value = default;
            switch (words[0])
            {
                case "set": return $"{Vector.Set(me, vector, Number(words[1]), Value.OfInt(Number(words[2])))}";
                case "append": return $"{Vector.Append(me, vector, Value.OfInt(Number(words[1])))}";
                case "last": return $"{Vector.TakeLast(me, vector, Guard, out value)} {Shown(value)}";
                case "take": return $"{Vector.TakeElement(me, vector, Number(words[1]), Guard, out value)} {Shown(value)}";
            }
            Value* all = stackalloc Value[16];
            Vector.TakeRange(me, vector, 0, all, 16, out long count);
            return string.Join(' ', new Span<Value>(all, (int)count).ToArray().Select(item => item.Int));
        }

        protected override string Model(ref string state, string[] words)
        {
            List<string> elements = [.. state.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            if (words[0] == "all") return state;
            if (words[0] == "append") elements.Add(words[1]);
            int place = words[0] == "last" ? elements.Count - 1 : words[0] == "append" ? 0 : (int)Number(words[1]);
            if (place < 0) place += elements.Count;
            if (place < 0 || place >= elements.Count) return words[0] == "set" ? "Missing" : "Missing ";
            string answer = "Done";
            if (words[0] == "set") elements[place] = words[2];
            else if (words[0] != "append")
            {
                if (Number(elements[place]) >= 100) return "Refused ";
                answer = "Done " + elements[place];
                elements.RemoveAt(place);
            }
            state = string.Join(' ', elements);
            return answer;
        }

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

        static string Shown(Value value) => value.IsEmpty ? "" : $"{value.Int}";
    }

    [Theory]
    [InlineData("last|set 1 2")]
    [InlineData("last|set 1 200;set 1 3")]
    [InlineData("last;last|append 7;append 200")]
    [InlineData("take 0|set 0 200")]
    [InlineData("take 0;take 0|set 1 2")]
    [InlineData("take -2|set 0 200;append 9")]
    [InlineData("take -1|last")]
    public void VectorsKeepWhatIsRefused(string programs)
    {
        new Vectors(open: false).Explore("1 100", programs, random: 50);
        new Vectors(open: true).Explore("1 100", programs, random: 50);
    }

    // The state is the value.
    sealed class Cells : Schedules
    {
        protected override string Look => "get";

        protected override nint Make(Participant* me, string state) => (nint)Cell.Create(me, Heap, Value.OfInt(Number(state)));

        protected override bool IsValid(nint structure) => true;

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            Value value = default;
            return words[0] switch
            {
                "set" => $"{Cell.Set(me, cell, Value.OfInt(Number(words[1])))}",
                "exchange" => $"{Cell.TakeExchange(me, cell, Value.OfInt(Number(words[1])), Guard, out value)} {Shown(value)}",
                _ => $"{Cell.Get(me, cell, out value)} {Shown(value)}",
            };
        }

        protected override string Model(ref string state, string[] words)
        {
            string before = state;
            if (words[0] == "get") return "Done " + before;
            bool isRefused = words[0] == "exchange" && Number(before) >= 100;
            if (isRefused) return "Refused ";
            state = words[1];
            return words[0] == "set" ? "Done" : "Done " + before;
        }

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

        static string Shown(Value value) => value.IsEmpty ? "" : $"{value.Int}";
    }

    [Theory]
    [InlineData("exchange 1|set 200")]
    [InlineData("exchange 1;exchange 2|set 200;set 3")]
    [InlineData("exchange 1|exchange 200;exchange 4")]
    public void CellsKeepWhatIsRefused(string programs)
    {
        new Cells().Explore("5", programs, random: 50);
        new Cells().Explore("100", programs, random: 50);
    }

    [Fact]
    public void KeysAreAskedToo()
    {
        PoolHeap* heap = CheckedHeap.Create("guard");
        Participant* me = Epoch.Join();
        Epoch.Enter(me);
        foreach (int size in new[] { 1, 40 })
        {
            OrderedMap* set = Sets.Create(me, heap);
            for (int i = 0; i < size; i++) Assert.Equal(Status.Done, Sets.Add(me, set, Key(200 - i)));
            Assert.Equal(Status.Refused, Sets.TakeFirst(me, set, Guard, out Value element));
            Assert.True(element.IsEmpty);
            Assert.Equal(Status.Refused, Ordered.TakeLast(me, set, Guard, out Value key, out Value value));
            Assert.True(key.IsEmpty && value.IsEmpty);
            Assert.Equal(Status.Done, Sets.Count(me, set, out ulong count));
            Assert.Equal((ulong)size, count);
            Assert.Equal(Status.Done, Sets.TakeFirst(me, set, default, out element));
            Assert.Equal(200, element.Int);
            Assert.True(MapCheck.IsValid(me, set));
            Reference.Drop(me, (Header*)set);
        }
        Epoch.Exit(me);
        Epoch.Leave(me);
    }
}

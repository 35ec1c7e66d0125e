using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using Records = Symplast.Objects.Record;
using Trees = Symplast.Objects.Shapes;

namespace Symplast.Objects.Tests.Shapes;

public unsafe class RecordScheduleTests
{
    // The state is pairs of name and value, each a character; "-" once deleted.
    sealed class All : Schedules
    {
        protected override string Look => "all";

        protected override nint Make(Participant* me, string state)
        {
            Record* record = Records.Create(me, Heap, Trees.CreateTree(me, Heap), capacity: 1);
            for (int i = 0; i < state.Length; i += 2) NamedAttributes.Set(me, record, Name(state[i]), Value.OfInt(state[i + 1]));
            return (nint)record;
        }

        // Names are integers here: what they are does not matter to shapes.
        static Probe Name(char name) => Probe.Of(Value.OfInt(name));

        protected override bool IsValid(nint record) => Records.IsValid((Record*)record);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            Record* record = (Record*)structure;
            Probe name = Name(words.Length > 1 ? words[1][0] : ' ');
            Value value = Value.OfInt(words[^1][0]);
            Value result = default;
            switch (words[0])
            {
                case "get": return Answer(NamedAttributes.Get(me, record, name, out result), result);
                case "set": return $"{NamedAttributes.Set(me, record, name, value)}";
                case "put": return $"{Put(me, record, name, value)}";
                case "add": return Answer(NamedAttributes.Add(me, record, name, Value.OfInt(1), out result), result);
                case "addq": return Answer(AddCached(me, record, name, out result), result);
                case "cas": return $"{CompareExchangeCached(me, record, name, Probe.Of(Value.OfInt(words[2][0])), value)}";
                case "take": return Answer(NamedAttributes.Take(me, record, name, out result), result);
                case "delete": return $"{Records.Delete(me, record)}";
                default:
                    Value* names = stackalloc Value[8];
                    Value* values = stackalloc Value[8];
                    Status status = NamedAttributes.TakeAll(me, record, names, values, 8, out int count);
                    string all = $"{status}";
                    for (int i = 0; i < count; i++) all += $"{(char)names[i].Int}{(char)values[i].Int}";
                    return all;
            }
        }

        // As a cache does that knows the step from the record's shape to the next.
        static Status Put(Participant* me, Record* record, Probe name, Value value)
        {
            Epoch.Enter(me);
            RecordView view = RecordView.Of(record);
            Status status = Status.Missing;
            if (view.ShapeId != 0)
            {
                Shape* shape = view.Body->Shape;
                bool isNew = shape->Id == view.ShapeId && Shape.Find(shape, name) < 0;
                if (isNew && Trees.Extend(me, Memory.Heap.Of(record), shape, name, out Shape* extended) == Status.Done)
                    status = CachedSlots.Append(me, record, view.ShapeId, extended, value);
            }
            Epoch.Exit(me);
            return status == Status.Missing ? NamedAttributes.Set(me, record, name, value) : status;
        }

        // As a cache does that knows the slot of the record's shape.
        static Status AddCached(Participant* me, Record* record, Probe name, out Value sum)
        {
            Epoch.Enter(me);
            ulong shapeId = Known(me, record, name, out int slot);
            sum = default;
            bool isKnown = CachedSlots.TryAdd(me, record, shapeId, slot, Value.OfInt(1), out sum, out Status status);
            Epoch.Exit(me);
            if (!isKnown && status == Status.Done) throw new InvalidOperationException("nothing was done");
            return isKnown ? status : NamedAttributes.Add(me, record, name, Value.OfInt(1), out sum);
        }

        static Status CompareExchangeCached(Participant* me, Record* record, Probe name, Probe expected, Value value)
        {
            Epoch.Enter(me);
            ulong shapeId = Known(me, record, name, out int slot);
            bool isKnown = CachedSlots.TryCompareExchange(me, record, shapeId, slot, expected, value, out Status status);
            Epoch.Exit(me);
            if (!isKnown && status == Status.Done) throw new InvalidOperationException("nothing was done");
            return isKnown ? status : NamedAttributes.CompareExchange(me, record, name, expected, value, out _);
        }

        // A number that no shape has, if there is nothing to know.
        static ulong Known(Participant* me, Record* record, Probe name, out int slot) =>
            NamedAttributes.Get(me, record, name, out _, out ulong shapeId, out slot) == Status.Done && shapeId != 0
                ? shapeId : ulong.MaxValue;

        static string Answer(Status status, Value value) => status == Status.Done ? $"Done{(char)value.Int}" : $"{status}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            int at = -1;
            for (int i = 0; words.Length > 1 && i < state.Length; i += 2)
            {
                if (state[i] == words[1][0]) at = i;
            }
            string before = at < 0 ? "" : state[..at];
            string after = at < 0 ? "" : state[(at + 2)..];
            switch (words[0])
            {
                case "get": return at < 0 ? "Missing" : "Done" + state[at + 1];
                case "set" or "put":
                    state = at < 0 ? state + words[1] + words[2] : before + words[1] + words[2] + after;
                    return "Done";
                case "cas" when at >= 0 && state[at + 1] == words[2][0]:
                    state = before + words[1] + words[3] + after;
                    return "Done";
                case "add" or "addq" when at >= 0:
                    char sum = (char)(state[at + 1] + 1);
                    state = before + words[1] + sum + after;
                    return "Done" + sum;
                case "take" when at >= 0:
                    char taken = state[at + 1];
                    state = before + after;
                    return "Done" + taken;
                case "delete":
                    state = "-";
                    return "Done";
                case "all": return "Done" + state;
                default: return "Missing";
            }
        }
    }

    [Theory]
    [InlineData("a1", "set b 2;get a|set c 3;get b")]
    [InlineData("a1", "set b 2;set c 3|get b;get c|get c;get b")]
    [InlineData("a1b2", "take a;set a 5|get b;get a|get b")]
    [InlineData("a1b2", "take b;set c 7|get b;get c;get a")]
    [InlineData("a1b2c3", "take a|set b 4;get b|get c;all")]
    [InlineData("a1", "add a;add a|set b 1|add a;take b")]
    [InlineData("a1b2", "delete|set c 3;get a|get b;take a")]
    [InlineData("a1", "delete|delete;get a|add a")]
    [InlineData("a1b2", "put c 3;get b|put d 4;get c")]
    [InlineData("a1b2", "put c 3;put d 4|get d;get c|put c 5")]
    [InlineData("a1b2", "put c 3|take b;get c|all")]
    [InlineData("a1b2", "put c 3;get c|delete|set c 4")]
    [InlineData("a1", "addq a;addq a|addq a|get a")]
    [InlineData("a1b2", "addq b|take a;addq b|get b")]
    [InlineData("a1b2", "addq b;get b|take b;put b 6|addq b")]
    [InlineData("a1b2", "cas b 2 7;get b|addq b|cas b 3 9")]
    [InlineData("a1b2", "cas b 2 7|take a;cas b 2 8|get b")]
    [InlineData("a1b2", "addq b|delete|cas a 1 5;get a")]
    [InlineData("a1b2c3d4", "set e 5;get a|set f 6;get e")]
    [InlineData("a1b2c3d4", "set e 5|put f 6|get e;get f")]
    [InlineData("a1b2c3d4", "set e 5|addq a;get e|take a")]
    [InlineData("a1b2c3d4", "set e 5|all|take d;all")]
    [InlineData("a1b2c3d4", "set e 5|delete|get a;set a 2")]
    [InlineData("a1b2c3d4e5", "set f 6;get a|take a;get f|all")]
    [InlineData("a1b2c3d4e5", "add a;add e|addq a|cas a 2 7")]
    [InlineData("a1b2c3d4e5", "take e;set e 6|all|take a")]
    [InlineData("a1b2c3d4e5", "delete|set f 6;get a|get e;get a")]
    [InlineData("a1b2c3d4e5", "delete|take a;all|add e;get e")]
    public void EveryScheduleIsLinearizable(string state, string programs) => new All().Explore(state, programs);

    [Fact]
    public void AValueThatIsStoredAfterItsShapeIsMissed() =>
        new All().Misses(RecordStep.ValueComesBeforeShape, "a1b2c3", "set d 4|get d");

    [Fact]
    public void AValueThatIsAppendedAfterItsShapeIsMissed() =>
        new All().Misses(RecordStep.ValueComesBeforeShape, "a1b2c3", "put d 4|get d");

    [Fact]
    public void ASlotOfAnotherShapeIsNoticed() => new All().Misses(RecordStep.NumberIsCompared, "a1b2c3", "addq b|take a;get b");

    [Fact]
    public void WhoKnowsTheNumberReadsTheSlotInEverySchedule()
    {
        new Explorer { Preemptions = 3 }.Systematically(Cached());
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { Preemptions = 3, Omission = RecordStep.ValueComesBeforeNumber }.Systematically(Cached()));
    }

    // A cache knows the shape that a record is about to get.
    static Arrange Cached()
    {
        PoolHeap* heap = CheckedHeap.Create("cached");
        return me =>
        {
            Probe name = Probe.Of(Value.OfInt(1));
            Epoch.Enter(me);
            Shape* root = Trees.CreateTree(me, heap);
            Record* example = Records.Create(me, heap, root);
            NamedAttributes.Set(me, example, name, Value.OfInt(1));
            Assert.Equal(Status.Done, NamedAttributes.Get(me, example, name, out _, out ulong shape, out int slot));
            Record* record = Records.Create(me, heap, root);
            Epoch.Exit(me);
            return new Trial([
                it => NamedAttributes.Set(it, record, name, Value.OfInt(7)),
                it =>
                {
                    Status status = KnownSlots.Load(it, record, shape, slot, out Value value);
                    Assert.True(status == Status.Missing || value.Int == 7, "another value");
                }]);
        };
    }

    [Fact]
    public void ATreeHasEachShapeOnceInEverySchedule()
    {
        Arrange arrange = SameNames();
        new Explorer { Preemptions = 2, ScheduleLimit = 5000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 1000, seed: 1);
    }

    [Theory]
    [InlineData(RecordStep.AdditionCompares)]
    [InlineData(RecordStep.NewShapesAreSearched)]
    internal void AStepThatIsLeftOutOfATreeIsMissed(RecordStep step) =>
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { Preemptions = 2, Omission = step }.Systematically(SameNames()));

    static Arrange SameNames()
    {
        PoolHeap* heap = CheckedHeap.Create("trees");
        return me =>
        {
            Epoch.Enter(me);
            Shape* root = Trees.CreateTree(me, heap);
            nint* records = (nint*)Heap.Allocate(me, heap, 64);
            for (int i = 0; i < 3; i++) records[i] = (nint)Records.Create(me, heap, root);
            Epoch.Exit(me);
            Body Of(int number) => it =>
            {
                for (int name = 0; name < 2; name++)
                    NamedAttributes.Set(it, (Record*)records[number], Probe.Of(Value.OfInt(name)), Value.OfInt(number));
            };
            return new Trial([Of(0), Of(1), Of(2)], _ =>
            {
                for (int i = 0; i < 3; i++)
                {
                    Assert.True(Records.IsValid((Record*)records[i]));
                    Assert.True(((Record*)records[0])->Body->Shape == ((Record*)records[i])->Body->Shape);
                }
            });
        };
    }
}

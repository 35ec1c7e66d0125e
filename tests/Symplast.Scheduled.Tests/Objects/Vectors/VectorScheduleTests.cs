using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests.Vectors;

public unsafe class VectorScheduleTests
{
    // The state is the elements, each a character; "-" once deleted. An open root is one where elements are set without the lock;
    // removed are elements that were before the first one.
    sealed class Vectors(bool open, int removed = 0) : Schedules
    {
        protected override string Look => "all";

        protected override nint Make(Participant* me, string state)
        {
            SharedVector* vector = Vector.Create(me, Heap, 0, open ? 0 : 1000, isHasty: open);
            for (int i = 0; i < removed; i++) Vector.Append(me, vector, Value.OfInt('-'));
            foreach (char element in state) Vector.Append(me, vector, Value.OfInt(element));
            for (int i = 0; i < removed; i++) Vector.RemoveElement(me, vector, 0);
            Assert.Equal(removed, VectorRoot.FirstOf(vector->Root->Bounds));
            // Enough sets to open it.
            for (int i = 0; open && i < 4 && state.Length > 0; i++) Vector.Set(me, vector, 0, Value.OfInt(state[0]));
            Assert.Equal(open && state.Length > 0 ? 1 : 0, vector->Root->Open);
            return (nint)vector;
        }

        protected override bool IsValid(nint vector) => Vector.IsValid((SharedVector*)vector);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedVector* vector = (SharedVector*)structure;
            Value value = Value.OfInt(words[^1][0]);
            int index = words.Length > 1 ? words[1][0] - '0' : 0;
            Value result = default;
            long count = 0;
            Value* some = stackalloc Value[16];
            switch (words[0])
            {
                case "get": return Answer(Vector.Get(me, vector, index, out result), result);
                case "set": return $"{Vector.Set(me, vector, index, value)}";
                case "add": return Answer(Vector.Add(me, vector, index, Value.OfInt(1), out result), result);
                case "cas":
                    return $"{Vector.CompareExchange(me, vector, index, Probe.Of(Value.OfInt(words[2][0])), value, out _)}";
                case "append": return $"{Vector.Append(me, vector, value)}";
                case "pop": return Answer(Vector.TakeLast(me, vector, default, out result), result);
                case "insert": return $"{Vector.InsertNear(me, vector, index, value)}";
                case "insert-in-place": return InsertInPlace(me, vector, value);
                case "take": return Answer(Vector.TakeElement(me, vector, index, default, out result), result);
                case "last": return Answer(Vector.GetFromEnd(me, vector, -1 - index, out result), result);
                case "setlast": return $"{Vector.Set(me, vector, -1 - index, value)}";
                case "takelast": return Answer(Vector.TakeElement(me, vector, -1 - index, default, out result), result);
                case "remove": return $"{Vector.Remove(me, vector, Probe.Of(value))}";
                case "cut": return $"{Vector.ReplaceSlice(me, vector, index, long.MaxValue, null, 0)}";
                case "reverse": return $"{Vector.Reverse(me, vector)}";
                case "clear": return $"{Vector.Clear(me, vector)}";
                case "delete": return $"{Vector.Delete(me, vector)}";
                case "count": return Answer(Vector.Count(me, vector, out count), Value.OfInt(count + '0'));
                default:
                    Status status = Vector.TakeRange(me, vector, 0, some, 16, out count);
                    return status + new string([.. new Span<Value>(some, (int)count).ToArray().Select(item => (char)item.Int)]);
            }
        }

        // What InsertFirst would be without a new root: the first place comes back to what it was.
        static string InsertInPlace(Participant* me, SharedVector* vector, Value value)
        {
            Epoch.Enter(me);
            ObjectLock.Enter(&vector->Object.Lock);
            VectorRoot* root = vector->Root;
            *VectorRoot.PlaceOf(root, VectorRoot.FirstOf(root->Bounds) - 1) = value;
            Interleaving.Point();
            root->Bounds--;
            ObjectLock.Exit(&vector->Object.Lock);
            Epoch.Exit(me);
            return "Done";
        }

        static string Answer(Status status, Value value) => status == Status.Done ? $"Done{(char)value.Int}" : $"{status}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            int index = words.Length > 1 ? words[1][0] - '0' : 0;
            string element = words[^1];
            bool inside = index < state.Length;
            switch (words[0])
            {
                case "get": return inside ? "Done" + state[index] : "Missing";
                case "set" when inside:
                    state = state[..index] + element + state[(index + 1)..];
                    return "Done";
                case "add" when inside:
                    state = state[..index] + (char)(state[index] + 1) + state[(index + 1)..];
                    return "Done" + state[index];
                case "cas" when inside && state[index] == words[2][0]:
                    state = state[..index] + element + state[(index + 1)..];
                    return "Done";
                case "append":
                    state += element;
                    return "Done";
                case "pop" when state.Length > 0:
                    char last = state[^1];
                    state = state[..^1];
                    return "Done" + last;
                case "insert" or "insert-in-place":
                    state = state.Insert(Math.Min(index, state.Length), element);
                    return "Done";
                case "take" when inside:
                    char taken = state[index];
                    state = state.Remove(index, 1);
                    return "Done" + taken;
                case "last" when inside: return "Done" + state[^(1 + index)];
                case "setlast" when inside:
                    state = state[..^(1 + index)] + element + state[(state.Length - index)..];
                    return "Done";
                case "takelast" when inside:
                    char before = state[^(1 + index)];
                    state = state.Remove(state.Length - 1 - index, 1);
                    return "Done" + before;
                case "remove" when state.Contains(element[0]):
                    state = state.Remove(state.IndexOf(element[0]), 1);
                    return "Done";
                case "cut":
                    state = state[..Math.Min(index, state.Length)];
                    return "Done";
                case "reverse":
                    state = new string([.. state.Reverse()]);
                    return "Done";
                case "clear":
                    state = "";
                    return "Done";
                case "delete":
                    state = "-";
                    return "Done";
                case "count": return "Done" + (char)(state.Length + '0');
                case "all": return "Done" + state;
                default: return "Missing";
            }
        }
    }

    [Theory]
    [InlineData("ab", "set 0 x;get 0|insert 0 y;get 0")]
    [InlineData("ab", "set 1 x;get 1|pop;append z")]
    [InlineData("abc", "get 2;count|pop;append z")]
    [InlineData("abc", "count;get 2|pop;append z;pop")]
    [InlineData("abc", "get 2;count;get 2|append y;append z;insert 1 w")]
    [InlineData("abc", "set 0 x;set 2 y|reverse;get 0")]
    [InlineData("abc", "set 0 x|set 0 y|insert 0 z")]
    [InlineData("abc", "add 0;add 1|add 0;take 1")]
    [InlineData("abc", "cas 0 a x;get 0|set 0 y|insert 1 w")]
    [InlineData("ab", "clear;append x|append y;count|get 0")]
    [InlineData("ab", "set 0 x;all|set 1 y;all|set 0 z")]
    [InlineData("abc", "take 0;get 1|set 1 x;get 1|get 1;get 1")]
    [InlineData("abcd", "pop;pop;pop|get 3;get 2;get 1;count")]
    [InlineData("abcd", "get 3;get 3;get 3|pop;pop;append x;append y")]
    [InlineData("abcd", "insert 3 w;pop;pop;pop;append x|get 2;count")]
    [InlineData("ab", "last 0;last 1|insert 0 x;pop")]
    [InlineData("ab", "last 0;last 0|append x;take 0;append y")]
    [InlineData("ab", "last 0|take 0;insert 0 y;set 0 z;set 0 w;pop")]
    [InlineData("ab", "setlast 0 x;last 0|append y;append z|last 0")]
    [InlineData("ab", "setlast 1 x;get 0|insert 0 y;set 0 z")]
    [InlineData("abc", "takelast 1;count|insert 0 y;pop|last 1")]
    [InlineData("aba", "remove a;last 0|insert 0 a;get 0|remove a")]
    [InlineData("abc", "cut 1;count|insert 0 y;append z|last 0")]
    [InlineData("ab", "delete|setlast 0 x;last 0|remove b;last 1")]
    [InlineData("ab", "delete|set 0 x;get 0|get 0;get 1")]
    [InlineData("ab", "delete;get 0|append x;count|pop")]
    [InlineData("ab", "delete|delete|set 1 x;count")]
    [InlineData("abc", "get 0;get 1|take 0;insert 0 y;take 0")]
    [InlineData("abc", "take 0;take 0|get 0;get 0;count|pop")]
    [InlineData("abc", "set 1 x;get 1|take 0;set 0 y;insert 0 z")]
    [InlineData("abc", "append z;take 0|take 0;count|get 1")]
    [InlineData("ab", "insert 0 y;insert 0 z|get 0;get 1;count|set 0 x")]
    [InlineData("ab", "take 0;take 0;append x|pop;all|set 0 z")]
    public void EveryScheduleIsLinearizable(string state, string programs)
    {
        new Vectors(open: false).Explore(state, programs);
        new Vectors(open: true).Explore(state, programs);
        new Vectors(open: false, removed: 2).Explore(state, programs);
    }

    [Fact]
    public void ARootWhoseFirstPlaceComesBackWouldShowWhatWasNeverThere()
    {
        const string Before = "get 1|take 0;set 0 x;set 0 y;";
        new Vectors(open: false).Explore("abc", Before + "insert 0 z", preemptions: 3);
        Assert.Throws<ScheduleFailedException>(
            () => new Vectors(open: false).Explore("abc", Before + "insert-in-place 0 z", preemptions: 3, random: 4000));
    }

    [Theory]
    [InlineData(VectorStep.BoundsAreReadAgain, false, "abc", "get 2;count|pop;append z")]
    [InlineData(VectorStep.ElementComesBeforeBounds, false, "ab", "append x|get 2")]
    [InlineData(VectorStep.ElementComesBeforeBounds, false, "ab", "insert 2 x|get 2")]
    [InlineData(VectorStep.OldRootIsGone, false, "abcd", "insert 3 w;pop;pop;pop;append x|get 2;count")]
    [InlineData(VectorStep.FreezingCompares, true, "ab", "set 0 x;get 0|insert 0 y;get 0")]
    [InlineData(VectorStep.SettingCompares, true, "ab", "add 0|add 0")]
    internal void AStepThatIsLeftOutIsMissed(VectorStep step, bool open, string state, string programs) =>
        new Vectors(open).Misses(step, state, programs);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ReferencesAreRightInEverySchedule(bool open)
    {
        Arrange arrange = CountingReferences(open);
        new Explorer { Preemptions = 2, ScheduleLimit = 5000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 1000, seed: 1);
    }

    [Fact]
    public void ADeletionThatLeavesNoMarksLosesReferences() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer { Preemptions = 3, Omission = VectorStep.DeletionMarks }.Systematically(
            CountingReferences(open: true)));

    static Arrange CountingReferences(bool open)
    {
        PoolHeap* heap = CheckedHeap.Create("references");
        return me =>
        {
            Epoch.Enter(me);
            Value first = Value.Of((Header*)Vector.Create(me, heap));
            Value second = Value.Of((Header*)Vector.Create(me, heap));
            SharedVector* vector = Vector.Create(me, heap, 0, open ? 0 : 1000);
            for (int i = 0; i < 2; i++) Vector.Append(me, vector, first);
            if (open) Vector.Set(me, vector, 0, first);
            Epoch.Exit(me);
            return new Trial([
                it => Vector.Set(it, vector, 1, second),
                it => Vector.InsertNear(it, vector, 0, second),
                it => Vector.Delete(it, vector)],
                _ =>
                {
                    Assert.Equal((1, 1), (first.Head->Count, second.Head->Count));
                    Assert.True(Vector.IsValid(vector));
                });
        };
    }
}

using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using Queue = Symplast.Objects.SharedQueue;

namespace Symplast.Objects.Tests.Queues;

public unsafe class QueueScheduleTests
{
    // The state is the elements, each a character, after "." once closed, and before "/" and the number of unfinished elements if
    // this is another number; "-" once deleted.
    sealed class Queues(int capacity) : Schedules
    {
        const long Forever = -1;

        protected override string Look => "count";

        protected override nint Make(Participant* me, string state)
        {
            SharedQueue* queue = Queue.Create(me, Heap, (ulong)capacity, capacity != 0 ? (ulong)capacity : 1, 2);
            foreach (char element in state) Queue.TryPut(me, queue, Value.OfInt(element));
            return (nint)queue;
        }

        protected override bool IsValid(nint queue) => Queue.IsValid((SharedQueue*)queue);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedQueue* queue = (SharedQueue*)structure;
            Value value = Value.OfInt(words[^1][0]);
            Value result = default;
            long count = 0;
            return words[0] switch
            {
                "put" => $"{Queue.TryPut(me, queue, value)}",
                "take" => Answer(Queue.TryTake(me, queue, out result), result),
                "await" => Answer(QueueWaiting.Take(me, queue, out result, Forever, null), result),
                "fill" => $"{QueueWaiting.Put(me, queue, value, Forever, null)}",
                "join" => $"{QueueWaiting.Join(me, queue, Forever, null)}",
                "finish" => $"{Queue.Finish(me, queue)}",
                "unfinished" => Answer(Queue.Unfinished(me, queue, out count), Value.OfInt(count + '0')),
                "close" => $"{Queue.Close(me, queue)}",
                "end" => $"{Queue.Close(me, queue, isEnd: true)}",
                "delete" => $"{Queue.Delete(me, queue)}",
                _ => Answer(Queue.Count(me, queue, out count), Value.OfInt(count + '0')),
            };
        }

        static string Answer(Status status, Value value) => status == Status.Done ? $"Done{(char)value.Int}" : $"{status}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            bool closed = state.StartsWith('.');
            string[] parts = (closed ? state[1..] : state).Split('/');
            string items = parts[0];
            int unfinished = parts.Length > 1 ? parts[1][0] - '0' : items.Length;
            string answer = "Done";
            switch (words[0])
            {
                case "put" or "fill":
                    if (closed) return "Closed";
                    if (capacity != 0 && items.Length == capacity) return "Missing";
                    items += words[^1];
                    unfinished++;
                    break;
                case "take" or "await":
                    if (items.Length == 0) return closed ? "Closed" : "Missing";
                    answer += items[0];
                    items = items[1..];
                    break;
                case "join":
                    return unfinished == 0 ? "Done" : "Missing";
                case "finish":
                    if (unfinished == 0) return "Missing";
                    unfinished--;
                    break;
                case "unfinished":
                    return "Done" + (char)(unfinished + '0');
                case "close" or "end":
                    closed = true;
                    if (words[0] == "close") break;
                    unfinished = Math.Max(0, unfinished - items.Length);
                    items = "";
                    break;
                case "delete":
                    state = "-";
                    return "Done";
                default:
                    return "Done" + (char)(items.Length + '0');
            }
            state = (closed ? "." : "") + items + (unfinished == items.Length ? "" : $"/{unfinished}");
            return answer;
        }
    }

    [Theory]
    [InlineData(0, "", "put a;put b|take;take")]
    [InlineData(0, "", "put a;put b|put c;take|take;take")]
    [InlineData(0, "xy", "put a;put b;take|take;take;count")]
    [InlineData(0, "x", "put a|put b;take;take;count")]
    [InlineData(0, "x", "put a;count|put b;count|take")]
    [InlineData(0, "x", "put a;put b|close;take;take|take;take")]
    [InlineData(0, "xy", "delete|put a;count|take;take")]
    [InlineData(0, "", "put a;take|put b;take|close")]
    [InlineData(0, "x", "delete|delete|take;put a")]
    [InlineData(1, "", "put a;take|put b;take|count")]
    [InlineData(1, "x", "put a;put b|take;take|count")]
    [InlineData(1, "x", "put a;close|take;take|put b")]
    [InlineData(2, "xy", "put a;put b|take;take;count|put c")]
    [InlineData(3, "xyz", "put a;put b|take;take;take|count")]
    [InlineData(2, "x", "delete;take|put a;take|put b;count")]
    [InlineData(0, "x", "take;finish;finish|put a;unfinished|unfinished")]
    [InlineData(0, "xy", "end;count;unfinished|take;put a|take;finish")]
    [InlineData(0, "xy", "end|take;finish;finish;unfinished|unfinished")]
    [InlineData(1, "x", "end;take|finish;unfinished|close;count")]
    [InlineData(0, "xy", "end;count|delete;take|take")]
    public void EveryScheduleIsLinearizable(int capacity, string state, string programs) =>
        new Queues(capacity).Explore(state, programs);

    [Theory]
    [InlineData(QueueStep.PutAwaitsTheTaker, 1, "x", "take|count;put a")]
    [InlineData(QueueStep.TakeAwaitsThePutter, 1, "", "put a|count;take")]
    [InlineData(QueueStep.ElementComesBeforeTurn, 1, "", "put a|take")]
    [InlineData(QueueStep.FullRingIsClosed, 0, "x", "put a|take;take")]
    [InlineData(QueueStep.FlagIsReadFirst, 0, "x", "take;take|put a;close")]
    [InlineData(QueueStep.FirstIsReadAgain, 0, "x", "put a;put b;put c;take;take|take")]
    [InlineData(QueueStep.Signal, 0, "", "await|put a")]
    [InlineData(QueueStep.Signal, 1, "x", "fill a|take")]
    [InlineData(QueueStep.Signal, 0, "x", "join|take;finish")]
    [InlineData(QueueStep.WaiterTriesAgain, 0, "", "await|put a")]
    internal void AStepThatIsLeftOutIsMissed(QueueStep step, int capacity, string state, string programs) =>
        new Queues(capacity).Misses(step, state, programs);

    [Fact]
    public void AWakeThatIsNotPassedOnIsMissed() =>
        new Queues(0).MissesAtRandom(QueueStep.WakeIsPassedOn, "", "await|put a;put b|await", schedules: 20_000);

    [Fact]
    public void ReferencesAreRightInEverySchedule()
    {
        Arrange arrange = CountingReferences();
        new Explorer { Preemptions = 3, ScheduleLimit = 5000 }.Systematically(arrange);
        new Explorer().Randomly(arrange, 1000, seed: 1);
    }

    [Fact]
    public void ADeletionThatDoesNotEndTheRingReleasesWhatOthersTake() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer { Preemptions = 3, Omission = QueueStep.DeletionEndsTheRing }.Systematically(CountingReferences()));

    // What a queue holds while it is deleted is released, or taken, once.
    static Arrange CountingReferences()
    {
        PoolHeap* heap = CheckedHeap.Create("references");
        return me =>
        {
            Epoch.Enter(me);
            Value held = Value.Of((Header*)Queue.Create(me, heap, 0, 1, 2));
            SharedQueue* queue = Queue.Create(me, heap, 0, 1, 2);
            for (int i = 0; i < 2; i++) Queue.TryPut(me, queue, held);
            Epoch.Exit(me);
            return new Trial([
                it => Queue.TryPut(it, queue, held),
                it =>
                {
                    if (Queue.TryTake(it, queue, out Value value) != Status.Done) return;
                    Epoch.Enter(it);
                    Reference.Drop(it, value);
                    Epoch.Exit(it);
                },
                it => Queue.Delete(it, queue)],
                _ =>
                {
                    Assert.Equal(1, held.Head->Count);
                    Assert.True(Queue.IsValid(queue));
                });
        };
    }

    [Theory]
    [InlineData(0, "", "await|put a")]
    [InlineData(0, "", "await|await|put a;put b")]
    [InlineData(0, "", "await;await|put a|put b")]
    [InlineData(0, "", "await|await|close")]
    [InlineData(0, "", "await|await|delete")]
    [InlineData(1, "x", "fill a|take;await")]
    [InlineData(1, "x", "fill a|fill b|take;await;await")]
    [InlineData(1, "x", "fill a|fill b|delete")]
    [InlineData(1, "", "fill a;fill b|await;await")]
    [InlineData(0, "", "await|put a;put b|await")]
    [InlineData(0, "", "await|await|end")]
    [InlineData(0, "x", "join|take;finish")]
    [InlineData(0, "x", "join|join|finish")]
    [InlineData(0, "xy", "join|take;finish|end")]
    public void NoWakeIsLostInAnySchedule(int capacity, string state, string programs) =>
        new Queues(capacity).Explore(state, programs);
}

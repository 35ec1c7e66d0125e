using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Deletion by hand against every operation of every structure, twice, under the deterministic scheduler.</summary>
public sealed unsafe class DeletionScheduleTests
{
    /// <summary>Numbers in the list of all structures, and operations.</summary>
    public static TheoryData<int> Structures => [.. Enumerable.Range(0, Battery.All().Length)];

    [Theory]
    [MemberData(nameof(Structures))]
    public void ItIsFinalReleasesEverythingOnceAndIsAnsweredOnce(int structure)
    {
        Battery battery = Battery.All()[structure];
        PoolHeap* heap = CheckedHeap.Create("deletion");
        foreach (string operation in battery.Operations)
        {
            Arrange arrange = Arrangement(battery, operation, heap);
            new Explorer { Preemptions = 2, ScheduleLimit = 300 }.Systematically(arrange);
            new Explorer().Randomly(arrange, 100, seed: 1);
        }
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public void AnOperationAnswersAsWithoutItOrDeleted(int structure)
    {
        Battery battery = Battery.All()[structure];
        PoolHeap* heap = CheckedHeap.Create("deletion");
        foreach (string operation in battery.Operations)
        {
            Status alone = default;
            new Explorer().Randomly(Answer(battery, operation, heap, isDeleted: false, found => alone = found), 1, seed: 1);
            Arrange arrange = Answer(
                battery, operation, heap, isDeleted: true, found =>
                Assert.True(found == alone || found == Status.Deleted, $"{operation}: {found}, not {alone}"));
            new Explorer { Preemptions = 2, ScheduleLimit = 1500 }.Systematically(arrange);
            new Explorer().Randomly(arrange, 100, seed: 1);
        }
    }

    static Arrange Answer(Battery battery, string operation, PoolHeap* heap, bool isDeleted, Action<Status> check) => me =>
    {
        Epoch.Enter(me);
        Value held = Value.Of((Header*)AtomicInteger.Create(me, heap, 1));
        nint structure = battery.Create(me, heap, held);
        Epoch.Exit(me);
        Status found = default;
        void Operate(Participant* it)
        {
            found = battery.Do(it, structure, operation, held);
            // Once it was deleted for an operation, it is for all that come after.
            if (found != Status.Deleted) return;
            foreach (string next in battery.Operations) Assert.Equal(Status.Deleted, battery.Do(it, structure, next, held));
        }
        void Delete(Participant* it) => battery.Delete(it, structure);
        return new Trial(isDeleted ? [Delete, Operate] : [Operate], it =>
        {
            check(found);
            battery.Drop(it, structure);
            Epoch.Enter(it);
            Reference.Drop(it, held);
            Epoch.Exit(it);
        });
    };

    /// <summary>Steps without which deletion would not be right.</summary>
    public static TheoryData<string> Steps =>
        [nameof(CellStep.DeletionIsOneStep), nameof(CellStep.DeletionLocks), nameof(VectorStep.DeletionMarks),
        nameof(QueueStep.DeletionEndsTheRing)];

    [Theory]
    [MemberData(nameof(Steps))]
    public void AStepThatIsLeftOutIsMissed(string name)
    {
        Enum step = Enum.TryParse(name, out CellStep ofCells)
            ? ofCells : Enum.TryParse(name, out VectorStep ofVectors) ? ofVectors : Enum.Parse<QueueStep>(name);
        PoolHeap* heap = CheckedHeap.Create("deletion");
        Assert.Throws<ScheduleFailedException>(() =>
        {
            foreach (Battery battery in Battery.All().Where(each => each.Steps == step.GetType().Name))
            {
                foreach (string operation in battery.Operations)
                {
                    new Explorer { Preemptions = 2, ScheduleLimit = 5000, Omission = step }.Systematically(
                        Arrangement(battery, operation, heap));
                }
            }
        });
    }

    static Arrange Arrangement(Battery battery, string operation, PoolHeap* heap) => me =>
    {
        long before = Heap.LiveBlocks(heap);
        Epoch.Enter(me);
        Value held = Value.Of((Header*)AtomicInteger.Create(me, heap, 1));
        nint structure = battery.Create(me, heap, held);
        Epoch.Exit(me);
        int deletions = 0;
        void DeleteOnce(Participant* it)
        {
            Status status = battery.Delete(it, structure);
            Assert.True(status is Status.Done or Status.Deleted);
            if (status == Status.Done) deletions++;
            Assert.Equal(Status.Deleted, battery.Do(it, structure, operation, held));
        }
        return new Trial([
            DeleteOnce,
            it =>
            {
                Assert.NotEqual(Status.NoMemory, battery.Do(it, structure, operation, held));
                DeleteOnce(it);
            },
            it => battery.Do(it, structure, operation, held)],
            it =>
            {
                Assert.Equal(1, deletions);
                // What was left is released: only the test has a reference now.
                Assert.Equal(1, held.Head->Count);
                Assert.True(battery.IsValid(it, structure), "invalid");
                battery.Drop(it, structure);
                Epoch.Enter(it);
                Reference.Drop(it, held);
                Epoch.Exit(it);
                Assert.Equal(before, Heap.LiveBlocks(heap));
            });
    };
}

using Symplast.Testing;
using Xunit;
using Count = Symplast.Objects.ReferenceCount;

namespace Symplast.Objects.Tests;

/// <summary>
/// Counts under the deterministic scheduler: who drops the last reference releases the block, once, and nobody has one then.
/// </summary>
public unsafe class ReferenceScheduleTests
{
    // A block with that many references, each of which a thread drops, while others take one if they can.
    static Arrange Arrangement(int droppers, int takers) => _ =>
    {
        int[] count = [droppers];
        int released = 0;
        void Drop()
        {
            if (Count.Drop(ref count[0])) released++;
        }
        void Take()
        {
            if (!Count.TryTake(ref count[0])) return;
            Assert.Equal(0, released);
            Drop();
        }
        return new Trial(
            [.. Enumerable.Repeat<Body>(_ => Drop(), droppers), .. Enumerable.Repeat<Body>(_ => Take(), takers)],
            _ => Assert.Equal((0, 1), (count[0], released)));
    };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    public void ABlockIsReleasedOnceByTheLastOneInEverySchedule(int droppers, int takers) =>
        Assert.True(new Explorer { IsDeep = true, Preemptions = 4 }.Systematically(Arrangement(droppers, takers)).IsComplete);

    [Theory]
    [InlineData(CountStep.TakingCompares, 1, 1)]
    [InlineData(CountStep.DeadStayDead, 1, 1)]
    [InlineData(CountStep.DroppingIsOneStep, 2, 0)]
    internal void AStepThatIsLeftOutIsMissed(CountStep step, int droppers, int takers) =>
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { IsDeep = true, Omission = step }.Systematically(Arrangement(droppers, takers)));
}

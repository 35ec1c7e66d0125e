using Xunit;

namespace Symplast.Testing.Tests;

/// <summary>The model itself: the litmus tests of the literature have the outcomes that they must have, and no others.</summary>
public class WeakMemoryTests
{
    static HashSet<(ulong, ulong)> Outcomes(Func<WeakMemory, (Func<ulong> First, Func<ulong> Second)> threads)
    {
        HashSet<(ulong, ulong)> outcomes = [];
        Assert.True(ExplorerOf(threads, outcomes).IsComplete);
        return outcomes;
    }

    static unsafe Exploration ExplorerOf(
        Func<WeakMemory, (Func<ulong> First, Func<ulong> Second)> threads, HashSet<(ulong, ulong)> outcomes) =>
        new Explorer().Systematically(_ =>
        {
            (Func<ulong> first, Func<ulong> second) = threads(new WeakMemory());
            ulong one = 0, two = 0;
            return new Trial([_ => one = first(), _ => two = second()], _ => outcomes.Add((one, two)));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void StoresAreSeenLateUnlessAFenceComesBetween(bool fenced)
    {
        HashSet<(ulong, ulong)> outcomes = Outcomes(memory =>
        {
            int x = memory.Place(), y = memory.Place();
            WeakMemory.View first = memory.Thread(), second = memory.Thread();
            ulong Run(WeakMemory.View me, int own, int other)
            {
                me.Store(own, 1, release: true);
                if (fenced) me.Fence();
                return me.Load(other, acquire: true);
            }
            return (() => Run(first, x, y), () => Run(second, y, x));
        });
        Assert.Equal(!fenced, outcomes.Contains((0, 0)));
        foreach ((ulong, ulong) outcome in ((ulong, ulong)[])[(0, 1), (1, 0), (1, 1)]) Assert.Contains(outcome, outcomes);
    }

    [Fact]
    public void AFenceInAllThreadsIsAsGoodAsOneInEach()
    {
        HashSet<(ulong, ulong)> outcomes = Outcomes(memory =>
        {
            int x = memory.Place(), y = memory.Place();
            WeakMemory.View first = memory.Thread(), second = memory.Thread();
            ulong WithoutFence()
            {
                first.Store(x, 1, release: true);
                return first.Load(y, acquire: true);
            }
            ulong WithFence()
            {
                second.Store(y, 1);
                second.FenceAll();
                return second.Load(x, acquire: true);
            }
            return (WithoutFence, WithFence);
        });
        Assert.DoesNotContain((0ul, 0ul), outcomes);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void AMessageArrivesWithReleaseAndAcquireOnly(bool release, bool acquire)
    {
        HashSet<(ulong, ulong)> outcomes = Outcomes(memory =>
        {
            int data = memory.Place(), flag = memory.Place();
            WeakMemory.View first = memory.Thread(), second = memory.Thread();
            return (() =>
            {
                first.Store(data, 1);
                first.Store(flag, 1, release);
                return 0;
            }, () => second.Load(flag, acquire) * 10 + second.Load(data));
        });
        Assert.Equal(!(release && acquire), outcomes.Contains((0, 10)));
        Assert.Contains((0ul, 11ul), outcomes);
    }

    [Fact]
    public void APlaceNeverGoesBackForOneThread()
    {
        HashSet<(ulong, ulong)> outcomes = Outcomes(memory =>
        {
            int place = memory.Place();
            WeakMemory.View first = memory.Thread(), second = memory.Thread();
            return (() =>
            {
                first.Store(place, 1);
                first.Store(place, 2);
                return 0;
            }, () => second.Load(place) * 10 + second.Load(place));
        });
        Assert.DoesNotContain((0ul, 10ul), outcomes);
        Assert.DoesNotContain((0ul, 21ul), outcomes);
        Assert.Contains((0ul, 12ul), outcomes);
    }

    [Fact]
    public void AnOutcomeIsReplayed()
    {
        unsafe
        {
            static Trial Failing()
            {
                WeakMemory memory = new();
                int data = memory.Place(), flag = memory.Place();
                WeakMemory.View first = memory.Thread(), second = memory.Thread();
                return new Trial([
                    _ =>
                    {
                        first.Store(data, 1);
                        first.Store(flag, 1);
                    },
                    _ => Assert.False(second.Load(flag) == 1 && second.Load(data) == 0)]);
            }
            ScheduleFailedException failure =
                Assert.Throws<ScheduleFailedException>(() => new Explorer().Randomly(_ => Failing(), 10_000, seed: 1));
            Assert.Contains("/", failure.Schedule);
            Assert.Equal(
                failure.Schedule,
                Assert.Throws<ScheduleFailedException>(() => new Explorer().Replay(_ => Failing(), failure.Schedule)).Schedule);
        }
    }
}

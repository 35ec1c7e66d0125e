using Xunit;

namespace Symplast.Memory.Tests;

public class WordLockTests
{
    [Fact]
    public void AFreeLockIsTakenAndGivenBackOverAndOver()
    {
        WordLock gate = WordLock.Create();
        for (int i = 0; i < 1000; i++)
        {
            gate.Enter();
            gate.Exit();
        }
        gate.Dispose();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void OnlyOneThreadIsInsideAndItSeesWhatTheOneBeforeItWrote(int threads)
    {
        const int Rounds = 50_000;
        WordLock gate = WordLock.Create();
        long counter = 0;
        int inside = 0;
        Together.Run(threads, _ =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                gate.Enter();
                int others = inside++;
                counter++;
                inside--;
                gate.Exit();
                if (others != 0) Assert.Fail("two threads were inside at once");
            }
        });
        Assert.Equal((long)threads * Rounds, counter);
        gate.Dispose();
    }

    [Fact]
    public void EverySleeperIsWokenInTheEnd()
    {
        // The holder gives the processor away while it holds the lock, so that the others run out of spins and sleep.
        WordLock gate = WordLock.Create();
        int entered = 0;
        Together.Run(6, _ =>
        {
            for (int i = 0; i < 500; i++)
            {
                gate.Enter();
                entered++;
                for (int pause = 0; pause < 20; pause++) Thread.Yield();
                gate.Exit();
            }
        });
        Assert.Equal(6 * 500, entered);
        gate.Dispose();
    }

    [Fact]
    public void TwoLocksDoNotExcludeEachOther()
    {
        WordLock first = WordLock.Create();
        WordLock second = WordLock.Create();
        first.Enter();
        Together.Run(2, _ =>
        {
            second.Enter();
            second.Exit();
        });
        first.Exit();
        first.Dispose();
        second.Dispose();
    }
}

using System.Runtime.InteropServices;
using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class FutexTests : IDisposable
{
    readonly int* _word = (int*)NativeMemory.AllocZeroed(sizeof(int));

    public void Dispose() => NativeMemory.Free(_word);

    [Fact]
    public void AWaitForAValueThatIsGoneReturnsAtOnce()
    {
        *_word = 1;
        Futex.Wait(_word, 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public void AWaitEndsWithItsTimeout(long nanoseconds) => Futex.Wait(_word, 0, nanoseconds);

    [Fact]
    public void AWakeWithoutSleepersDoesNothing()
    {
        Futex.Wake(_word, int.MaxValue);
        Assert.Equal(0, *_word);
    }

    [Fact]
    public void TwoThreadsPassATokenToAndFroWithoutLosingAWake()
    {
        const int Rounds = 20_000;
        Together.Run(2, number =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                int mine = 2 * i + number;
                for (int seen = Volatile.Read(ref *_word); seen != mine; seen = Volatile.Read(ref *_word))
                    Futex.Wait(_word, seen);
                Volatile.Write(ref *_word, mine + 1);
                Futex.Wake(_word, 1);
            }
        });
        Assert.Equal(2 * Rounds, *_word);
    }

    [Fact]
    public void AWakeOfAllReachesEverySleeper() => Together.Run(5, number =>
    {
        if (number == 0)
        {
            Volatile.Write(ref *_word, 1);
            Futex.Wake(_word, int.MaxValue);
            return;
        }
        while (Volatile.Read(ref *_word) == 0) Futex.Wait(_word, 0);
    });
}

using System.Runtime.InteropServices;
using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

public unsafe class ObjectLockTests
{
    /// <summary>
    /// The steps of the lock where threads sleep, which <see cref="ObjectLock"/> leaves out under the scheduler.
    /// </summary>
    sealed class Sleepers(bool othersMaySleep)
    {
        // The word, and for each thread whether it sleeps on it.
        readonly int* _words = (int*)NativeMemory.AllocZeroed(4, sizeof(int));

        int* Word => _words;

        int* Asleep(int number) => _words + 1 + number;

        internal Trial Arrange()
        {
            *Word = 1;
            return new Trial([_ => Exit(), _ => Use(0), _ => Use(1)], _ =>
            {
                Assert.Equal((0, 0, 0), (*Word, *Asleep(0), *Asleep(1)));
                NativeMemory.Free(_words);
            });
        }

        void Use(int number)
        {
            Interleaving.Point();
            int held = *Word == 0 ? 1 : 2;
            while (true)
            {
                Interleaving.Point();
                int last = *Word;
                *Word = held;
                if (last == 0) break;
                Interleaving.Point();
                // The kernel compares and puts to sleep in one step.
                if (*Word != 2) continue;
                *Asleep(number) = 1;
                Interleaving.Await(Asleep(number));
                held = othersMaySleep ? 2 : 1;
            }
            Exit();
        }

        void Exit()
        {
            Interleaving.Point();
            int last = *Word;
            *Word = 0;
            if (last != 2) return;
            Interleaving.Point();
            if (*Asleep(0) != 0) *Asleep(0) = 0;
            else *Asleep(1) = 0;
        }
    }

    [Fact]
    public void NoWakeIsLost()
    {
        Exploration all = new Explorer { Preemptions = 3 }.Systematically(_ => new Sleepers(othersMaySleep: true).Arrange());
        Assert.True(all.IsComplete);
    }

    [Fact]
    public void WhoHasSleptMustReckonWithOthersThatSleep()
    {
        ScheduleFailedException failure = Assert.Throws<ScheduleFailedException>(
            () => new Explorer { Preemptions = 3 }.Systematically(_ => new Sleepers(othersMaySleep: false).Arrange()));
        Assert.IsType<NoProgressException>(failure.InnerException);
    }

    [Fact]
    public void WhoSleepsIsWokenAndTheWordIsCleanAfterwards()
    {
        int* word = (int*)NativeMemory.AllocZeroed(64);
        for (int round = 0; round < 20; round++)
        {
            ObjectLock.Enter(word);
            Thread[] waiters = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                ObjectLock.Enter(word);
                ObjectLock.Exit(word);
            }))];
            Array.ForEach(waiters, waiter => waiter.Start());
            // Somebody is about to sleep.
            while (Volatile.Read(ref *word) != 2) Thread.Yield();
            Assert.False(ObjectLock.TryEnter(word));
            ObjectLock.Exit(word);
            Array.ForEach(waiters, waiter => waiter.Join());
            Assert.Equal(0, *word);
        }
        NativeMemory.Free(word);
    }

    [Fact]
    public void ALockExcludesOthersAndWakesWhoSleeps()
    {
        int* word = (int*)NativeMemory.AllocZeroed(64);
        int counter = 0;
        Thread[] threads = [.. Enumerable.Range(0, 6).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                ObjectLock.Enter(word);
                counter++;
                // Giving the processor away now and then makes others run out of spins.
                if (i % 100 == 0) Thread.Yield();
                ObjectLock.Exit(word);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(6 * 2000, counter);
        Assert.Equal(0, *word);
        NativeMemory.Free(word);
    }

    [Fact]
    public void ALockWorksWithThreadsInAndOutsideOfAnExploration()
    {
        int* word = (int*)NativeMemory.AllocZeroed(64);
        ObjectLock.Enter(word);
        Thread outside = new(() =>
        {
            ObjectLock.Enter(word);
            ObjectLock.Exit(word);
        });
        outside.Start();
        ObjectLock.Exit(word);
        outside.Join();
        Assert.Equal(0, *word);
        NativeMemory.Free(word);
    }
}

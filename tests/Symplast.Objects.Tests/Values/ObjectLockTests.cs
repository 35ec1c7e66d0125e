using System.Runtime.InteropServices;
using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests;

public unsafe class ObjectLockTests
{
    /// <summary>
    /// The steps of giving the lock back and going to sleep, where the store of the former becomes visible late. Words: what is held as others see
    /// it, whether it is awaited, whether the waiter sleeps, and whether no store is on its way.
    /// </summary>
    sealed class Handover(bool fences)
    {
        readonly int* _words = (int*)NativeMemory.AllocZeroed(4, sizeof(int));
        bool _isStored;

        int* Held => _words;

        int* Awaited => _words + 1;

        int* Asleep => _words + 2;

        int* Stored => _words + 3;

        internal Trial Arrange()
        {
            *Held = 1;
            *Stored = 1;
            return new Trial([_ => GiveBack(), _ => Sleep(), _ => Drain()], _ =>
            {
                Assert.Equal((0, 0), (*Held, *Asleep));
                NativeMemory.Free(_words);
            });
        }

        void GiveBack()
        {
            Scheduled.Point();
            _isStored = true;
            *Stored = 0;
            Scheduled.Point();
            if (*Awaited == 0) return;
            // Awaited and Held are one word, which the waiter compares and sleeps on as one step.
            *Awaited = 0;
            Scheduled.Point();
            *Asleep = 0;
        }

        void Sleep()
        {
            while (true)
            {
                Scheduled.Point();
                if (*Held == 0) return;
                *Awaited = 1;
                if (fences)
                {
                    Scheduled.Point();
                    MakeVisible();
                }
                Scheduled.Point();
                if (*Held == 0 || *Awaited == 0) continue;
                *Asleep = 1;
                Scheduled.Await(Asleep);
            }
        }

        // Before the store nothing is on its way; the processor makes it visible at any time after it.
        void Drain()
        {
            Scheduled.Await(Stored);
            MakeVisible();
        }

        void MakeVisible()
        {
            if (_isStored) *Held = 0;
        }
    }

    [Fact]
    public void NoWakeIsLostThoughTheReleaseBecomesVisibleLate()
    {
        Exploration all = new Explorer().Systematically(_ => new Handover(fences: true).Arrange());
        Assert.True(all.IsComplete);
    }

    [Fact]
    public void WithoutTheFenceAWakeIsLost()
    {
        ScheduleFailedException failure = Assert.Throws<ScheduleFailedException>(
            () => new Explorer().Systematically(_ => new Handover(fences: false).Arrange()));
        Assert.IsType<NoProgressException>(failure.InnerException);
    }

    [Fact]
    public void WhoSleepsIsWokenAndTheWordIsCleanAfterwards()
    {
        int* word = (int*)NativeMemory.AllocZeroed(64);
        for (int round = 0; round < 20; round++)
        {
            ObjectLock.Enter<Uninterrupted>(word);
            Thread[] waiters = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                ObjectLock.Enter<Uninterrupted>(word);
                ObjectLock.Exit<Uninterrupted>(word);
            }))];
            Array.ForEach(waiters, waiter => waiter.Start());
            // Somebody is about to sleep.
            while (Volatile.Read(ref *((byte*)word + 1)) == 0) Thread.Yield();
            Assert.False(ObjectLock.TryEnter<Uninterrupted>(word));
            ObjectLock.Exit<Uninterrupted>(word);
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
                ObjectLock.Enter<Uninterrupted>(word);
                counter++;
                // Giving the processor away now and then makes others run out of spins.
                if (i % 100 == 0) Thread.Yield();
                ObjectLock.Exit<Uninterrupted>(word);
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
        ObjectLock.Enter<Scheduled>(word);
        Thread outside = new(() =>
        {
            ObjectLock.Enter<Scheduled>(word);
            ObjectLock.Exit<Scheduled>(word);
        });
        outside.Start();
        ObjectLock.Exit<Scheduled>(word);
        outside.Join();
        Assert.Equal(0, *word);
        NativeMemory.Free(word);
    }
}

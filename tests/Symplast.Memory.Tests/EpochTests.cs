using System.Runtime.InteropServices;
using Xunit;

namespace Symplast.Memory.Tests;

public unsafe partial class EpochTests
{
    // Far beyond what any test needs: it only turns a hang into a failure.
    static void Eventually(Func<bool> isTrue)
    {
        long end = Environment.TickCount64 + 60_000;
        while (!isTrue())
        {
            Assert.True(Environment.TickCount64 < end, "it never came true");
            Thread.Yield();
        }
    }

    static void Advance(int times)
    {
        for (int i = 0; i < times; i++) Eventually(Epoch.TryAdvance);
    }

    // Runs a body on a thread that is gone, as far as the kernel is concerned, when this returns.
    static void OnAThreadThatEnds(delegate* unmanaged<void*, void*> body, void* argument = null)
    {
        nint thread;
        Assert.Equal(0, CreateThread(&thread, null, body, argument));
        Assert.Equal(0, JoinThread(thread, null));
    }

    [LibraryImport("libc", EntryPoint = "pthread_create")]
    private static partial int CreateThread(
        nint* thread, void* attributes, delegate* unmanaged<void*, void*> start, void* argument);

    [LibraryImport("libc", EntryPoint = "pthread_join")]
    private static partial int JoinThread(nint thread, void** result);

    [Fact]
    public void SectionsThatAnExceptionLeftOpenCanBeEnded()
    {
        Participant* me = Epoch.JoinUnbound();
        Section outer = Section.Enter(me);
        Section.Enter(me);
        outer.Exit(me);
        Assert.True(Epoch.IsInside(me));
        Epoch.ExitAll(me);
        Assert.False(Epoch.IsInside(me));
        ulong tag = Epoch.Now;
        Advance(2);
        Assert.True(Epoch.HasPassed(tag));
        // Nothing to end.
        Epoch.ExitAll(me);
        Assert.False(Epoch.IsInside(me));
        Epoch.Leave(me);
    }

    [Fact]
    public void WhatWasTaggedPassesAfterTwoAdvancesAndNotBefore()
    {
        ulong tag = Epoch.Now;
        Advance(1);
        Assert.False(Epoch.HasPassed(tag));
        Advance(1);
        Assert.True(Epoch.HasPassed(tag));
        Assert.False(Epoch.HasPassed(Epoch.Now));
    }

    [Fact]
    public void SectionsNestAndOnlyTheOutermostProtects()
    {
        Participant* me = Epoch.Join();
        Assert.False(Epoch.IsInside(me));
        Epoch.Enter(me);
        ulong tag = Epoch.Now;
        Epoch.Enter(me);
        Epoch.Enter(me);
        for (int depth = 3; depth > 0; depth--)
        {
            Assert.True(Epoch.IsInside(me));
            Advance(5);
            Assert.False(Epoch.HasPassed(tag));
            Epoch.Exit(me);
        }
        Assert.False(Epoch.IsInside(me));
        Advance(2);
        Assert.True(Epoch.HasPassed(tag));
        Epoch.Leave(me);
    }

    [Fact]
    public void AnOpenSectionLetsPassWhatWasTaggedLongBeforeIt()
    {
        Participant* me = Epoch.Join();
        ulong old = Epoch.Now;
        Advance(2);
        Epoch.Enter(me);
        ulong tag = Epoch.Now;
        Advance(5);
        Assert.True(Epoch.HasPassed(old));
        Assert.False(Epoch.HasPassed(tag));
        Epoch.Exit(me);
        Epoch.Leave(me);
    }

    [Fact]
    public void ALateAnnouncementOfAnOldEpochHoldsBackWhatComesButNotWhatHasPassed()
    {
        Participant* me = Epoch.Join();
        ulong old = Epoch.Now;
        Advance(10);
        // As if the thread had been interrupted for ten epochs between loading the epoch and announcing it.
        Volatile.Write(ref me->Announced, old << 1 | 1);
        ulong tag = Epoch.Now;
        Advance(10);
        Assert.True(Epoch.HasPassed(old));
        Assert.False(Epoch.HasPassed(tag));
        Volatile.Write(ref me->Announced, 0);
        Advance(1);
        Assert.True(Epoch.HasPassed(tag));
        Epoch.Leave(me);
    }

    [Fact]
    public void SynchronizeWaitsForTheSectionsThatAreOpen()
    {
        const int Rounds = 300;
        using Barrier isOpen = new(3);
        int ended = 0;
        Together.Run(3, number =>
        {
            Participant* me = Epoch.Join();
            for (int round = 1; round <= Rounds; round++)
            {
                if (number != 0) Epoch.Enter(me);
                isOpen.SignalAndWait();
                if (number == 0)
                {
                    Epoch.Synchronize();
                    Assert.Equal(2 * round, Volatile.Read(ref ended));
                }
                else
                {
                    for (int pause = round % 7; pause > 0; pause--) Thread.Yield();
                    Interlocked.Increment(ref ended);
                    Epoch.Exit(me);
                }
                isOpen.SignalAndWait();
            }
            Epoch.Leave(me);
        });
    }

    [Fact]
    public void AThreadThatWouldWaitForItsOwnSectionIsRefused()
    {
        Participant* first = Epoch.Join();
        Participant* second = Epoch.Join();
        foreach (Participant* inside in (Participant*[])[first, second])
        {
            Assert.False(Epoch.IsInsideAny());
            Epoch.Enter(inside);
            Assert.True(Epoch.IsInsideAny());
            Assert.Throws<InvalidOperationException>(Epoch.Synchronize);
            Epoch.Exit(inside);
        }
        Epoch.Synchronize();
        Epoch.Leave(first);
        Epoch.Leave(second);
    }

    [Fact]
    public void TheSectionsOfOthersAndOfTheDeadAreNobodysOwn()
    {
        using Barrier step = new(2);
        Together.Run(2, number =>
        {
            Participant* me = Epoch.Join();
            if (number == 0) Epoch.Enter(me);
            step.SignalAndWait();
            Assert.Equal(number == 0, Epoch.IsInsideAny());
            step.SignalAndWait();
            if (number == 0) Epoch.Exit(me);
            Epoch.Leave(me);
        });
        Participant* dead;
        OnAThreadThatEnds(&EndInsideASection, &dead);
        // As if the number had been given to this thread since.
        dead->Thread = Libc.CurrentThread();
        Assert.False(Epoch.IsInsideAny());
        Assert.Equal(0, dead->Joined);
    }

    [Fact]
    public void SynchronizeDoesNotWaitForSectionsThatBeganLater()
    {
        using Barrier isOpen = new(2);
        using ManualResetEventSlim isLaterOpen = new();
        using ManualResetEventSlim hasReturned = new();
        ulong before = Epoch.Now;
        Together.Run(3, number =>
        {
            Participant* me = Epoch.Join();
            if (number == 0)
            {
                isOpen.SignalAndWait();
                Epoch.Synchronize();
                hasReturned.Set();
            }
            else if (number == 1)
            {
                Epoch.Enter(me);
                isOpen.SignalAndWait();
                isLaterOpen.Wait();
                Epoch.Exit(me);
            }
            else
            {
                // It has begun to wait, and does so until thread 1 sees that this section is open.
                Eventually(() => Epoch.Now > before);
                Epoch.Enter(me);
                isLaterOpen.Set();
                hasReturned.Wait();
                Epoch.Exit(me);
            }
            Epoch.Leave(me);
        });
    }

    [Fact]
    public void OnlyOneOfManyThatAdvanceAtOnceDoesAndTheEpochCountsThem()
    {
        ulong before = Epoch.Now;
        int advanced = 0;
        Together.Run(4, _ =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (Epoch.TryAdvance()) Interlocked.Increment(ref advanced);
            }
        });
        Assert.Equal(before + (ulong)advanced, Epoch.Now);
        Assert.InRange(advanced, 1, 80_000);
    }

    [Fact]
    public void ThreadsJoinAndLeaveByTheThousandInFewPlaces()
    {
        HashSet<nint> places = [];
        for (int round = 0; round < 300; round++)
        {
            Together.Run(8, _ =>
            {
                Participant* me = Epoch.Join();
                lock (places) places.Add((nint)me);
                for (int i = 0; i < 10; i++)
                {
                    Epoch.Enter(me);
                    Epoch.Exit(me);
                    Epoch.TryAdvance();
                }
                Epoch.Leave(me);
            });
        }
        // At most 8 at a time, and those that earlier tests left behind.
        Assert.InRange(places.Count, 1, 64);
        ulong tag = Epoch.Now;
        Advance(2);
        Assert.True(Epoch.HasPassed(tag));
    }

    [Fact]
    public void AThreadMayBeSeveralParticipants()
    {
        Participant* first = Epoch.Join();
        Participant* second = Epoch.Join();
        Assert.True(first != second);
        Epoch.Enter(first);
        ulong tag = Epoch.Now;
        Epoch.Enter(second);
        Epoch.Exit(second);
        Advance(3);
        Assert.False(Epoch.HasPassed(tag));
        Epoch.Exit(first);
        Advance(2);
        Assert.True(Epoch.HasPassed(tag));
        Epoch.Leave(first);
        Epoch.Leave(second);
    }

    [UnmanagedCallersOnly]
    static void* EndInsideASection(void* announced)
    {
        Participant* me = Epoch.Join();
        Epoch.Enter(me);
        Epoch.Enter(me);
        *(Participant**)announced = me;
        return null;
    }

    [UnmanagedCallersOnly]
    static void* EndOutside(void* joined)
    {
        Participant* me = Epoch.Join();
        Epoch.Enter(me);
        Epoch.Exit(me);
        *(Participant**)joined = me;
        return null;
    }

    [Fact]
    public void AThreadThatEndsInsideASectionHoldsNothingBack()
    {
        for (int i = 0; i < 200; i++)
        {
            Participant* dead;
            OnAThreadThatEnds(&EndInsideASection, &dead);
            Assert.NotEqual(0UL, dead->Announced);
            ulong tag = Epoch.Now;
            // It is asked for once it lags by two epochs.
            Advance(4);
            Assert.True(Epoch.HasPassed(tag));
            Assert.Equal(0, dead->Joined);
            Assert.Equal(0UL, dead->Announced);
        }
    }

    [Fact]
    public void SynchronizeReturnsThoughAThreadEndedInsideASection()
    {
        Participant* dead;
        OnAThreadThatEnds(&EndInsideASection, &dead);
        Epoch.Synchronize();
        Assert.Equal(0, dead->Joined);
    }

    [Fact]
    public void ADotNetThreadThatEndsInsideASectionIsFoundToo()
    {
        Together.Run(50, _ => Epoch.Enter(Epoch.Join()));
        ulong tag = Epoch.Now;
        Eventually(() =>
        {
            Epoch.TryAdvance();
            return Epoch.HasPassed(tag);
        });
    }

    [Fact]
    public void ThePlaceOfAThreadThatEndedWithoutLeavingIsUsedAgain()
    {
        HashSet<nint> places = [];
        for (int i = 0; i < 1000; i++)
        {
            Participant* dead;
            OnAThreadThatEnds(&EndOutside, &dead);
            places.Add((nint)dead);
        }
        Assert.InRange(places.Count, 1, 64);
    }

    [Fact]
    public void IdleParticipantsOfDeadThreadsAreFoundWithTime()
    {
        Participant* dead;
        OnAThreadThatEnds(&EndOutside, &dead);
        Advance(64);
        Assert.Equal(0, dead->Joined);
        OnAThreadThatEnds(&EndOutside, &dead);
        Epoch.BuryDead();
        Assert.Equal(0, dead->Joined);
    }

    [Fact]
    public void AThreadThatLivesIsNeverBuried()
    {
        Participant* me = Epoch.Join();
        Epoch.Enter(me);
        Together.Run(2, _ => Advance(200));
        Epoch.BuryDead();
        Assert.Equal(1, me->Joined);
        Assert.NotEqual(0UL, me->Announced);
        Epoch.Exit(me);
        Epoch.Leave(me);
    }

    [Fact]
    public void NobodyCanMakeAnotherThreadLeave()
    {
        Participant* me = Epoch.Join();
        Together.Run(1, _ => Epoch.Leave(me));
        Assert.Equal(1, me->Joined);
        Epoch.Enter(me);
        ulong tag = Epoch.Now;
        Advance(3);
        Assert.False(Epoch.HasPassed(tag));
        Epoch.Exit(me);
        Epoch.Leave(me);
        Assert.Equal(0, me->Joined);
    }

    // Readers follow a pointer to a block that says that it is alive; what is freed says that it is not.
    [Fact]
    public void NoReaderFindsAFreedBlockWhileThreadsComeGoAndDie()
    {
        const ulong Alive = 0x600D_600D_600D_600D;
        const int Swaps = 60_000;
        ulong* blocks = (ulong*)NativeMemory.AllocZeroed(1024 * 64);
        int free = 0;
        nint link = (nint)blocks;
        blocks[0] = Alive;
        bool isOver = false;
        long reads = 0;
        Together.Run(4, number =>
        {
            if (number == 0)
            {
                Queue<(int Block, ulong Tag)> limbo = new();
                Queue<int> pool = new(Enumerable.Range(1, 1023));
                for (int i = 0; i < Swaps; i++)
                {
                    Epoch.TryAdvance();
                    while (limbo.TryPeek(out (int Block, ulong Tag) first) && Epoch.HasPassed(first.Tag))
                    {
                        limbo.Dequeue();
                        blocks[first.Block * 8] = 0xDEAD;
                        pool.Enqueue(first.Block);
                        free++;
                    }
                    if (!pool.TryDequeue(out int next))
                    {
                        Thread.Yield();
                        continue;
                    }
                    blocks[next * 8] = Alive;
                    nint old = Interlocked.Exchange(ref link, (nint)(blocks + next * 8));
                    limbo.Enqueue(((int)((ulong*)old - blocks) / 8, Epoch.Now));
                }
                Volatile.Write(ref isOver, true);
                return;
            }
            long found = 0;
            while (!Volatile.Read(ref isOver))
            {
                Participant* me = Epoch.Join();
                for (int i = 0; i < 5000; i++)
                {
                    Epoch.Enter(me);
                    ulong* block = (ulong*)Volatile.Read(ref link);
                    ulong first = Volatile.Read(ref *block);
                    ulong second = Volatile.Read(ref *block);
                    if (first != Alive || second != Alive) Assert.Fail("a freed block was read");
                    Epoch.Exit(me);
                    found++;
                }
                Epoch.Leave(me);
                if (number == 3)
                {
                    Participant* dead;
                    OnAThreadThatEnds(&EndInsideASection, &dead);
                }
            }
            Interlocked.Add(ref reads, found);
        });
        Assert.True(free > 0 && reads > 0);
        NativeMemory.Free(blocks);
    }
}

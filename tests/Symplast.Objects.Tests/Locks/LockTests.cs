using CsCheck;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

public sealed unsafe class LockTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("locks");
    readonly nint[] _owners = [.. Enumerable.Range(0, 3).Select(i => (nint)LockOwners.Begin(7, (ulong)i + 1))];

    public void Dispose()
    {
        foreach (nint owner in _owners) LockOwners.End((LockOwner*)owner);
        Epoch.Leave(_me);
    }

    SharedLock* Create(bool isReentrant)
    {
        Epoch.Enter(_me);
        SharedLock* made = SharedLock.Create(_me, _heap, isReentrant);
        Epoch.Exit(_me);
        return made;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ALockBehavesAsOneOwnerAndADepth(bool isReentrant) =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2]).Array.Sample(steps =>
        {
            SharedLock* shared = Create(isReentrant);
            int holder = -1;
            long depth = 0;
            foreach ((int kind, int who) in steps)
            {
                LockOwner* owner = (LockOwner*)_owners[who];
                bool isTaken = holder == -1 || isReentrant && holder == who;
                switch (kind)
                {
                    case 0 or 1:
                        Status status = kind == 0
                            ? SharedLock.TryEnter(_me, shared, owner) : SharedLock.Enter(_me, shared, owner, waits: true);
                        Assert.Equal(isTaken ? Status.Done : Status.Missing, status);
                        if (!isTaken) break;
                        holder = who;
                        depth++;
                        break;
                    case 2:
                        bool isGiven = holder != -1 && (!isReentrant || holder == who);
                        Assert.Equal(isGiven ? Status.Done : Status.Missing, SharedLock.Exit(_me, shared, owner));
                        if (isGiven && --depth == 0) holder = -1;
                        break;
                    case 3:
                        bool isOwn = holder == who;
                        Assert.Equal(isOwn ? Status.Done : Status.Missing, SharedLock.ExitOwn(_me, shared, owner));
                        if (isOwn && --depth == 0) holder = -1;
                        break;
                    default:
                        if (holder != who || !isReentrant) break;
                        Assert.Equal(Status.Done, SharedLock.Leave(_me, shared, owner, out long saved));
                        Assert.Equal(depth, saved);
                        Assert.Equal(Status.Done, SharedLock.Enter(_me, shared, owner, waits: false));
                        SharedLock.Restore(_me, shared, saved);
                        break;
                }
                Assert.Equal(Status.Done, SharedLock.Look(_me, shared, out LockOwner* seen, out long seenDepth));
                Assert.Equal(holder == -1 ? 0 : _owners[holder], (nint)seen);
                Assert.Equal(depth, seenDepth);
                Assert.True(SharedLock.IsValid(shared));
            }
        }, iter: 500, threads: 1);

    [Fact]
    public void AnOwnerThatEndsAbandonsItsLocksOnce()
    {
        SharedLock* shared = Create(isReentrant: true);
        LockOwner* owner = LockOwners.Begin(7, 9);
        LockOwner* next = (LockOwner*)_owners[0];
        SharedLock.TryEnter(_me, shared, owner);
        ulong number = LockOwners.NumberOf(owner);
        LockOwners.End(owner);
        LockOwner* reused = LockOwners.Begin(7, 9);
        Assert.True(owner == reused);
        Assert.NotEqual(number, LockOwners.NumberOf(reused));
        // The one that has its record, and its thread's identity, is another one.
        Assert.Equal(Status.Missing, SharedLock.TryEnter(_me, shared, reused));
        Assert.Equal(Status.Missing, SharedLock.Exit(_me, shared, reused));
        Assert.Equal(Status.Abandoned, SharedLock.Enter(_me, shared, next, waits: false));
        Assert.Equal(Status.Done, SharedLock.Enter(_me, shared, reused, waits: false));
        LockOwners.EndThoseOf(7);
        Assert.Equal(0ul, LockOwners.NumberOf(reused));
        Assert.Equal(0ul, LockOwners.NumberOf(next));
        // Those that were given up can neither take nor release.
        Assert.Equal(Status.Closed, SharedLock.TryEnter(_me, shared, next));
        Assert.Equal(Status.Closed, SharedLock.Enter(_me, shared, reused, waits: true));
        Assert.Equal(Status.Closed, SharedLock.Exit(_me, shared, reused));
        LockOwner* other = LockOwners.Begin(8, 0);
        Assert.Equal(Status.Abandoned, SharedLock.Enter(_me, shared, other, waits: false));
        Assert.Equal(Status.Done, SharedLock.Enter(_me, shared, other, waits: false));
        LockOwners.End(other);
    }

    [Fact]
    public void WhoWaitsGetsTheLockAndNoWakeIsLost()
    {
        SharedLock* shared = Create(isReentrant: false);
        long sum = 0;
        void Add(Participant* me)
        {
            LockOwner* owner = LockOwners.Begin(7, 0);
            for (int i = 0; i < 20_000; i++)
            {
                Take(me, shared, owner);
                sum++;
                if (i % 64 == 0) Thread.Yield();
                Assert.Equal(Status.Done, SharedLock.Exit(me, shared, owner));
            }
            LockOwners.End(owner);
        }
        Threads.Run(Add, Add, Add);
        Assert.Equal(60_000, sum);
        Assert.Equal(0ul, shared->Word);
    }

    static void Take(Participant* me, SharedLock* shared, LockOwner* owner)
    {
        Waiter waiter = Waiter.Of(7);
        Status status = SharedLock.Enter(me, shared, owner, waits: false);
        while (status == Status.Missing)
        {
            ParkingLot.Add(&waiter, SharedLock.Event(shared), Heap.Of(shared));
            status = SharedLock.Enter(me, shared, owner, waits: true);
            if (status == Status.Missing) ParkingLot.Sleep(&waiter, long.MaxValue);
            bool wasParked = ParkingLot.Remove(&waiter);
            if (status != Status.Missing && !wasParked) ParkingLot.Unpark(SharedLock.Event(shared));
            else if (status == Status.Missing) status = SharedLock.Enter(me, shared, owner, waits: true);
        }
        Assert.Equal(Status.Done, status);
    }

    [Fact]
    public void ADeletedLockEventOrSemaphoreAnswersDeleted()
    {
        SharedLock* shared = Create(isReentrant: false);
        Epoch.Enter(_me);
        SharedEvent* flag = SharedEvent.Create(_me, _heap);
        SharedSemaphore* semaphore = SharedSemaphore.Create(_me, _heap, 1, 1);
        Epoch.Exit(_me);
        foreach (nint each in new[] { (nint)shared, (nint)flag, (nint)semaphore })
        {
            Assert.Equal(Status.Done, Structures.Delete(_me, (Header*)each));
            Assert.Equal(Status.Deleted, Structures.Delete(_me, (Header*)each));
        }
        ulong since = SharedEvent.Unknown;
        LockOwner* owner = (LockOwner*)_owners[0];
        Assert.Equal(Status.Deleted, SharedLock.TryEnter(_me, shared, owner));
        Assert.Equal(Status.Deleted, SharedLock.Enter(_me, shared, owner, waits: true));
        Assert.Equal(Status.Deleted, SharedLock.Exit(_me, shared, owner));
        Assert.Equal(Status.Deleted, SharedEvent.Look(_me, flag, ref since));
        Assert.Equal(Status.Deleted, SharedEvent.Set(_me, flag));
        Assert.Equal(Status.Deleted, SharedSemaphore.Enter(_me, semaphore, waits: false));
        Assert.Equal(Status.Deleted, SharedSemaphore.Exit(_me, semaphore, 1));
        Epoch.Enter(_me);
        foreach (nint each in new[] { (nint)shared, (nint)flag, (nint)semaphore }) Reference.Drop(_me, (Header*)each);
        Epoch.Exit(_me);
        Assert.Equal(0, Heap.LiveBlocks(_heap));
    }

    [Fact]
    public void ASemaphoreNeverExceedsItsLimit()
    {
        Epoch.Enter(_me);
        SharedSemaphore* bounded = SharedSemaphore.Create(_me, _heap, 2, 2);
        SharedSemaphore* free = SharedSemaphore.Create(_me, _heap, 0, SharedSemaphore.Most);
        Epoch.Exit(_me);
        Assert.Equal(Status.Overflow, SharedSemaphore.Exit(_me, bounded, 1));
        Assert.Equal(Status.Done, SharedSemaphore.Enter(_me, bounded, waits: false));
        Assert.Equal(Status.Overflow, SharedSemaphore.Exit(_me, bounded, 2));
        Assert.Equal(Status.Done, SharedSemaphore.Exit(_me, bounded, 1));
        Assert.Equal(Status.Done, SharedSemaphore.Exit(_me, free, SharedSemaphore.Most - 1));
        Assert.Equal(Status.Done, SharedSemaphore.Exit(_me, free, 1));
        Assert.Equal(Status.Overflow, SharedSemaphore.Exit(_me, free, 1));
        Assert.Equal(Status.Overflow, SharedSemaphore.Exit(_me, free, long.MaxValue));
        SharedSemaphore.Look(_me, free, out long value, out _);
        Assert.Equal(SharedSemaphore.Most, value);
    }
}

using Symplast.Memory;
using Symplast.Testing;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

/// <summary>Waits for conditions as live objects do: see ConditionWait.cs of Symplast.Python.</summary>
public unsafe class ConditionScheduleTests
{
    readonly PoolHeap* _heap = CheckedHeap.Create("conditions");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void NoNotificationIsMissed(int waiters) =>
        new Explorer { Preemptions = 2, ScheduleLimit = 5000 }.Systematically(Notifying(waiters, addsFirst: true));

    [Fact]
    public void AWaiterThatIsAddedAfterTheLockWasReleasedIsMissed() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer { Preemptions = 2, StepLimit = 2000 }.Systematically(Notifying(1, addsFirst: false)));

    // Some threads wait until it is their turn; one gives a turn, with a notification, to each.
    Arrange Notifying(int waiters, bool addsFirst) => me =>
    {
        Epoch.Enter(me);
        SharedLock* shared = SharedLock.Create(me, _heap, isReentrant: false);
        Value held = Value.Of((Header*)shared);
        SharedCondition* condition = SharedCondition.Create(me, _heap, held);
        Epoch.Exit(me);
        LockOwner* owner = LockOwners.Begin(1, 0);
        int turns = 0;
        void Take(Participant* it) => Assert.Equal(Status.Done, Parked.Until(
            waits => SharedLock.Enter(it, shared, owner, waits), SharedLock.Event(shared), _heap));
        Body[] bodies = new Body[waiters + 1];
        for (int i = 0; i < waiters; i++)
        {
            bodies[i] = it =>
            {
                Take(it);
                while (turns == 0)
                {
                    Await(it, condition, shared, owner, addsFirst);
                    Take(it);
                }
                turns--;
                SharedLock.Exit(it, shared, owner);
            };
        }
        bodies[waiters] = it =>
        {
            for (int i = 0; i < waiters; i++)
            {
                Take(it);
                turns++;
                ParkingLot.Unpark(SharedCondition.Event(condition));
                SharedLock.Exit(it, shared, owner);
            }
        };
        return new Trial(bodies, it =>
        {
            Assert.Equal(0, turns);
            LockOwners.End(owner);
            Epoch.Enter(it);
            Reference.Drop(it, held);
            Reference.Drop(it, (Header*)condition);
            Epoch.Exit(it);
        });
    };

    // Releases the lock and waits for a notification.
    void Await(Participant* me, SharedCondition* condition, SharedLock* shared, LockOwner* owner, bool addsFirst)
    {
        Waiter waiter = Waiter.Of(1);
        nuint happening = SharedCondition.Event(condition);
        try
        {
            if (addsFirst) ParkingLot.Add(&waiter, happening, _heap);
            Assert.Equal(Status.Done, SharedLock.Leave(me, shared, owner, out _));
            if (!addsFirst) ParkingLot.Add(&waiter, happening, _heap);
            while (!Waiter.WasUnparked(&waiter)) ParkingLot.Sleep(&waiter, long.MaxValue);
        }
        finally
        {
            // After a failure the thread is unwound, and its stack may not stay in the lot.
            using (Interleaving.Alone()) ParkingLot.Remove(&waiter);
        }
    }
}

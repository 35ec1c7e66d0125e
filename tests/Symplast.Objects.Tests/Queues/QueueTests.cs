using System.Diagnostics;
using CsCheck;
using Symplast.Memory;
using Xunit;
using Cell = Symplast.Objects.AtomicInteger;
using Queue = Symplast.Objects.SharedQueue;

namespace Symplast.Objects.Tests.Queues;

public sealed unsafe class QueueTests : IDisposable
{
    const long Forever = -1;
    const long Second = 1_000_000_000;

    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("queues");

    public void Dispose() => Epoch.Leave(_me);

    SharedQueue* New(ulong capacity, ulong firstRing = 2, ulong largestRing = 8)
    {
        Epoch.Enter(_me);
        SharedQueue* queue = Queue.Create(_me, _heap, capacity, capacity != 0 ? capacity : firstRing, largestRing);
        Epoch.Exit(_me);
        return queue;
    }

    Value NewObject()
    {
        Epoch.Enter(_me);
        Value value = Value.Of((Header*)Cell.Create(_me, _heap, 0));
        Epoch.Exit(_me);
        return value;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void AnyOperationsGiveWhatAFifoGives(int capacity) => Gen.Int[0, 9].Array[0, 200].Sample(
        steps =>
        {
            SharedQueue* queue = New((ulong)capacity, firstRing: 1);
            Queue<long> model = [];
            long next = 0;
            // Growing and shrinking, by turns.
            for (int i = 0; i < steps.Length; i++)
            {
                if (steps[i] < (i / 30 % 2 == 0 ? 7 : 3))
                {
                    bool fits = capacity == 0 || model.Count < capacity;
                    Assert.Equal(fits ? Status.Done : Status.Missing, Queue.TryPut(_me, queue, Value.OfInt(next)));
                    if (fits) model.Enqueue(next++);
                }
                else
                {
                    Assert.Equal(model.Count > 0 ? Status.Done : Status.Missing, Queue.TryTake(_me, queue, out Value value));
                    if (model.Count > 0) Assert.Equal(model.Dequeue(), value.Int);
                }
                Assert.Equal(Status.Done, Queue.Count(_me, queue, out long count));
                Assert.Equal(model.Count, count);
                Assert.True(Queue.IsValid(queue));
            }
            Queue.Close(_me, queue);
            Assert.True(Queue.IsValid(queue));
            Assert.Equal(Status.Closed, Queue.TryPut(_me, queue, Value.None));
            while (model.Count > 0)
            {
                Assert.Equal(Status.Done, Queue.TryTake(_me, queue, out Value value));
                Assert.Equal(model.Dequeue(), value.Int);
            }
            Assert.Equal(Status.Closed, Queue.TryTake(_me, queue, out _));
        },
        iter: 300,
        threads: 1);

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void ADeletedQueueAnswersDeletedAndHoldsNothing(int capacity)
    {
        Value value = NewObject();
        SharedQueue* queue = New((ulong)capacity);
        for (int i = 0; i < 7; i++) Queue.TryPut(_me, queue, value);
        Assert.Equal(1 + (capacity == 0 ? 7 : capacity), value.Head->Count);
        Assert.Equal(Status.Done, Queue.Delete(_me, queue));
        Assert.Equal(Status.Deleted, Queue.Delete(_me, queue));
        Assert.Equal(Status.Deleted, Queue.TryPut(_me, queue, value));
        Assert.Equal(Status.Deleted, Queue.TryTake(_me, queue, out _));
        Assert.Equal(Status.Deleted, Queue.Count(_me, queue, out _));
        Assert.Equal(Status.Deleted, Queue.Close(_me, queue));
        Assert.Equal(Status.Deleted, QueueWaiting.Take(_me, queue, out _, Forever, null));
        Assert.Equal(1, value.Head->Count);
        Assert.True(Queue.IsValid(queue));
    }

    [Fact]
    public void TheLastReferenceReleasesWhatIsInTheQueue()
    {
        Value value = NewObject();
        SharedQueue* queue = New(0);
        SharedQueue* outer = New(0);
        for (int i = 0; i < 20; i++) Queue.TryPut(_me, queue, value);
        Queue.TryPut(_me, outer, Value.Of((Header*)queue));
        Epoch.Enter(_me);
        Reference.Drop(_me, Value.Of((Header*)queue));
        Assert.Equal(21, value.Head->Count);
        Reference.Drop(_me, Value.Of((Header*)outer));
        Assert.Equal(1, value.Head->Count);
        Epoch.Exit(_me);
    }

    [Theory]
    [InlineData(0, 2, 2)]
    [InlineData(1, 2, 2)]
    [InlineData(7, 2, 2)]
    [InlineData(64, 1, 3)]
    [InlineData(0, 3, 1)]
    public void EachItemIsTakenOnceAndInItsProducersOrder(int capacity, int producers, int consumers)
    {
        const int Each = 20_000;
        SharedQueue* queue = New((ulong)capacity);
        List<long>[] taken = [.. Enumerable.Range(0, consumers).Select(_ => new List<long>())];
        int putting = producers;
        void Produce(Participant* me, int number)
        {
            for (int i = 0; i < Each; i++)
                Assert.Equal(Status.Done, QueueWaiting.Put(me, queue, Value.OfInt((long)i << 4 | (long)number), Forever, null));
            if (Interlocked.Decrement(ref putting) == 0) Assert.Equal(Status.Done, Queue.Close(me, queue));
        }
        void Consume(Participant* me, int number)
        {
            Status status;
            while ((status = QueueWaiting.Take(me, queue, out Value value, Forever, null)) == Status.Done)
                taken[number].Add(value.Int);
            Assert.Equal(Status.Closed, status);
        }
        Threads.Run([
            .. Enumerable.Range(0, producers).Select<int, Threads.Body>(number => me => Produce(me, number)),
            .. Enumerable.Range(0, consumers).Select<int, Threads.Body>(number => me => Consume(me, number))]);
        foreach (List<long> items in taken)
        {
            for (int producer = 0; producer < producers; producer++)
            {
                long[] own = [.. items.Where(item => (item & 15) == producer)];
                Assert.Equal(own.Order(), own);
            }
        }
        long[] all = [.. taken.SelectMany(items => items).Order()];
        Assert.Equal(Enumerable.Range(0, producers * Each).Select(i => (long)(i / producers) << 4 | (long)(i % producers)), all);
        Assert.True(Queue.IsValid(queue));
    }

    static void AwaitWaiters(QueueEvent* awaited, int count)
    {
        while (Volatile.Read(ref awaited->Waiters) != count) Thread.Yield();
    }

    [Fact]
    public void AnItemWakesOneWhoWaits()
    {
        SharedQueue* queue = New(0);
        Threads.Run(
            me =>
            {
                Assert.Equal(Status.Done, QueueWaiting.Take(me, queue, out Value value, Forever, null));
                Assert.Equal(5, value.Int);
            },
            me =>
            {
                AwaitWaiters(&queue->Items, 1);
                Assert.Equal(Status.Done, Queue.TryPut(me, queue, Value.OfInt(5)));
            });
        Assert.True(Queue.IsValid(queue));
    }

    [Fact]
    public void RoomWakesOneWhoWaits()
    {
        SharedQueue* queue = New(1);
        Queue.TryPut(_me, queue, Value.OfInt(1));
        Threads.Run(
            me => Assert.Equal(Status.Done, QueueWaiting.Put(me, queue, Value.OfInt(2), Forever, null)),
            me =>
            {
                AwaitWaiters(&queue->Room, 1);
                Assert.Equal(Status.Done, Queue.TryTake(me, queue, out Value value));
                Assert.Equal(1, value.Int);
            });
        Assert.Equal(Status.Done, Queue.TryTake(_me, queue, out Value second));
        Assert.Equal(2, second.Int);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EndingTheQueueWakesAllWhoWait(bool delete)
    {
        SharedQueue* queue = New(1);
        SharedQueue* full = New(1);
        Queue.TryPut(_me, full, Value.OfInt(1));
        Status expected = delete ? Status.Deleted : Status.Closed;
        void Taking(Participant* me) => Assert.Equal(expected, QueueWaiting.Take(me, queue, out _, Forever, null));
        void Putting(Participant* me) => Assert.Equal(expected, QueueWaiting.Put(me, full, Value.None, Forever, null));
        Threads.Run(Taking, Taking, Putting, Putting, me =>
        {
            AwaitWaiters(&queue->Items, 2);
            AwaitWaiters(&full->Room, 2);
            Assert.Equal(Status.Done, delete ? Queue.Delete(me, queue) : Queue.Close(me, queue));
            Assert.Equal(Status.Done, delete ? Queue.Delete(me, full) : Queue.Close(me, full));
        });
        Assert.True(Queue.IsValid(queue));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void WhoJoinsWaitsUntilAllIsFinished(int capacity)
    {
        const int Items = 2000;
        SharedQueue* queue = New((ulong)capacity, firstRing: 1);
        Assert.Equal(Status.Missing, Queue.Finish(_me, queue));
        Assert.Equal(Status.Done, QueueWaiting.Join(_me, queue, 0, null));
        Assert.Equal(Status.Done, Queue.TryPut(_me, queue, Value.None));
        Assert.Equal(Status.TimedOut, QueueWaiting.Join(_me, queue, 1000, null));
        int finished = 0;
        void Work(Participant* me)
        {
            while (QueueWaiting.Take(me, queue, out _, Forever, null) == Status.Done)
            {
                Interlocked.Increment(ref finished);
                Assert.Equal(Status.Done, Queue.Finish(me, queue));
            }
        }
        Threads.Run(Work, Work, me =>
        {
            for (int i = 1; i < Items; i++) QueueWaiting.Put(me, queue, Value.OfInt(i), Forever, null);
            Assert.Equal(Status.Done, QueueWaiting.Join(me, queue, Forever, null));
            Assert.Equal(Items, Volatile.Read(ref finished));
            Assert.Equal(Status.Done, Queue.Close(me, queue));
        });
        Assert.Equal(Status.Missing, Queue.Finish(_me, queue));
        Assert.True(Queue.IsValid(queue));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(20, true)]
    public void EndingReleasesWhatIsLeftAndFinishesIt(int capacity, bool wasClosed)
    {
        Value value = NewObject();
        SharedQueue* queue = New((ulong)capacity);
        for (int i = 0; i < 12; i++) Queue.TryPut(_me, queue, value);
        for (int i = 0; i < 3; i++)
        {
            Queue.TryTake(_me, queue, out Value taken);
            Epoch.Enter(_me);
            Reference.Drop(_me, taken);
            Epoch.Exit(_me);
        }
        Queue.Finish(_me, queue);
        if (wasClosed) Queue.Close(_me, queue);
        Assert.Equal(Status.Done, Queue.Close(_me, queue, isEnd: true));
        Assert.Equal(1, value.Head->Count);
        Assert.Equal(Status.Closed, Queue.TryTake(_me, queue, out _));
        Assert.Equal(Status.Closed, Queue.TryPut(_me, queue, value));
        Assert.Equal(Status.Done, Queue.Count(_me, queue, out long count));
        Assert.Equal(0, count);
        Assert.Equal(Status.Done, Queue.Unfinished(_me, queue, out count));
        Assert.Equal(2, count);
        Assert.Equal(Status.Done, Queue.Close(_me, queue, isEnd: true));
        Assert.True(Queue.IsValid(queue));
        Assert.Equal(Status.Done, Queue.Delete(_me, queue));
        Assert.Equal(1, value.Head->Count);
    }

    [Fact]
    public void ACancelledWaitEnds()
    {
        SharedQueue* queue = New(0);
        int cancelled = 0;
        int* word = &cancelled;
        Threads.Run(
            me => Assert.Equal(Status.TimedOut, QueueWaiting.Take(me, queue, out _, Forever, word)),
            me =>
            {
                AwaitWaiters(&queue->Items, 1);
                Volatile.Write(ref *word, 1);
                QueueWaiting.Interrupt(queue);
            });
    }

    [Fact]
    public void AWaitEndsWhenTheTimeIsUp()
    {
        SharedQueue* queue = New(1);
        Assert.Equal(Status.TimedOut, QueueWaiting.Take(_me, queue, out _, 0, null));
        long start = Environment.TickCount64;
        Assert.Equal(Status.TimedOut, QueueWaiting.Take(_me, queue, out _, Second / 50, null));
        Assert.True(Environment.TickCount64 - start >= 15);
        Queue.TryPut(_me, queue, Value.None);
        Assert.Equal(Status.TimedOut, QueueWaiting.Put(_me, queue, Value.None, 1000, null));
        Assert.True(Queue.IsValid(queue));
    }

    [Fact]
    public void OneWhoStopsWaitingPassesItsWakeOn()
    {
        // All threads but one give up at once, again and again; each item must reach the one that stays although the wake may be
        // another's.
        const int Items = 1000;
        SharedQueue* queue = New(0);
        int left = 1;
        void Impatient(Participant* me)
        {
            while (Volatile.Read(ref left) != 0)
            {
                QueueWaiting.BeginWait(me, queue, QueueSide.Items);
                Waiter waiter = Waiter.Of(me);
                ParkingLot.Add(&waiter, QueueWaiting.Happening(queue, QueueSide.Items), _heap);
                ParkingLot.Sleep(&waiter, Stopwatch.GetTimestamp() + Second);
                if (!ParkingLot.Remove(&waiter)) QueueWaiting.Signal(queue, QueueSide.Items, isAwaited: true);
                QueueWaiting.EndWait(me, queue, QueueSide.Items);
            }
        }
        void Patient(Participant* me)
        {
            for (int i = 0; i < Items; i++)
            {
                Assert.Equal(Status.Done, QueueWaiting.Take(me, queue, out Value value, 20 * Second, null));
                Assert.Equal(i, value.Int);
            }
            Volatile.Write(ref left, 0);
            QueueWaiting.Interrupt(queue);
        }
        void Produce(Participant* me)
        {
            for (int i = 0; i < Items; i++)
            {
                // One at a time, so that there is nothing left to take for the one who wakes.
                long count;
                while (Queue.Count(me, queue, out count) == Status.Done && count > 0) Thread.Yield();
                Queue.TryPut(me, queue, Value.OfInt(i));
            }
        }
        Threads.Run(Patient, Impatient, Produce);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void ReferencesAreReleasedOnceWhateverRunsWhileAQueueIsDeleted(int capacity)
    {
        Value value = NewObject();
        for (int round = 0; round < 300; round++)
        {
            SharedQueue* queue = New((ulong)capacity);
            void Change(Participant* me, int seed)
            {
                Random random = new(seed);
                Status status = Status.Done;
                while (status is not (Status.Deleted or Status.Closed))
                {
                    Value taken = default;
                    status = random.Next(5) < 3 ? Queue.TryPut(me, queue, value) : Queue.TryTake(me, queue, out taken);
                    Epoch.Enter(me);
                    Reference.Drop(me, taken);
                    Epoch.Exit(me);
                }
            }
            int deletions = 0;
            void Delete(Participant* me)
            {
                Thread.Yield();
                if (Queue.Delete(me, queue) == Status.Done) Interlocked.Increment(ref deletions);
            }
            Threads.Run(me => Change(me, round), me => Change(me, ~round), Delete, Delete);
            Assert.Equal(1, deletions);
            Assert.Equal(1, value.Head->Count);
            Assert.True(Queue.IsValid(queue));
        }
    }
}

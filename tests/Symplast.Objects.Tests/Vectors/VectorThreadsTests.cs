using Symplast.Memory;
using Xunit;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests.Vectors;

public sealed unsafe class VectorThreadsTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("vector threads");

    public void Dispose() => Epoch.Leave(_me);

    SharedVector* New(int firstShift, int patience)
    {
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, _heap, firstShift, patience);
        Epoch.Exit(_me);
        return vector;
    }

    struct ByBits : IValueOrder
    {
        public bool Precedes(Value left, Value right) => left.Bits < right.Bits;

        public readonly bool Failed => false;
    }

    [Fact]
    public void EveryAppendedElementIsThereOnceAndInItsThreadsOrder()
    {
        const int Each = 50_000;
        SharedVector* vector = New(0, 3);
        void Append(Participant* me, int thread)
        {
            for (int i = 0; i < Each; i++)
                Assert.Equal(Status.Done, Vector.Append(me, vector, Value.OfInt((long)i << 2 | (long)thread)));
        }
        void Look(Participant* me)
        {
            long before = 0;
            while (before < 3 * Each)
            {
                Vector.Count(me, vector, out long count);
                Assert.True(count >= before);
                if (count > 0)
                {
                    Assert.Equal(Status.Done, Vector.Get(me, vector, count - 1, out Value value));
                    Assert.True(value.IsInt);
                }
                before = count;
            }
        }
        Threads.Run(me => Append(me, 0), me => Append(me, 1), me => Append(me, 2), Look);
        long[] next = new long[3];
        for (int i = 0; i < 3 * Each; i++)
        {
            Vector.Get(_me, vector, i, out Value value);
            Assert.Equal(next[value.Int & 3]++, value.Int >> 2);
        }
        Assert.True(Vector.IsValid(vector));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void NoSetIsLostWhileElementsMove(int patience)
    {
        // Thread t owns the element that carries t: it finds it, since others insert before it, and adds to it by compare and
        // exchange.
        const int Adds = 20_000;
        SharedVector* vector = New(1, patience);
        Vector.Append(_me, vector, Value.OfInt(0));
        Vector.Append(_me, vector, Value.OfInt(0));
        int running = 2;
        void Count(Participant* me, int place)
        {
            for (int i = 0; i < Adds; i++) Assert.Equal(Status.Done, Vector.Add(me, vector, place, Value.OfInt(1), out _));
            Interlocked.Decrement(ref running);
        }
        void Move(Participant* me)
        {
            for (int i = 0; Volatile.Read(ref running) > 0; i++)
            {
                Assert.Equal(Status.Done, Vector.InsertNear(me, vector, 2, Value.OfInt(i)));
                if (i % 3 != 0) Assert.Equal(Status.Done, Vector.RemoveElement(me, vector, 2));
                if (i % 64 == 0) Assert.Equal(Status.Done, Vector.ReplaceSlice(me, vector, 2, i % 3 != 0 ? 2 : 3, null, 0));
                Vector.Count(me, vector, out long count);
                if (count > 40) Assert.Equal(Status.Done, Vector.ReplaceSlice(me, vector, 2, count, null, 0));
            }
        }
        Threads.Run(me => Count(me, 0), me => Count(me, 1), Move);
        Vector.Get(_me, vector, 0, out Value first);
        Vector.Get(_me, vector, 1, out Value second);
        Assert.Equal((Adds, Adds), (first.Int, second.Int));
        Assert.True(Vector.IsValid(vector));
    }

    [Fact]
    public void AVectorServesAsAQueueWhileOthersRead()
    {
        // Numbers in a row are appended by one thread and taken from the front by another: an index, once read, never shows a
        // number that was before it.
        const int Each = 60_000;
        SharedVector* vector = New(0, 1000);
        int isDone = 0;
        void Put(Participant* me)
        {
            for (int i = 0; i < Each; i++) Assert.Equal(Status.Done, Vector.Append(me, vector, Value.OfInt(i)));
        }
        void Take(Participant* me)
        {
            for (int i = 0; i < Each;)
            {
                Status status = Vector.TakeElement(me, vector, 0, default, out Value value);
                if (status == Status.Done) Assert.Equal(i++, value.Int);
                else Thread.Yield();
                // Sometimes one goes back for a moment.
                if (status == Status.Done && i % 50 == 0)
                {
                    Vector.InsertNear(me, vector, 0, value);
                    i--;
                    Vector.TakeElement(me, vector, 0, default, out value);
                    Assert.Equal(i++, value.Int);
                }
            }
            Volatile.Write(ref isDone, 1);
        }
        void Look(Participant* me)
        {
            long last = 0;
            while (Volatile.Read(ref isDone) == 0)
            {
                // One less may come back.
                if (Vector.Get(me, vector, 3, out Value value) != Status.Done) continue;
                Assert.InRange(value.Int, last - 1, Each);
                last = Math.Max(last, value.Int);
            }
        }
        Threads.Run(Put, Take, Look);
        Assert.True(Vector.IsValid(vector));
    }

    [Fact]
    public void ASnapshotIsOfOneInstantAndSortingLosesNothing()
    {
        // Transfers: the sum of all elements is 0 at every instant between two of them, and a thread does one at a time, so it is
        // at most 1 off per thread.
        const int Size = 64;
        SharedVector* vector = New(1, 8);
        for (int i = 0; i < Size; i++) Vector.Append(_me, vector, Value.OfInt(0));
        int running = 2;
        void Transfer(Participant* me, int seed)
        {
            Random random = new(seed);
            for (int i = 0; i < 30_000; i++)
            {
                Vector.Add(me, vector, random.Next(Size), Value.OfInt(-1), out _);
                Vector.Add(me, vector, random.Next(Size), Value.OfInt(1), out _);
            }
            Interlocked.Decrement(ref running);
        }
        void Observe(Participant* me)
        {
            ByBits order = default;
            while (Volatile.Read(ref running) > 0)
            {
                Assert.Equal(Status.Done, Vector.Snapshot(me, vector, out VectorSnapshot snapshot));
                long sum = 0;
                for (int i = 0; i < Size; i++) sum += snapshot.Items[i].Int;
                Assert.InRange(sum, -2, 0);
                snapshot.Release(me);
                Assert.True(Vector.Sort(me, vector, ref order) is Status.Done or Status.Missing);
            }
        }
        Threads.Run(me => Transfer(me, 1), me => Transfer(me, 2), Observe);
        Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot last));
        long total = 0;
        for (int i = 0; i < Size; i++) total += last.Items[i].Int;
        Assert.Equal((0, Size), (total, last.Count));
        last.Release(_me);
    }

    [Fact]
    public void ReferencesAreReleasedOnceWhateverRunsWhileAVectorIsDeleted()
    {
        Epoch.Enter(_me);
        Value[] values = [.. Enumerable.Range(0, 4).Select(_ => Value.Of((Header*)Vector.Create(_me, _heap)))];
        Epoch.Exit(_me);
        for (int round = 0; round < 300; round++)
        {
            SharedVector* vector = New(0, round % 2 == 0 ? 0 : 1000);
            for (int i = 0; i < 8; i++) Vector.Append(_me, vector, values[i % 4]);
            void Change(Participant* me, int seed)
            {
                Random random = new(seed);
                while (true)
                {
                    Value value = values[random.Next(4)];
                    Value taken = default;
                    Status status = random.Next(6) switch
                    {
                        0 => Vector.Append(me, vector, value),
                        1 => Vector.TakeLast(me, vector, default, out taken),
                        2 => Vector.InsertNear(me, vector, 0, value),
                        3 => Vector.RemoveElement(me, vector, 0),
                        4 => Vector.Reverse(me, vector),
                        _ => Vector.Set(me, vector, random.Next(4), value),
                    };
                    Epoch.Enter(me);
                    Reference.Drop(me, taken);
                    Epoch.Exit(me);
                    if (status == Status.Deleted) return;
                }
            }
            int deletions = 0;
            void Delete(Participant* me)
            {
                Thread.Yield();
                if (Vector.Delete(me, vector) == Status.Done) Interlocked.Increment(ref deletions);
            }
            Threads.Run(me => Change(me, round), me => Change(me, ~round), Delete, Delete);
            Assert.Equal(1, deletions);
            Assert.All(values, value => Assert.Equal(1, value.Head->Count));
        }
    }
}

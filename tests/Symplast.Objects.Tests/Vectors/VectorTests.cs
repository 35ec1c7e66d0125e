using CsCheck;
using Symplast.Memory;
using Xunit;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests.Vectors;

public sealed unsafe class VectorTests : IDisposable
{
    readonly Pool _pool = Pool.Create("vectors");
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap;

    public VectorTests() => _heap = _pool.LiveHeap();

    public void Dispose() => Epoch.Leave(_me);

    SharedVector* New(int firstShift = 0, int patience = 3)
    {
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, _heap, firstShift, patience);
        Epoch.Exit(_me);
        return vector;
    }

    // A counted value, so that references are checked as well: a vector is the simplest one that can die.
    Value NewObject() => Value.Of((Header*)New());

    static int ReferencesTo(Value value) => value.Head->Count;

    Value[] Contents(SharedVector* vector)
    {
        Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot snapshot));
        Value[] values = new Span<Value>(snapshot.Items, (int)snapshot.Count).ToArray();
        snapshot.Release(_me);
        return values;
    }

    struct ByInteger : IValueOrder
    {
        public bool Precedes(Value left, Value right) => left.Int >> 8 < right.Int >> 8;

        public readonly bool Failed => false;
    }

    struct Failing : IValueOrder
    {
        internal int Left;

        public bool Precedes(Value left, Value right)
        {
            Left--;
            return left.Bits < right.Bits;
        }

        public readonly bool Failed => Left <= 0;
    }

    // At the first reference the root is replaced by one that shares its buckets, and that one is opened and closed.
    struct Moving : IReferenceVisitor
    {
        internal Participant* Me;
        internal SharedVector* Shared;
        internal int Times;

        public void Visit(Header* target)
        {
            if (Times++ > 0) return;
            for (VectorRoot* old = Shared->Root; Shared->Root == old;) Vector.Append(Me, Shared, Value.None);
            while (Shared->Root->Open == 0) Vector.Set(Me, Shared, 3, Value.None);
            Vector.RemoveElement(Me, Shared, 3);
        }
    }

    // What happened, as text: results are compared, not only the final state.
    static readonly Gen<(int Kind, int Index, int Number)[]> Steps =
        Gen.Select(Gen.Int[0, 19], Gen.Int[0, 40], Gen.Int[0, 1000]).Array[0, 120];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 3)]
    [InlineData(1, 1000)]
    [InlineData(3, 1)]
    public void AnyOperationsGiveWhatAListGives(int firstShift, int patience) => Steps.Sample(
        steps =>
        {
            SharedVector* vector = New(firstShift, patience);
            List<long> model = [];
            foreach ((int kind, int index, int number) in steps)
            {
                Step(vector, model, kind, index, number);
                Assert.True(Vector.IsValid(vector));
            }
            Assert.Equal(model, Contents(vector).Select(value => value.Int));
        },
        iter: 400,
        threads: 1);

    void Step(SharedVector* vector, List<long> model, int kind, int index, int number)
    {
        Value value = Value.OfInt(number);
        bool inside = index < model.Count;
        Status atIndex = inside ? Status.Done : Status.Missing;
        Value* some = stackalloc Value[20];
        switch (kind)
        {
            case 0 or 1 or 2:
                Assert.Equal(Status.Done, Vector.Append(_me, vector, value));
                model.Add(number);
                break;
            case 3 or 4 or 5:
                Assert.Equal(atIndex, Vector.Set(_me, vector, index, value));
                if (inside) model[index] = number;
                break;
            case 6:
                Assert.Equal(model.Count > 0 ? Status.Done : Status.Missing,
                    Vector.TakeLast(_me, vector, default, out Value last));
                if (model.Count == 0) break;
                Assert.Equal(model[^1], last.Int);
                model.RemoveAt(model.Count - 1);
                break;
            case 7:
                Assert.Equal(Status.Done, Vector.InsertNear(_me, vector, index, value));
                model.Insert(Math.Min(index, model.Count), number);
                break;
            case 8:
                Assert.Equal(atIndex, Vector.TakeElement(_me, vector, index, default, out Value taken));
                if (!inside) break;
                Assert.Equal(model[index], taken.Int);
                model.RemoveAt(index);
                break;
            case 9:
                int count = number % 20;
                for (int i = 0; i < count; i++) some[i] = Value.OfInt(number + i);
                int removed = number / 20 % 10;
                Assert.Equal(Status.Done, Vector.ReplaceSlice(_me, vector, index, index + removed, some, count));
                int start = Math.Min(index, model.Count);
                model.RemoveRange(start, Math.Min(removed, model.Count - start));
                model.InsertRange(start, Enumerable.Range(number, count).Select(i => (long)i));
                break;
            case 10:
                Assert.Equal(Status.Done, Vector.Reverse(_me, vector));
                model.Reverse();
                break;
            case 11:
                ByInteger order = default;
                Assert.Equal(Status.Done, Vector.Sort(_me, vector, ref order));
                List<long> sorted = [.. model.OrderBy(n => n >> 8)];
                model.Clear();
                model.AddRange(sorted);
                break;
            case 12:
                Assert.Equal(atIndex, Vector.Add(_me, vector, index, value, out Value sum));
                if (inside) Assert.Equal(model[index] += number, sum.Int);
                break;
            case 13:
                long expected = inside && number % 2 == 0 ? model[index] : -1;
                Status status =
                    Vector.CompareExchange(_me, vector, index, Probe.Of(Value.OfInt(expected)), value, out Value seen);
                Assert.Equal(expected >= 0 ? Status.Done : Status.Missing, status);
                if (inside) Assert.Equal(model[index], seen.Int);
                if (status == Status.Done) model[index] = number;
                break;
            case 14:
                Assert.Equal(
                    model.IndexOf(number) >= 0
                    ? Status.Done
                    : Status.Missing, Vector.IndexOf(_me, vector, Probe.Of(value), 0, long.MaxValue, out long found));
                Assert.Equal(model.IndexOf(number), found);
                if (number % 10 != 0) break;
                Assert.Equal(Status.Done, Vector.Clear(_me, vector));
                model.Clear();
                break;
            case 16 or 17:
                Assert.Equal(Status.Done, Vector.InsertNear(_me, vector, 0, value));
                model.Insert(0, number);
                break;
            case 18 or 19:
                Assert.Equal(model.Count > 0 ? Status.Done : Status.Missing,
                    Vector.TakeElement(_me, vector, 0, default, out Value first));
                if (model.Count == 0) break;
                Assert.Equal(model[0], first.Int);
                model.RemoveAt(0);
                break;
            default:
                Assert.Equal(Status.Done, Vector.Count(_me, vector, out long length));
                Assert.Equal(model.Count, length);
                Assert.Equal(atIndex, Vector.Get(_me, vector, index, out Value got));
                if (inside) Assert.Equal(model[index], got.Int);
                break;
        }
    }

    [Fact]
    public void RemovingAndInsertingTheFirstElementCopiesNothingAsARule()
    {
        const int Size = 1000;
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, _heap);
        Epoch.Exit(_me);
        Queue<long> model = new();
        for (int i = 0; i < Size; i++) Vector.Append(_me, vector, Value.OfInt(i));
        for (int i = 0; i < Size; i++) model.Enqueue(i);
        int copies = 0;
        void Watch(Func<Status> change)
        {
            Value* last = VectorRoot.PlaceOf(vector->Root, VectorRoot.EndOf(vector->Root->Bounds) - 1);
            Assert.Equal(Status.Done, change());
            VectorRoot* root = vector->Root;
            if (VectorRoot.PlaceOf(root, VectorRoot.EndOf(root->Bounds) - 1) != last) copies++;
        }
        for (int i = 0; i < 10 * Size; i++)
        {
            Watch(() =>
            {
                Status status = Vector.TakeElement(_me, vector, 0, default, out Value first);
                Assert.Equal(model.Dequeue(), first.Int);
                return status;
            });
            Assert.Equal(Status.Done, Vector.Append(_me, vector, Value.OfInt(i)));
            model.Enqueue(i);
        }
        Assert.InRange(copies, 1, 10);
        // What lies before the first element is never more than the rest.
        Assert.InRange(VectorRoot.EndOf(vector->Root->Bounds), Size, 2 * Size + 1);
        for (int i = 0; i < 20 * Size; i++) Watch(() => Vector.InsertNear(_me, vector, 0, Value.OfInt(-i)));
        Assert.InRange(copies, 1, 30);
        Assert.Equal(
            Enumerable.Range(0, 20 * Size).Select(i => -(long)i).Reverse().Concat(model),
            Contents(vector).Select(value => value.Int));
        Assert.True(Vector.IsValid(vector));
    }

    [Fact]
    public void ReferencesAreFollowedWhileTheElementsMove()
    {
        SharedVector* vector = New(patience: 0);
        for (int i = 0; i < 4; i++) Vector.Append(_me, vector, NewObject());
        Moving moving = new() { Me = _me, Shared = vector };
        Parts.Follow(_me, (Header*)vector, ref moving);
        // An element that moves may be missed.
        Assert.InRange(moving.Times, 1, 4);
        Assert.True(Vector.IsValid(vector));
    }

    [Fact]
    public void OneThreadSetsElementsUnderTheLockAndCollisionsOpenTheVector()
    {
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, _heap, 0, patience: 0, isHasty: false);
        Epoch.Exit(_me);
        Vector.Append(_me, vector, Value.OfInt(0));
        for (int i = 0; i < 100; i++) Assert.Equal(Status.Done, Vector.Set(_me, vector, 0, Value.OfInt(i)));
        Assert.Equal(0, vector->Root->Open);
        Epoch.Enter(_me);
        ObjectLock.Enter(&vector->Object.Lock);
        Thread other = new(() =>
        {
            Participant* me = Epoch.Join();
            Assert.Equal(Status.Done, Vector.Set(me, vector, 0, Value.OfInt(7)));
            Epoch.Leave(me);
        });
        other.Start();
        // It waits, so it has found the lock taken.
        while (Volatile.Read(ref vector->Object.Lock) == 1) Thread.Yield();
        ObjectLock.Exit(&vector->Object.Lock);
        Epoch.Exit(_me);
        other.Join();
        Assert.Equal(1, vector->Root->Open);
        Assert.Equal([7L], Contents(vector).Select(value => value.Int));
    }

    [Fact]
    public void EachElementHoldsOneReferenceUntilItIsOut()
    {
        Value value = NewObject();
        Value other = NewObject();
        SharedVector* vector = New();
        for (int i = 0; i < 5; i++) Vector.Append(_me, vector, value);
        Assert.Equal(6, ReferencesTo(value));
        for (int i = 0; i < 20; i++) Vector.Set(_me, vector, 1, other);
        Assert.Equal((5, 2), (ReferencesTo(value), ReferencesTo(other)));
        Vector.InsertNear(_me, vector, 2, other);
        Vector.RemoveElement(_me, vector, 0);
        Assert.Equal((4, 3), (ReferencesTo(value), ReferencesTo(other)));
        Vector.Reverse(_me, vector);
        Assert.Equal(Status.Missing, Vector.CompareExchange(_me, vector, 0, Probe.Of(other), other, out _));
        Assert.Equal(Status.Done, Vector.CompareExchange(_me, vector, 0, Probe.Of(value), other, out _));
        Assert.Equal((3, 4), (ReferencesTo(value), ReferencesTo(other)));
        Assert.Equal(Status.WrongKind, Vector.Add(_me, vector, 0, Value.OfInt(1), out _));
        Assert.Equal(Status.Done, Vector.TakeLast(_me, vector, default, out Value taken));
        Assert.Equal(taken == value ? 3 : 4, ReferencesTo(taken));
        Epoch.Enter(_me);
        Reference.Drop(_me, taken);
        Epoch.Exit(_me);
        Assert.Equal(Status.Done, Vector.Clear(_me, vector));
        Assert.Equal((1, 1), (ReferencesTo(value), ReferencesTo(other)));
    }

    [Fact]
    public void ADeletedVectorAnswersDeletedAndHoldsNothing()
    {
        Value value = NewObject();
        SharedVector* vector = New();
        for (int i = 0; i < 9; i++) Vector.Append(_me, vector, value);
        Assert.Equal(Status.Done, Vector.Delete(_me, vector));
        Assert.Equal(1, ReferencesTo(value));
        ByInteger order = default;
        Assert.Equal(Status.Deleted, Vector.Delete(_me, vector));
        Assert.Equal(Status.Deleted, Vector.Get(_me, vector, 0, out _));
        Assert.Equal(Status.Deleted, Vector.Set(_me, vector, 0, value));
        Assert.Equal(Status.Deleted, Vector.Append(_me, vector, value));
        Assert.Equal(Status.Deleted, Vector.TakeLast(_me, vector, default, out _));
        Assert.Equal(Status.Deleted, Vector.InsertNear(_me, vector, 0, value));
        Assert.Equal(Status.Deleted, Vector.Reverse(_me, vector));
        Assert.Equal(Status.Deleted, Vector.Clear(_me, vector));
        Assert.Equal(Status.Deleted, Vector.Sort(_me, vector, ref order));
        Assert.Equal(Status.Deleted, Vector.Count(_me, vector, out _));
        Assert.Equal(Status.Deleted, Vector.IndexOf(_me, vector, Probe.Of(value), 0, 10, out _));
        Assert.Equal(Status.Deleted, Vector.Snapshot(_me, vector, out _));
        Assert.Equal(1, ReferencesTo(value));
        Assert.True(Vector.IsValid(vector));
    }

    [Fact]
    public void ASnapshotIsReleasedAfterItsPoolWasDeleted()
    {
        Pool pool = Pool.Create("short");
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, pool.LiveHeap());
        Vector.Append(_me, vector, Value.Of((Header*)Vector.Create(_me, pool.LiveHeap())));
        Epoch.Exit(_me);
        Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot snapshot));
        Assert.True(pool.Delete());
        snapshot.Release(_me);
        snapshot.Release(_me);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(150)]
    [InlineData(400)]
    public void ASortWhoseComparisonFailsChangesNothing(int comparisons)
    {
        SharedVector* vector = New();
        Value[] values = [.. Enumerable.Range(0, 100).Select(_ => NewObject()).OrderBy(value => value.Bits * 0x9E3779B97F4A7C15)];
        foreach (Value value in values) Vector.Append(_me, vector, value);
        Failing order = new() { Left = comparisons };
        Assert.Equal(Status.Missing, Vector.Sort(_me, vector, ref order));
        Assert.Equal(values, Contents(vector));
        Assert.All(values, value => Assert.Equal(2, ReferencesTo(value)));
        order.Left = int.MaxValue;
        Assert.Equal(Status.Done, Vector.Sort(_me, vector, ref order));
        Assert.Equal(values.OrderBy(value => value.Bits), Contents(vector));
        Assert.All(values, value => Assert.Equal(2, ReferencesTo(value)));
    }

    [Fact]
    public void NumbersAddUpToTheirLimits()
    {
        SharedVector* vector = New();
        Vector.Append(_me, vector, Value.OfInt((1L << 49) - 1));
        Epoch.Enter(_me);
        Assert.Equal(Status.Done, Vector.Add(_me, vector, 0, Value.OfInt(1), out Value sum));
        Assert.Equal(ValueKind.BigInt, sum.Kind);
        Assert.Equal(Status.Done, Sum.Integer(sum, out long number));
        Assert.Equal(1L << 49, number);
        Value large = Sum.OfInteger(_me, _heap, long.MaxValue - number);
        Assert.Equal(Status.Done, Vector.Add(_me, vector, 0, large, out sum));
        Assert.Equal(Status.Done, Sum.Integer(sum, out number));
        Assert.Equal(long.MaxValue, number);
        Assert.Equal(Status.Done, Vector.Add(_me, vector, 0, Value.True, out _));
        Assert.Equal(Status.Done, Vector.Add(_me, vector, 0, Value.OfInt(-1), out sum));
        Assert.Equal(Status.Done, Sum.Integer(sum, out number));
        Assert.Equal(long.MaxValue, number);
        Assert.Equal(Status.Done, Vector.Add(_me, vector, 0, Value.Of(0.5), out sum));
        Assert.Equal(0.5 + long.MaxValue, sum.Float);
        Epoch.Exit(_me);
    }

    [Fact]
    public void ALongChainOfVectorsDiesWithoutRecursion()
    {
        const int Links = 300_000;
        Value chain = NewObject();
        Epoch.Enter(_me);
        for (int i = 0; i < Links; i++)
        {
            SharedVector* outer = Vector.Create(_me, _heap);
            Vector.Append(_me, outer, chain);
            Reference.Drop(_me, chain);
            chain = Value.Of((Header*)outer);
        }
        SharedVector* last = (SharedVector*)chain.Pointer;
        Reference.Drop(_me, chain);
        Assert.True(Vector.IsValid(last));
        Assert.Equal(Status.Deleted, Vector.Get(_me, last, 0, out _));
        Epoch.Exit(_me);
    }
}

using CsCheck;
using Symplast.Memory;
using Xunit;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests.Vectors;

/// <summary>Elements and ranges named relative to the end, by what they hold, or by what they were.</summary>
public sealed unsafe class VectorRangeTests : IDisposable
{
    readonly Pool _pool = Pool.Create("ranges");
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap;

    public VectorRangeTests() => _heap = _pool.LiveHeap();

    public void Dispose() => Epoch.Leave(_me);

    SharedVector* New(int patience = 3)
    {
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, _heap, 0, patience);
        Epoch.Exit(_me);
        return vector;
    }

    Value NewObject() => Value.Of((Header*)New());

    static int ReferencesTo(Value value) => value.Head->Count;

    long[] Contents(SharedVector* vector)
    {
        Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot snapshot));
        long[] values = [.. new Span<Value>(snapshot.Items, (int)snapshot.Count).ToArray().Select(value => value.Int)];
        snapshot.Release(_me);
        return values;
    }

    static readonly Gen<(int Kind, int Index, int Number)[]> Steps =
        Gen.Select(Gen.Int[0, 11], Gen.Int[-15, 15], Gen.Int[0, 20]).Array[0, 100];

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1000)]
    public void AnyOperationsGiveWhatPythonsListGives(int patience) => Steps.Sample(
        steps =>
        {
            SharedVector* vector = New(patience);
            List<long> model = [];
            foreach ((int kind, int index, int number) in steps)
            {
                Step(vector, model, kind, index, number);
                Assert.True(Vector.IsValid(vector));
                Assert.Equal(model, Contents(vector));
            }
        },
        iter: 300,
        threads: 1);

    void Step(SharedVector* vector, List<long> model, int kind, int index, int number)
    {
        Value value = Value.OfInt(number);
        int at = index < 0 ? index + model.Count : index;
        int near = Math.Clamp(at, 0, model.Count);
        bool inside = (uint)at < (uint)model.Count;
        Status expected = inside ? Status.Done : Status.Missing;
        Value* some = stackalloc Value[20];
        switch (kind)
        {
            case 0 or 1:
                Assert.Equal(Status.Done, Vector.InsertNear(_me, vector, index, value));
                model.Insert(near, number);
                break;
            case 2 or 3:
                Assert.Equal(expected, Vector.Set(_me, vector, index, value));
                if (inside) model[at] = number;
                break;
            case 4:
                Assert.Equal(expected, Vector.TakeElement(_me, vector, index, default, out Value taken));
                if (!inside) break;
                Assert.Equal(model[at], taken.Int);
                model.RemoveAt(at);
                break;
            case 5:
                for (int i = 0; i < number % 6; i++) some[i] = Value.OfInt(i);
                int stop = Math.Max(near, Math.Clamp(number - 10 < 0 ? number - 10 + model.Count : number - 10, 0, model.Count));
                Assert.Equal(Status.Done, Vector.ReplaceSlice(_me, vector, index, number - 10, some, number % 6));
                model.RemoveRange(near, stop - near);
                model.InsertRange(near, Enumerable.Range(0, number % 6).Select(i => (long)i));
                break;
            case 6:
                Assert.Equal(model.Contains(number) ? Status.Done : Status.Missing, Vector.Remove(_me, vector, Probe.Of(value)));
                model.Remove(number);
                break;
            case 7:
                if (index >= 0) break;
                Assert.Equal(expected, Vector.GetFromEnd(_me, vector, index, out Value got));
                if (inside) Assert.Equal(model[at], got.Int);
                break;
            case 8:
                Assert.Equal(expected, Vector.Add(_me, vector, index, value, out Value sum));
                if (inside) Assert.Equal(model[at] += number, sum.Int);
                break;
            case 9:
                bool same = inside && index >= 0 && model[at] == number;
                if (index >= 0) Assert.Equal(same ? Status.Done : Status.Missing, Vector.RemoveSame(_me, vector, index, value));
                if (same) model.RemoveAt(at);
                break;
            case 10:
                Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot snapshot));
                bool changes = number % 2 == 0 && model.Count > 0;
                if (changes) Assert.Equal(Status.Done, Vector.Set(_me, vector, -1, value));
                if (changes) model[^1] = number;
                for (int i = 0; i < number % 6; i++) some[i] = Value.OfInt(i);
                Assert.Equal(
                    changes ? Status.Missing : Status.Done, Vector.ReplaceUnchanged(_me, vector, snapshot, some, number % 6));
                snapshot.Release(_me);
                if (changes) break;
                model.Clear();
                model.AddRange(Enumerable.Range(0, number % 6).Select(i => (long)i));
                break;
            default:
                int count = Math.Min(number, model.Count - Math.Clamp(index, 0, model.Count));
                bool fits = index >= 0 && index <= model.Count;
                Assert.Equal(
                    fits ? Status.Done
                    : Status.Missing, Vector.TakeRangeOf(_me, vector, model.Count, index, some, Math.Min(number, 20)));
                if (fits) Assert.Equal(
                    model.Skip(index).Take(count), new Span<Value>(some, count).ToArray().Select(item => item.Int));
                Assert.Equal(Status.Missing, Vector.TakeRangeOf(_me, vector, model.Count + 1, 0, some, 20));
                break;
        }
    }

    [Fact]
    public void EachElementHoldsOneReferenceUntilItIsOut()
    {
        Value value = NewObject();
        Value other = NewObject();
        SharedVector* vector = New();
        for (int i = 0; i < 6; i++) Vector.InsertNear(_me, vector, i - 3, value);
        Assert.Equal(7, ReferencesTo(value));
        Assert.Equal(Status.Done, Vector.Set(_me, vector, -1, other));
        Assert.Equal(Status.Done, Vector.CompareExchange(_me, vector, -2, Probe.Of(value), other, out _));
        Assert.Equal((5, 3), (ReferencesTo(value), ReferencesTo(other)));
        Assert.Equal(Status.Done, Vector.Remove(_me, vector, Probe.Of(other)));
        Assert.Equal(Status.Done, Vector.RemoveSame(_me, vector, 0, value));
        Assert.Equal(Status.Missing, Vector.RemoveSame(_me, vector, 0, other));
        Assert.Equal((4, 2), (ReferencesTo(value), ReferencesTo(other)));
        Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot snapshot));
        Value* three = stackalloc Value[3] { other, other, value };
        Assert.Equal(Status.Done, Vector.ReplaceUnchanged(_me, vector, snapshot, three, 3));
        Assert.Equal(Status.Missing, Vector.ReplaceUnchanged(_me, vector, snapshot, three, 3));
        snapshot.Release(_me);
        Assert.Equal((2, 3), (ReferencesTo(value), ReferencesTo(other)));
        Value* taken = stackalloc Value[3];
        Assert.Equal(Status.Missing, Vector.TakeRangeOf(_me, vector, 4, 0, taken, 3));
        Assert.Equal((2, 3), (ReferencesTo(value), ReferencesTo(other)));
        Assert.Equal(Status.Done, Vector.ReplaceSlice(_me, vector, -2, long.MaxValue, null, 0));
        Assert.Equal((1, 2), (ReferencesTo(value), ReferencesTo(other)));
    }

    [Fact]
    public void ADeletedVectorAnswersDeleted()
    {
        SharedVector* vector = New();
        Vector.Append(_me, vector, Value.None);
        Assert.Equal(Status.Done, Vector.Snapshot(_me, vector, out VectorSnapshot snapshot));
        Vector.Delete(_me, vector);
        Assert.Equal(Status.Deleted, Vector.GetFromEnd(_me, vector, -1, out _));
        Assert.Equal(Status.Deleted, Vector.Set(_me, vector, -1, Value.None));
        Assert.Equal(Status.Deleted, Vector.InsertNear(_me, vector, -1, Value.None));
        Assert.Equal(Status.Deleted, Vector.TakeElement(_me, vector, -1, default, out _));
        Assert.Equal(Status.Deleted, Vector.ReplaceSlice(_me, vector, 0, 1, null, 0));
        Assert.Equal(Status.Deleted, Vector.ReplaceUnchanged(_me, vector, snapshot, null, 0));
        Assert.Equal(Status.Deleted, Vector.Remove(_me, vector, Probe.Of(Value.None)));
        Assert.Equal(Status.Deleted, Vector.RemoveSame(_me, vector, 0, Value.None));
        Assert.Equal(Status.Deleted, Vector.TakeRangeOf(_me, vector, 1, 0, snapshot.Items, 1));
        snapshot.Release(_me);
    }

    [Fact]
    public void WhatOnlyAHigherFloorCanCompareIsNotPassedOver()
    {
        SharedVector* vector = New();
        Vector.Append(_me, vector, Value.OfInt(1));
        Vector.Append(_me, vector, Value.Foreign((void*)0x10000));
        Vector.Append(_me, vector, Value.OfInt(2));
        Assert.Equal(Status.WrongKind, Vector.Remove(_me, vector, Probe.Of(Value.OfInt(2))));
        Assert.Equal(Status.Done, Vector.Remove(_me, vector, Probe.Of(Value.OfInt(1))));
        Assert.Equal(Status.WrongKind, Vector.Remove(_me, vector, Probe.Of(Value.OfInt(3))));
    }
}

using CsCheck;
using Symplast.Memory;
using Xunit;
using Integer = Symplast.Objects.AtomicInteger;
using Ref = Symplast.Objects.AtomicReference;

namespace Symplast.Objects.Tests.Cells;

public sealed unsafe class AtomicCellTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("cells");

    public AtomicCellTests() => Epoch.Enter(_me);

    public void Dispose()
    {
        Epoch.Exit(_me);
        Epoch.Leave(_me);
    }

    Value NewObject() => Value.Of((Header*)Integer.Create(_me, _heap, 0));

    [Fact]
    public void AnIntegerBehavesAsAVariableOf64Bits() =>
        Gen.Select(Gen.Int[0, 4],
        Gen.OneOf(Gen.Long, Gen.Int.Select(i => (long)i), Gen.Long[(1L << 61) - 3, (1L << 61) + 3],
        Gen.Long[-(1L << 61) - 3, -(1L << 61) + 3])).Array.Sample(
        steps =>
        {
            AtomicCell* cell = Integer.Create(_me, _heap, 5);
            long model = 5;
            foreach ((int kind, long number) in steps)
            {
                long seen = 0;
                switch (kind)
                {
                    case 0:
                        Assert.Equal(Status.Done, Integer.Set(_me, cell, number));
                        model = number;
                        break;
                    case 1:
                        Int128 sum = (Int128)model + number;
                        bool fits = sum >= long.MinValue && sum <= long.MaxValue;
                        Assert.Equal(fits ? Status.Done : Status.Overflow, Integer.Add(_me, cell, number, out seen));
                        if (fits) Assert.Equal(model = (long)sum, seen);
                        break;
                    case 2:
                        Assert.Equal(Status.Done, Integer.Exchange(_me, cell, number, out seen));
                        Assert.Equal(model, seen);
                        model = number;
                        break;
                    case 3:
                        Assert.Equal(
                            number == model
                            ? Status.Done : Status.Missing, Integer.CompareExchange(_me, cell, number, 1, out seen));
                        Assert.Equal(model, seen);
                        if (number == model) model = 1;
                        break;
                    default:
                        Assert.Equal(Status.Done, Integer.CompareExchange(_me, cell, model, number, out _));
                        model = number;
                        break;
                }
                Assert.Equal(Status.Done, Integer.Get(_me, cell, out seen));
                Assert.Equal(model, seen);
            }
        },
        iter: 1000,
        threads: 1);

    [Fact]
    public void TheWordHasItsCacheLineForItself()
    {
        AtomicCell cell;
        Assert.Equal(128, sizeof(AtomicCell));
        Assert.Equal(64, (int)((byte*)&cell.Word - (byte*)&cell));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Integer.Narrow - 100_000)]
    [InlineData(long.MaxValue - 400_000)]
    public void NoAdditionIsLost(long start)
    {
        AtomicCell* cell = Integer.Create(_me, _heap, start);
        void Add(Participant* me, long delta)
        {
            for (int i = 0; i < 100_000; i++) Assert.Equal(Status.Done, Integer.Add(me, cell, delta, out _));
        }
        Threads.Run(me => Add(me, 1), me => Add(me, 2), me => Add(me, -1));
        Integer.Get(_me, cell, out long sum);
        Assert.Equal(start + 200_000, sum);
        Assert.True(Integer.IsValid(cell));
    }

    [Fact]
    public void ADeletedCellAnswersDeleted()
    {
        AtomicCell* integer = Integer.Create(_me, _heap, 1);
        Assert.Equal(Status.Done, Integer.Delete(_me, integer));
        Assert.Equal(Status.Deleted, Integer.Delete(_me, integer));
        Assert.Equal(Status.Deleted, Integer.Get(_me, integer, out _));
        Assert.Equal(Status.Deleted, Integer.Set(_me, integer, 1));
        Assert.Equal(Status.Deleted, Integer.Add(_me, integer, 1, out _));
        Assert.Equal(Status.Deleted, Integer.CompareExchange(_me, integer, 1, 1, out _));

        Value value = NewObject();
        AtomicCell* reference = Ref.Create(_me, _heap, value);
        Assert.Equal(2, value.Head->Count);
        Assert.Equal(Status.Done, Ref.Delete(_me, reference));
        Assert.Equal(1, value.Head->Count);
        Assert.Equal(Status.Deleted, Ref.Delete(_me, reference));
        Assert.Equal(Status.Deleted, Ref.Get(_me, reference, out _));
        Assert.Equal(Status.Deleted, Ref.TakeGet(_me, reference, out _));
        Assert.Equal(Status.Deleted, Ref.Set(_me, reference, value));
        Assert.Equal(Status.Deleted, Ref.CompareExchange(_me, reference, Probe.Of(value), value, out _));
        Assert.Equal(1, value.Head->Count);
        Reference.Drop(_me, Value.Of((Header*)reference));
        Reference.Drop(_me, Value.Of((Header*)integer));
        Assert.Equal(1, value.Head->Count);
    }

    [Fact]
    public void AReferenceHoldsWhatIsInItAndNothingElse()
    {
        Value first = NewObject();
        Value second = NewObject();
        AtomicCell* cell = Ref.Create(_me, _heap, first);
        Assert.Equal(Status.Missing, Ref.CompareExchange(_me, cell, Probe.Of(second), second, out Value seen));
        Assert.Equal(first, seen);
        Assert.Equal(Status.Done, Ref.CompareExchange(_me, cell, Probe.Of(first), second, out _));
        Assert.Equal((1, 2), (first.Head->Count, second.Head->Count));
        Assert.Equal(Status.Done, Ref.TakeGet(_me, cell, out seen));
        Assert.Equal(3, second.Head->Count);
        Reference.Drop(_me, seen);
        Assert.Equal(Status.Done, Ref.TakeExchange(_me, cell, Value.OfInt(7), out seen));
        Assert.Equal(second, seen);
        Reference.Drop(_me, seen);
        Assert.Equal((1, 1), (first.Head->Count, second.Head->Count));
        Assert.Equal(Status.Done, Ref.CompareExchange(_me, cell, Probe.Of(Value.Of(7.0)), first, out _));
        Reference.Drop(_me, Value.Of((Header*)cell));
        Assert.Equal(1, first.Head->Count);
    }

    [Fact]
    public void CountsAreRightWhateverRunsAtOnce()
    {
        Value[] values = [.. Enumerable.Range(0, 3).Select(_ => NewObject())];
        for (int round = 0; round < 200; round++)
        {
            AtomicCell* cell = Ref.Create(_me, _heap, values[0]);
            void Change(Participant* me, int seed)
            {
                Random random = new(seed);
                Status status = Status.Done;
                while (status != Status.Deleted)
                {
                    Value value = values[random.Next(3)];
                    Value taken = default;
                    Epoch.Enter(me);
                    status = random.Next(4) switch
                    {
                        0 => Ref.Set(me, cell, value),
                        1 => Ref.TakeExchange(me, cell, value, out taken),
                        2 => Ref.CompareExchange(me, cell, Probe.Of(value), values[0], out _),
                        _ => Ref.TakeGet(me, cell, out taken),
                    };
                    Reference.Drop(me, taken);
                    Epoch.Exit(me);
                }
            }
            void Delete(Participant* me)
            {
                Thread.Yield();
                Ref.Delete(me, cell);
            }
            Threads.Run(me => Change(me, round), me => Change(me, ~round), Delete, Delete);
            Assert.All(values, value => Assert.Equal(1, value.Head->Count));
        }
    }

    [Fact]
    public void AValueThatDiesWhileItIsReadIsNeverTaken()
    {
        // The only reference to each value is the cell's: whoever takes one must find it alive.
        AtomicCell* cell = Ref.Create(_me, _heap, Value.None);
        int running = 1;
        void Replace(Participant* me)
        {
            for (int i = 0; i < 20_000; i++)
            {
                Epoch.Enter(me);
                Value value = Value.Of((Header*)Integer.Create(me, _heap, i));
                Ref.Set(me, cell, value);
                Reference.Drop(me, value);
                Epoch.Exit(me);
            }
            Volatile.Write(ref running, 0);
        }
        void Take(Participant* me)
        {
            long last = -1;
            while (Volatile.Read(ref running) != 0)
            {
                Assert.Equal(Status.Done, Ref.TakeGet(me, cell, out Value value));
                if (value == Value.None) continue;
                Assert.Equal(Status.Done, Integer.Get(me, (AtomicCell*)value.Pointer, out long number));
                Assert.True(number >= last);
                last = number;
                Epoch.Enter(me);
                Reference.Drop(me, value);
                Epoch.Exit(me);
            }
        }
        Threads.Run(Replace, Take, Take);
    }
}

using System.Runtime.ExceptionServices;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class ReferenceTests : IDisposable
{
    const int Saturated = 1 << 30;

    readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    static void Together(int threads, Action<int, nint> body)
    {
        using Barrier start = new(threads);
        ExceptionDispatchInfo? failure = null;
        Thread[] all = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            Participant* me = Epoch.Join();
            start.SignalAndWait();
            try
            {
                body(number, (nint)me);
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
            while (Epoch.IsInside(me)) Epoch.Exit(me);
            Epoch.Leave(me);
        }))];
        Array.ForEach(all, thread => thread.Start());
        Array.ForEach(all, thread => thread.Join());
        failure?.Throw();
    }

    [Fact]
    public void WhatIsInTheWordNeedsNoReference()
    {
        foreach (Value value in new[] { Value.None, Value.True, Value.OfInt(7), Value.Of(7.5), Value.Empty })
        {
            Assert.True(Reference.TryTake(value));
            Reference.Drop(_bench.Me, value);
        }
    }

    [Fact]
    public void ADeadBlockCannotBeTaken()
    {
        Value text = _bench.Text("text");
        Assert.True(Reference.TryTake(text));
        Reference.Drop(_bench.Me, text);
        Reference.Drop(_bench.Me, text);
        Assert.False(Reference.TryTake(text));
        Assert.False(Reference.TryTake(text.Head));
    }

    [Fact]
    public void ACountThatIsSaturatedStaysWhateverComes()
    {
        Value text = _bench.Text("text");
        text.Head->Count = Saturated - 1;
        Assert.True(Reference.TryTake(text));
        int stuck = text.Head->Count;
        Assert.InRange(stuck, Saturated, int.MaxValue);
        for (int i = 0; i < 1000; i++) Reference.Drop(_bench.Me, text);
        Assert.Equal(stuck, text.Head->Count);
        Assert.True(Reference.TryTake(text));
        Assert.Equal(stuck, text.Head->Count);
    }

    [Fact]
    public void ACountThatSaturatesWhileOthersTakeAndDropNeverComesBack()
    {
        for (int round = 0; round < 50; round++)
        {
            Value text = _bench.Text("text");
            text.Head->Count = Saturated - 3;
            Together(4, (_, me) =>
            {
                Epoch.Enter((Participant*)me);
                for (int i = 0; i < 1000; i++)
                {
                    for (int taken = 0; taken < 3; taken++) Assert.True(Reference.TryTake(text));
                    for (int taken = 0; taken < 3; taken++) Reference.Drop((Participant*)me, text);
                }
            });
            // Either it never got there, and is what it was, or it stays.
            Assert.True(text.Head->Count == Saturated - 3 || text.Head->Count > Saturated, text.Head->Count.ToString());
        }
    }

    [Fact]
    public void WhoTakesWhileTheLastOneDropsGetsAllOrNothing()
    {
        int got = 0;
        for (int round = 0; round < 300; round++)
        {
            Value core = _bench.Text("core");
            Value tuple = _bench.Tuple(core);
            Reference.Take(core);
            Together(3, (number, me) =>
            {
                Participant* thread = (Participant*)me;
                Epoch.Enter(thread);
                if (number == 0)
                {
                    Reference.Drop(thread, tuple);
                    return;
                }
                while (Reference.TryTake(tuple))
                {
                    Interlocked.Increment(ref got);
                    // As long as it is held, what it holds is alive.
                    Assert.Equal(2, Volatile.Read(ref core.Head->Count));
                    Reference.Drop(thread, tuple);
                    if (Random.Shared.Next(10) == 0) return;
                }
            });
            Assert.Equal(0, tuple.Head->Count);
            Assert.Equal(1, core.Head->Count);
        }
    }

    [Fact]
    public void ManyThreadsThatTakeAndDropLeaveTheCountAsItWas()
    {
        Value text = _bench.Text("text");
        Together(4, (_, me) =>
        {
            Epoch.Enter((Participant*)me);
            for (int i = 0; i < 50_000; i++)
            {
                Reference.Take(text);
                Reference.Drop((Participant*)me, text);
            }
        });
        Assert.Equal(1, text.Head->Count);
    }
}

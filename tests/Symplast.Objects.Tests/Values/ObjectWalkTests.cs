using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

public sealed unsafe class ObjectWalkTests : IDisposable
{
    struct Seen : IReferenceVisitor
    {
        internal nint Wanted;
        internal int Times;

        public void Visit(Header* target) => Times += (nint)target == Wanted ? 1 : 0;
    }

    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("objects");

    public void Dispose()
    {
        if (!_pool.Deleted) _pool.Delete();
        Epoch.Leave(_me);
    }

    static HeaderKind[] Kinds => [.. Enum.GetValues<HeaderKind>().Where(kind => kind >= HeaderKind.OrderedMap)];

    static int NumberOf(Header* o) => (int)o->Kind;

    long[] Count()
    {
        long[] counts = new long[SharedObject.KindLimit];
        ObjectWalk.Count(_me, _pool, &NumberOf, counts);
        return counts;
    }

    // An object of a kind that holds another one, so many times.
    Header* Make(HeaderKind kind, Value held, int times)
    {
        PoolHeap* heap = _pool.LiveHeap();
        Epoch.Enter(_me);
        Header* made = kind switch
        {
            HeaderKind.OrderedMap => (Header*)OrderedMap.Create(_me, heap),
            HeaderKind.Set => (Header*)OrderedSet.Create(_me, heap),
            HeaderKind.SortedMap => (Header*)SortedMap.Create(_me, heap),
            HeaderKind.Vector => (Header*)SharedVector.Create(_me, heap),
            HeaderKind.Record => (Header*)Record.Create(_me, heap, Objects.Shapes.CreateTree(_me, heap)),
            HeaderKind.Cell => (Header*)AtomicReference.Create(_me, heap, Value.None),
            HeaderKind.Queue => (Header*)SharedQueue.Create(_me, heap, 0),
            HeaderKind.Array => (Header*)SharedArray.Create(_me, heap, ElementKind.Int64, 'q', times),
            HeaderKind.Lock => (Header*)SharedLock.Create(_me, heap, isReentrant: false),
            HeaderKind.Event => (Header*)SharedEvent.Create(_me, heap),
            HeaderKind.Semaphore => (Header*)SharedSemaphore.Create(_me, heap, 0, SharedSemaphore.Most),
            HeaderKind.Condition => (Header*)SharedCondition.Create(_me, heap, times == 0 ? Value.None : held),
            HeaderKind.Barrier => (Header*)SharedBarrier.Create(_me, heap, 2, 0, times == 0 ? Value.None : held),
            _ => throw new InvalidOperationException($"how is a {kind} made? it must be found by walking, too"),
        };
        for (int i = 0; i < times; i++) Assert.Equal(Status.Done, Put(kind, made, i, held));
        Epoch.Exit(_me);
        return made;
    }

    Status Put(HeaderKind kind, Header* o, int i, Value held) => kind switch
    {
        HeaderKind.OrderedMap => OrderedMap.Set(_me, (OrderedMap*)o, Probe.Of(Value.OfInt(i)), held),
        HeaderKind.Set => Add((OrderedMap*)o, Tuple(Value.OfInt(i), held)),
        HeaderKind.SortedMap => SortedMap.Set(_me, (SortedMap*)o, Probe.Of(Value.OfInt(i)), held),
        HeaderKind.Vector => SharedVector.Append(_me, (SharedVector*)o, held),
        HeaderKind.Record => NamedAttributes.Set(_me, (Record*)o, Probe.Of(Name(i)), held),
        HeaderKind.Cell => i == 0 ? AtomicReference.Set(_me, (AtomicCell*)o, held) : Status.Done,
        HeaderKind.Queue => SharedQueue.TryPut(_me, (SharedQueue*)o, held),
        // They hold nothing, or what they were made with.
        HeaderKind.Array or HeaderKind.Lock or HeaderKind.Event or HeaderKind.Semaphore or HeaderKind.Condition
            or HeaderKind.Barrier => Status.Done,
        _ => throw new InvalidOperationException(),
    };

    // The set takes a reference of its own.
    Status Add(OrderedMap* set, Value element)
    {
        Status status = OrderedSet.Add(_me, set, Probe.Of(element));
        Reference.Drop(_me, element);
        return status;
    }

    Value Name(int i)
    {
        byte* digits = stackalloc byte[] { (byte)'a', (byte)('0' + i / 10), (byte)('0' + i % 10) };
        return Blob.Create(_me, _pool.LiveHeap(), ValueKind.Text, digits, 3, Hashing.OfBytes(new ReadOnlySpan<byte>(digits, 3)));
    }

    Value Tuple(Value first, Value second)
    {
        Value* items = stackalloc Value[] { first, second };
        Reference.Take(second);
        return TupleBlob.Create(_me, _pool.LiveHeap(), items, 2);
    }

    void Drop(Header* o)
    {
        Epoch.Enter(_me);
        Reference.Drop(_me, o);
        Epoch.Exit(_me);
    }

    [Fact]
    public void EveryKindIsCountedWhileItLivesAndUntilItIsDeleted()
    {
        foreach (HeaderKind kind in Kinds)
        {
            Header* first = Make(kind, Value.OfInt(1), 3);
            Header* second = Make(kind, Value.OfInt(1), 3);
            Assert.Equal(2, Count()[(int)kind]);
            Drop(first);
            Assert.Equal(1, Count()[(int)kind]);
            Drop(second);
            Assert.All(Count(), count => Assert.Equal(0, count));
        }
    }

    [Fact]
    public void EveryKindIsDeletedByHandOnceAndLetsGoOfWhatItHeld()
    {
        foreach (HeaderKind kind in Kinds)
        {
            Header* inner = Make(HeaderKind.Vector, Value.None, 0);
            Header* outer = Make(kind, Value.Of(inner), 3);
            Assert.Equal(Status.Done, Structures.Delete(_me, outer));
            // The lock of a deleted condition can still be released, and a barrier's action may be running: they stay until the
            // condition or the barrier dies.
            if (kind is not (HeaderKind.Condition or HeaderKind.Barrier)) Assert.Equal(1, Reference.CountOf(inner));
            Assert.Equal(Status.Deleted, Structures.Delete(_me, outer));
            Drop(outer);
            Assert.Equal(1, Reference.CountOf(inner));
            Drop(inner);
        }
        Header* last = Make(HeaderKind.Cell, Value.None, 0);
        _pool.Delete();
        Assert.Equal(Status.Deleted, Structures.Delete(_me, last));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    public void EveryReferenceOfEveryKindIsFollowed(int times)
    {
        foreach (HeaderKind kind in Kinds)
        {
            Header* inner = Make(HeaderKind.Vector, Value.None, 0);
            Header* outer = Make(kind, Value.Of(inner), times);
            Seen seen = new() { Wanted = (nint)inner };
            Parts.Follow(_me, outer, ref seen);
            int expected = kind switch
            {
                HeaderKind.Cell or HeaderKind.Condition or HeaderKind.Barrier => 1,
                HeaderKind.Array or HeaderKind.Lock or HeaderKind.Event or HeaderKind.Semaphore => 0,
                _ => times,
            };
            Assert.Equal(expected, seen.Times);
            Drop(outer);
            Drop(inner);
        }
    }

    [Fact]
    public void TheSizeIsThatOfAllBlocksOfAnObject()
    {
        foreach (HeaderKind kind in Kinds.Where(kind => kind is not (HeaderKind.Record or HeaderKind.Set)))
        {
            foreach (int times in new[] { 0, 5, 17, 5000 })
            {
                long before = _pool.Statistics().LiveBytes;
                Header* o = Make(kind, Value.OfInt(1), times);
                Assert.Equal(_pool.Statistics().LiveBytes - before, Parts.SizeOf(_me, o));
                Drop(o);
            }
        }
    }

    [Fact]
    public void AnObjectIsFoundByItsNoteUntilItDies()
    {
        Header* o = Make(HeaderKind.Vector, Value.None, 0);
        SharedObject.NoteOf((SharedObject*)o) = 7;
        Assert.True(ObjectWalk.Find(_me, _pool, o, 7, 0xFF) == o);
        Drop(o);
        Assert.True(ObjectWalk.Find(_me, _pool, o, 8, 0xFF) == null);
        Assert.Equal(1, Reference.CountOf(o));
        Drop(o);
        Assert.True(ObjectWalk.Find(_me, _pool, o, 7, 0xFF) == null);
    }

    [Fact]
    public void WhatIsGatheredStaysUntilItIsDropped()
    {
        Header* first = Make(HeaderKind.Vector, Value.None, 0);
        Header* second = Make(HeaderKind.Cell, Value.None, 0);
        NativeList<nint> objects = default;
        ObjectWalk.Gather(_me, _pool, ref objects);
        Assert.Equal([(nint)first, (nint)second], new HashSet<nint> { *objects[0], *objects[1] });
        Assert.Equal(2, objects.Count);
        Drop(first);
        Drop(second);
        Assert.Equal(2, Count().Sum());
        for (int i = 0; i < objects.Count; i++) Drop((Header*)*objects[i]);
        objects.Dispose();
        Assert.Equal(0, Count().Sum());
    }

    [Fact]
    public void OfADeletedPoolThereIsNothing()
    {
        Header* o = Make(HeaderKind.Vector, Value.None, 0);
        Assert.Equal(1, Count().Sum());
        _pool.Delete();
        Assert.Equal(0, Count().Sum());
        Assert.True(ObjectWalk.Find(_me, _pool, o, 0, 0) == null);
    }
}

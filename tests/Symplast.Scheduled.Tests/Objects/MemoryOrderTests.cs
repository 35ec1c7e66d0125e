using Symplast.Memory;
using Symplast.Testing;
using Xunit;
using View = Symplast.Testing.WeakMemory.View;

namespace Symplast.Objects.Tests;

/// <summary>
/// The accesses of the structures' protocols whose order matters, copied from them, on a model of memory that is weaker than the
/// hardware: right as they are, and each order is needed. The structures themselves access memory directly.
/// </summary>
public unsafe class MemoryOrderTests
{
    /// <summary>A copy of some steps: threads, and what must be true in the end.</summary>
    delegate Trial Kernel(WeakMemory memory, string? omitted);

    static void Check(Kernel kernel, params string[] orders)
    {
        Assert.True(new Explorer { Preemptions = 3 }.Systematically(_ => kernel(new WeakMemory(), null)).IsComplete);
        foreach (string order in orders)
        {
            ScheduleFailedException? failure = null;
            try
            {
                new Explorer { Preemptions = 3 }.Systematically(_ => kernel(new WeakMemory(), order));
            }
            catch (ScheduleFailedException e)
            {
                failure = e;
            }
            Assert.True(failure != null, $"nobody misses: {order}");
        }
    }

    // Maps' roots, vectors' roots and buckets, records' bodies, tree nodes: filled by plain stores, then published.
    [Fact]
    public void APublishedBlockIsComplete() => Check((memory, omitted) =>
    {
        int field = memory.Place(), pointer = memory.Place();
        View writer = memory.Thread(), reader = memory.Thread();
        return new Trial([
            _ =>
            {
                writer.Store(field, 7);
                writer.Store(pointer, 1, release: omitted != "release");
            },
            _ =>
            {
                if (reader.Load(pointer, acquire: omitted != "acquire") == 1) Assert.Equal(7ul, reader.Load(field));
            }]);
    }, "release", "acquire");

    [Fact]
    public void APublicationByExchangeIsComplete() => Check((memory, omitted) =>
    {
        int field = memory.Place(), pointer = memory.Place();
        View writer = memory.Thread(), reader = memory.Thread();
        return new Trial([
            _ =>
            {
                writer.Store(field, 7);
                writer.Change(pointer, _ => 1, ordered: omitted != "full fence");
            },
            _ =>
            {
                if (reader.Load(pointer, acquire: true) == 1) Assert.Equal(7ul, reader.Load(field));
            }]);
    }, "full fence");

    // ObjectLock: what the last holder did is seen by the next.
    [Fact]
    public void ALockPassesOnWhatItsHolderDid() => Check((memory, omitted) =>
    {
        int word = memory.Place(), count = memory.Place();
        View[] threads = [memory.Thread(), memory.Thread()];
        void Add(View me)
        {
            while (me.Change(word, held => held == 0 ? 1 : null, ordered: omitted != "acquire") != 0) Interleaving.Spin();
            me.Store(count, me.Load(count) + 1);
            me.Change(word, _ => 0, ordered: omitted != "release");
        }
        return new Trial([_ => Add(threads[0]), _ => Add(threads[1])], _ => Assert.Equal(2ul, memory.Final(count)));
    }, "acquire", "release");

    // ObjectLock.Exit: two threads each change one structure, then read the other one without a lock.
    [Fact]
    public void WhoReadsAfterAChangeFindsAnEarlierOne() => Check((memory, omitted) =>
    {
        int[] word = [memory.Place(), memory.Place()], value = [memory.Place(), memory.Place()];
        ulong[] found = new ulong[2];
        View[] threads = [memory.Thread(), memory.Thread()];
        void ChangeAndRead(int number)
        {
            View me = threads[number];
            me.Store(value[number], 1, release: true);
            me.Change(word[number], _ => 0);
            if (omitted != "full fence") me.Fence();
            found[number] = me.Load(value[1 - number], acquire: true);
        }
        return new Trial(
            [_ => ChangeAndRead(0), _ => ChangeAndRead(1)], _ => Assert.True(found[0] + found[1] > 0, "both found the old"));
    }, "full fence");

    // VectorReading.Read: bounds, word, bounds again, while an element is taken off the end and another one appended. (At the
    // other end it is the same: the first place is published, then the word before it is stored.)
    [Fact]
    public void AnElementThatAVectorShowsIsInIt() => Check((memory, omitted) =>
    {
        const ulong Old = 10, New = 20;
        int end = memory.Place(3), word = memory.Place(Old);
        View writer = memory.Thread(), reader = memory.Thread();
        return new Trial([
            _ =>
            {
                writer.Store(end, 2, release: true);
                writer.Store(word, New, release: omitted != "release of the word");
                writer.Store(end, 3, release: omitted != "release of the bounds");
            },
            _ =>
            {
                if (reader.Load(end, acquire: true) < 3) return;
                ulong found = reader.Load(word, acquire: omitted != "acquire of the word");
                if (omitted != "second look" && reader.Load(end, acquire: true) < 3) return;
                // Who has seen the new element finds it counted.
                if (found == New) Assert.Equal(3ul, reader.Load(end, acquire: true));
            }]);
    }, "release of the word", "acquire of the word", "second look");

    // The same for the first look: an element that is appended is not read before it is stored.
    [Fact]
    public void AnElementThatAVectorCountsIsStored() => Check((memory, omitted) =>
    {
        int end = memory.Place(), word = memory.Place();
        View writer = memory.Thread(), reader = memory.Thread();
        return new Trial([
            _ =>
            {
                writer.Store(word, 1, release: true);
                writer.Store(end, 1, release: omitted != "release");
            },
            _ =>
            {
                if (reader.Load(end, acquire: omitted != "acquire") == 1) Assert.Equal(1ul, reader.Load(word, acquire: true));
            }]);
    }, "release", "acquire");

    // VectorClosing.Close: an element is copied before the mark sends readers to the copy.
    [Fact]
    public void AReaderThatIsSentOnFindsTheElement() => Check((memory, omitted) =>
    {
        const ulong Moved = 99;
        int forward = memory.Place(), copy = memory.Place(), word = memory.Place(5);
        View closer = memory.Thread(), reader = memory.Thread(), setter = memory.Thread();
        return new Trial([
            _ =>
            {
                closer.Store(forward, 1, release: true);
                ulong value = closer.Load(word, acquire: true);
                while (true)
                {
                    closer.Store(copy, value);
                    ulong expected = value;
                    value = closer.Change(word, seen => seen == expected ? Moved : null, ordered: omitted != "full fence");
                    if (value == expected) return;
                }
            },
            _ =>
            {
                if (reader.Load(word, acquire: omitted != "acquire") != Moved) return;
                Assert.Equal(1ul, reader.Load(forward, acquire: true));
                Assert.Equal(memory.Final(copy), reader.Load(copy));
            },
            _ => setter.Change(word, seen => seen == 5 ? 6 : null)]);
    }, "full fence", "acquire");

    // OrderedMap.MoveValue: a value is stored in its new place before a forward takes it from the old one.
    [Fact]
    public void AValueIsWhereItsForwardLeads() => Check((memory, omitted) =>
    {
        const ulong Forward = 99;
        int to = memory.Place(), from = memory.Place(5);
        View mover = memory.Thread(), reader = memory.Thread(), writer = memory.Thread();
        return new Trial([
            _ =>
            {
                ulong value = mover.Load(from, acquire: true);
                while (true)
                {
                    mover.Store(to, value);
                    ulong expected = value;
                    value = mover.Change(from, seen => seen == expected ? Forward : null, ordered: omitted != "full fence");
                    if (value == expected) return;
                }
            },
            _ =>
            {
                if (reader.Load(from, acquire: omitted != "acquire") == Forward) Assert.Equal(memory.Final(to), reader.Load(to));
            },
            _ => writer.Change(from, seen => seen == 5 ? 6 : null)]);
    }, "full fence", "acquire");

    // ShapeChange.Add: value, shape, number.
    [Fact]
    public void WhoKnowsAShapeFindsItsValues() => Check((memory, omitted) =>
    {
        int value = memory.Place(), shape = memory.Place(), number = memory.Place();
        View writer = memory.Thread(), byShape = memory.Thread(), byNumber = memory.Thread();
        return new Trial([
            _ =>
            {
                writer.Store(value, 1, release: true);
                writer.Store(shape, 1, release: omitted != "release of the shape");
                writer.Change(number, _ => 1, ordered: omitted != "full fence");
            },
            _ =>
            {
                if (byShape.Load(shape, acquire: omitted != "acquire of the shape") == 1)
                    Assert.Equal(1ul, byShape.Load(value, acquire: true));
            },
            _ =>
            {
                if (byNumber.Load(number, acquire: omitted != "acquire of the number") == 1)
                    Assert.Equal(1ul, byNumber.Load(value, acquire: true));
            }]);
    }, "release of the shape", "full fence", "acquire of the shape", "acquire of the number");

    // QueueRing: an element is passed on with its turn, and its cell back with the next.
    [Fact]
    public void ACellPassesItsElementsOnOneByOne() => Check((memory, omitted) =>
    {
        int turn = memory.Place(), value = memory.Place();
        View putter = memory.Thread(), taker = memory.Thread();
        return new Trial([
            _ =>
            {
                putter.Store(value, 1);
                putter.Store(turn, 1, release: omitted != "release of the element");
                putter.Await(turn, 2, acquire: true);
                putter.Store(value, 2);
                putter.Store(turn, 3, release: true);
            },
            _ =>
            {
                taker.Await(turn, 1, acquire: omitted != "acquire of the element");
                Assert.Equal(1ul, taker.Load(value));
                taker.Store(turn, 2, release: true);
                taker.Await(turn, 3, acquire: true);
                Assert.Equal(2ul, taker.Load(value));
            }]);
    }, "release of the element", "acquire of the element");

    // SharedQueue's waiting: either the putter sees the waiter, or the waiter sees the position that the putter has reserved, and
    // waits for its element.
    [Fact]
    public void AWaiterIsSeenOrSees() => Check((memory, omitted) =>
    {
        int tail = memory.Place(), element = memory.Place(), waiters = memory.Place();
        View putter = memory.Thread(), waiter = memory.Thread();
        bool isSeen = false, sees = false;
        return new Trial([
            _ =>
            {
                putter.Change(tail, position => position + 1);
                if (omitted != "full fence of the reservation") putter.Fence();
                putter.Store(element, 1, release: true);
                isSeen = putter.Load(waiters, acquire: true) != 0;
            },
            _ =>
            {
                waiter.Change(waiters, count => count + 1);
                if (omitted != "full fence of the count") waiter.Fence();
                sees = waiter.Load(tail, acquire: true) != 0;
                if (sees) waiter.Await(element, 1, acquire: true);
            }], _ => Assert.True(isSeen || sees, "both sleep"));
    }, "full fence of the reservation", "full fence of the count");

    // ReferenceCount: who drops the last reference sees what others did with the block before they dropped theirs.
    [Fact]
    public void WhoReleasesABlockSeesAllThatWasDoneWithIt() => Check((memory, omitted) =>
    {
        int count = memory.Place(2);
        int[] field = [memory.Place(), memory.Place()];
        View[] threads = [memory.Thread(), memory.Thread()];
        void Use(int number)
        {
            View me = threads[number];
            me.Store(field[number], 1);
            if (me.Change(count, seen => seen - 1, ordered: omitted != "full fence") != 1) return;
            Assert.Equal(1ul, me.Load(field[1 - number]));
        }
        return new Trial([_ => Use(0), _ => Use(1)]);
    }, "full fence");

    // Deleting a map or a vector: who is told by the flag finds no root either.
    [Fact]
    public void WhoFindsTheFlagFindsNoRoot() => Check((memory, omitted) =>
    {
        int flag = memory.Place(), root = memory.Place(1);
        View deleter = memory.Thread(), reader = memory.Thread();
        return new Trial([
            _ =>
            {
                deleter.Change(root, _ => 0);
                deleter.Store(flag, 1, release: omitted != "release");
            },
            _ =>
            {
                if (reader.Load(flag, acquire: omitted != "acquire") == 1) Assert.Equal(0ul, reader.Load(root, acquire: true));
            }]);
    }, "release", "acquire");
}

using System.Text;
using CsCheck;
using Symplast.Memory;
using Xunit;
using Cell = Symplast.Objects.AtomicInteger;
using Records = Symplast.Objects.Record;
using Trees = Symplast.Objects.Shapes;

namespace Symplast.Objects.Tests.Shapes;

public sealed unsafe class RecordTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("records");
    readonly KnownSlots _known = new();
    readonly Value[] _names;

    public RecordTests()
    {
        Epoch.Enter(_me);
        _names = [.. Enumerable.Range(0, 400).Select(i => Text("name" + i))];
    }

    public void Dispose()
    {
        Epoch.Exit(_me);
        Epoch.Leave(_me);
    }

    Value Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
            return Blob.Create(_me, _heap, ValueKind.Text, start, (nuint)bytes.Length, Hashing.OfBytes(bytes));
    }

    Probe Name(int i) => Probe.Of(_names[i]);

    (string, long)[] Contents(Record* record)
    {
        Value* names = stackalloc Value[512];
        Value* values = stackalloc Value[512];
        Assert.Equal(Status.Done, NamedAttributes.TakeAll(_me, record, names, values, 512, out int count));
        (string, long)[] all = new (string, long)[count];
        for (int i = 0; i < count; i++)
        {
            all[i] = (Blob.ToText(names[i]), values[i].Int);
            Reference.Drop(_me, names[i]);
        }
        return all;
    }

    // What Python's dict does with the order.
    static void ModelSet(List<(string Name, long Value)> model, string name, long value)
    {
        int at = model.FindIndex(item => item.Name == name);
        if (at >= 0) model[at] = (name, value);
        else model.Add((name, value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(128)]
    public void AnyOperationsGiveWhatAnOrderedDictionaryGives(int others)
    {
        Shape* root = Trees.CreateTree(_me, _heap);
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 30], Gen.Int[0, 1000]).Array[0, 100].Sample(
            steps =>
            {
                Record* record = Records.Create(_me, _heap, root);
                List<(string Name, long Value)> model = [];
                for (int i = 0; i < others; i++) Step(record, model, 0, 100 + i, i);
                foreach ((int kind, int name, int number) in steps)
                {
                    Step(record, model, kind, kind == 9 ? number % 400 : name, number);
                    Assert.True(Records.IsValid(record));
                }
                Assert.Equal(model, Contents(record));
                Assert.Equal(Status.Done, NamedAttributes.Count(_me, record, out int count));
                Assert.Equal(model.Count, count);
                Reference.Drop(_me, Value.Of((Header*)record));
            },
            iter: 1000,
            threads: 1);
        ShapeTrees.Free(_me, root);
    }

    void Step(Record* record, List<(string Name, long Value)> model, int kind, int i, int number)
    {
        Probe name = Name(i);
        string text = "name" + i;
        int at = model.FindIndex(item => item.Name == text);
        Status present = at >= 0 ? Status.Done : Status.Missing;
        switch (kind)
        {
            case 0 or 1 or 2 or 3 or 9:
                Assert.Equal(Status.Done, NamedAttributes.Set(_me, record, name, Value.OfInt(number)));
                ModelSet(model, text, number);
                break;
            case 4:
                Assert.Equal(present, NamedAttributes.Take(_me, record, name, out Value taken));
                if (at < 0) break;
                Assert.Equal(model[at].Value, taken.Int);
                model.RemoveAt(at);
                break;
            case 5:
                Assert.Equal(present, NamedAttributes.Add(_me, record, name, Value.OfInt(number), out Value sum));
                if (at < 0) break;
                model[at] = (text, model[at].Value + number);
                Assert.Equal(model[at].Value, sum.Int);
                break;
            case 6:
                long expected = at >= 0 && number % 2 == 0 ? model[at].Value : -1;
                Status status = NamedAttributes.CompareExchange(
                    _me, record, name, Probe.Of(Value.OfInt(expected)), Value.OfInt(number), out Value seen);
                Assert.Equal(expected >= 0 ? Status.Done : Status.Missing, status);
                if (at >= 0) Assert.Equal(model[at].Value, seen.Int);
                if (status == Status.Done) model[at] = (text, number);
                break;
            case 7:
                Assert.Equal(present, NamedAttributes.Get(_me, record, name, out Value value, out ulong shapeId, out int slot));
                if (at < 0) break;
                Assert.Equal(model[at].Value, value.Int);
                Assert.Equal(RecordTable.MapOf(record->Body) == null ? at : -1, slot);
                if (shapeId == 0) break;
                Assert.Equal(Status.Done, KnownSlots.Store(_me, record, shapeId, slot, Value.OfInt(number)));
                Assert.Equal(Status.Done, KnownSlots.Load(_me, record, shapeId, slot, out value));
                Assert.Equal(number, value.Int);
                Assert.Equal(Status.Missing, KnownSlots.Load(_me, record, shapeId + 1_000_000, slot, out _));
                model[at] = (text, number);
                break;
            default:
                Assert.Equal(present, _known.Get(_me, record, _names[i], out Value cached));
                if (at >= 0) Assert.Equal(model[at].Value, cached.Int);
                break;
        }
    }

    [Fact]
    public void RecordsWithTheSameHistoryShareTheirShapeWhateverThreadMadeThem()
    {
        for (int round = 0; round < 200; round++)
        {
            Shape* root = Trees.CreateTree(_me, _heap);
            nint[] records = new nint[3];
            void Make(Participant* me, int number)
            {
                Epoch.Enter(me);
                Record* record = Records.Create(me, _heap, root);
                for (int i = 0; i < 20; i++) NamedAttributes.Set(me, record, Name(i), Value.OfInt(number));
                records[number] = (nint)record;
                Epoch.Exit(me);
            }
            Threads.Run(me => Make(me, 0), me => Make(me, 1), me => Make(me, 2));
            Assert.All(records, record =>
                Assert.Equal((nint)((Record*)records[0])->Body->Shape, (nint)((Record*)record)->Body->Shape));
            Assert.True(root->FirstChild->NextSibling == null);
            Assert.All(records, record => Assert.True(Records.IsValid((Record*)record)));
        }
    }

    [Fact]
    public void AShapeBeyondTheTreesLimitsIsPrivateAndWorks()
    {
        Shape* root = Trees.CreateTree(_me, _heap);
        Record* record = Records.Create(_me, _heap, root);
        for (int i = 0; i < 300; i++) Assert.Equal(Status.Done, NamedAttributes.Set(_me, record, Name(i), Value.OfInt(i)));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => ("name" + i, (long)i)), Contents(record));
        Assert.Equal(0u, record->Body->ShapeId);
        Assert.True(Records.IsValid(record));
        Assert.True(RecordTable.MapOf(record->Body) != null);
        for (int i = 0; i < 100; i++)
        {
            Record* other = Records.Create(_me, _heap, root);
            Assert.Equal(Status.Done, NamedAttributes.Set(_me, other, Name(i), Value.OfInt(i)));
            Assert.Equal(i >= 64, other->Body->ShapeId == 0);
        }
    }

    [Fact]
    public void ATableThatHasLostAlmostAllIsSmallAgain()
    {
        Record* record = Records.Create(_me, _heap, Trees.CreateTree(_me, _heap));
        for (int i = 0; i < 50_000; i++)
            Assert.Equal(Status.Done, NamedAttributes.Set(_me, record, Probe.Of(Value.OfInt(i)), Value.OfInt(i)));
        long most = Parts.SizeOf(_me, (Header*)record);
        for (int i = 0; i < 49_990; i++) Assert.Equal(Status.Done, NamedAttributes.Remove(_me, record, Probe.Of(Value.OfInt(i))));
        Assert.True(Records.IsValid(record));
        Assert.InRange(Parts.SizeOf(_me, (Header*)record), 0, most / 20);
        for (int i = 49_990; i < 50_000; i++)
        {
            Assert.Equal(Status.Done, NamedAttributes.Get(_me, record, Probe.Of(Value.OfInt(i)), out Value value));
            Assert.Equal(i, value.Int);
        }
        Reference.Drop(_me, (Header*)record);
    }

    [Fact]
    public void TheValuesOfATableAreReleasedOnce()
    {
        Value value = Value.Of((Header*)Cell.Create(_me, _heap, 0));
        Shape* root = Trees.CreateTree(_me, _heap);
        int[] before = [.. _names.Select(name => name.Head->Count)];
        foreach (bool isDeleted in new[] { false, true })
        {
            Record* record = Records.Create(_me, _heap, root);
            for (int i = 0; i < 200; i++) Assert.Equal(Status.Done, NamedAttributes.Set(_me, record, Name(i), value));
            for (int i = 0; i < 100; i++) Assert.Equal(Status.Done, NamedAttributes.Set(_me, record, Name(i), value));
            for (int i = 50; i < 60; i++) Assert.Equal(Status.Done, NamedAttributes.Remove(_me, record, Name(i)));
            Assert.Equal(Status.WrongKind, NamedAttributes.Add(_me, record, Name(5), Value.OfInt(1), out _));
            Assert.Equal(
                Status.Missing, NamedAttributes.CompareExchange(_me, record, Name(5), Probe.Of(Value.True), value, out _));
            Assert.Equal(Status.Done, NamedAttributes.CompareExchange(_me, record, Name(5), Probe.Of(value), value, out _));
            Assert.Equal(Status.Missing, NamedAttributes.Add(_me, record, Name(300), Value.OfInt(1), out _));
            Assert.Equal(191, value.Head->Count);
            if (isDeleted) Assert.Equal(Status.Done, Records.Delete(_me, record));
            Reference.Drop(_me, Value.Of((Header*)record));
            Assert.Equal(1, value.Head->Count);
        }
        ShapeTrees.Free(_me, root);
        Assert.Equal(before, _names.Select(name => name.Head->Count));
    }

    [Fact]
    public void NamesAndValuesAreReleasedWhenTheyGo()
    {
        Value value = Value.Of((Header*)Cell.Create(_me, _heap, 0));
        int[] before = [.. _names.Select(name => name.Head->Count)];
        Shape* root = Trees.CreateTree(_me, _heap);
        Record* record = Records.Create(_me, _heap, root);
        Record* other = Records.Create(_me, _heap, root);
        for (int i = 0; i < 10; i++) NamedAttributes.Set(_me, record, Name(i), value);
        for (int i = 0; i < 10; i++) NamedAttributes.Set(_me, other, Name(i), value);
        Assert.Equal(21, value.Head->Count);
        NamedAttributes.Set(_me, record, Name(3), value);
        NamedAttributes.Remove(_me, record, Name(4));
        NamedAttributes.Set(_me, record, Name(20), value);
        Assert.Equal(Status.Missing, NamedAttributes.Remove(_me, record, Name(4)));
        Assert.Equal(Status.WrongKind, NamedAttributes.Add(_me, record, Name(5), Value.OfInt(1), out _));
        Assert.Equal(21, value.Head->Count);
        Assert.Equal(Status.Done, Records.Delete(_me, record));
        Assert.Equal(Status.Deleted, Records.Delete(_me, record));
        Assert.Equal(Status.Deleted, NamedAttributes.Get(_me, record, Name(0), out _));
        Assert.Equal(Status.Deleted, NamedAttributes.Set(_me, record, Name(0), value));
        Assert.Equal(Status.Deleted, NamedAttributes.Remove(_me, record, Name(0)));
        Assert.Equal(Status.Deleted, NamedAttributes.Count(_me, record, out _));
        Assert.Equal(Status.Deleted, NamedAttributes.Add(_me, record, Name(0), value, out _));
        Assert.Equal(11, value.Head->Count);
        Reference.Drop(_me, Value.Of((Header*)record));
        Reference.Drop(_me, Value.Of((Header*)other));
        Assert.Equal(1, value.Head->Count);
        ShapeTrees.Free(_me, root);
        Assert.Equal(before, _names.Select(name => name.Head->Count));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(120)]
    public void NoSetIsLostWhileAttributesComeAndGo(int others)
    {
        const int Adds = 30_000;
        Shape* root = Trees.CreateTree(_me, _heap);
        Record* record = Records.Create(_me, _heap, root);
        for (int i = 0; i < others; i++) NamedAttributes.Set(_me, record, Name(100 + i), Value.OfInt(0));
        NamedAttributes.Set(_me, record, Name(0), Value.OfInt(0));
        NamedAttributes.Set(_me, record, Name(1), Value.OfInt(0));
        int running = 2;
        void Count(Participant* me, int name)
        {
            long last = 0;
            for (int i = 0; i < Adds; i++)
            {
                Assert.Equal(Status.Done, NamedAttributes.Add(me, record, Name(name), Value.OfInt(1), out _));
                Assert.Equal(Status.Done, NamedAttributes.Get(me, record, Name(name), out Value value));
                Assert.Equal(++last, value.Int);
            }
            Interlocked.Decrement(ref running);
        }
        void Change(Participant* me)
        {
            Random random = new(5);
            KnownSlots known = new();
            while (Volatile.Read(ref running) > 0)
            {
                // Each attribute holds its own number, so that a value from another one's slot is recognised.
                int name = random.Next(2, 12);
                if (random.Next(3) == 0) NamedAttributes.Remove(me, record, Name(name));
                else NamedAttributes.Set(me, record, Name(name), Value.OfInt(name));
                int other = random.Next(2, 12);
                if (known.Get(me, record, _names[other], out Value value) == Status.Done) Assert.Equal(other, value.Int);
            }
        }
        Threads.Run(me => Count(me, 0), me => Count(me, 1), Change);
        NamedAttributes.Get(_me, record, Name(0), out Value first);
        NamedAttributes.Get(_me, record, Name(1), out Value second);
        Assert.Equal((Adds, Adds), (first.Int, second.Int));
        Assert.True(Records.IsValid(record));
    }

    [Fact]
    public void CachedReadsNeverReturnAnotherAttributesValue()
    {
        Shape* root = Trees.CreateTree(_me, _heap);
        Record*[] records = new Record*[2];
        for (int i = 0; i < 2; i++) records[i] = Records.Create(_me, _heap, root, capacity: 1);
        int running = 1;
        void Write(Participant* me)
        {
            Random random = new(7);
            for (int i = 0; i < 100_000; i++)
            {
                // Mostly the last one goes, so that the shapes stay in the tree.
                Record* record = records[i & 1];
                NamedAttributes.Count(me, record, out int count);
                if (count < 8 && random.Next(2) == 0) NamedAttributes.Set(me, record, Name(count), Value.OfInt(count));
                else if (count > 0) NamedAttributes.Remove(me, record, Name(count - 1));
            }
            Volatile.Write(ref running, 0);
        }
        void Read(Participant* me)
        {
            Random random = new(8);
            KnownSlots known = new();
            while (Volatile.Read(ref running) != 0)
            {
                int name = random.Next(8);
                if (known.Get(me, records[random.Next(2)], _names[name], out Value value) == Status.Done)
                    Assert.Equal(name, value.Int);
            }
        }
        Threads.Run(Write, Read, Read);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    public void ReferencesAreReleasedOnceWhateverRunsWhileARecordIsDeleted(int others)
    {
        Value value = Value.Of((Header*)Cell.Create(_me, _heap, 0));
        Shape* root = Trees.CreateTree(_me, _heap);
        for (int round = 0; round < 300; round++)
        {
            Record* record = Records.Create(_me, _heap, root, capacity: 1);
            for (int i = 0; i < others; i++) NamedAttributes.Set(_me, record, Name(100 + i), value);
            void Change(Participant* me, int seed)
            {
                Random random = new(seed);
                Status status = Status.Done;
                while (status != Status.Deleted)
                {
                    int name = random.Next(5);
                    status = random.Next(3) == 0
                        ? NamedAttributes.Remove(me, record, Name(name)) : NamedAttributes.Set(me, record, Name(name), value);
                }
            }
            void Delete(Participant* me)
            {
                Thread.Yield();
                Records.Delete(me, record);
            }
            Threads.Run(me => Change(me, round), me => Change(me, ~round), Delete, Delete);
            Assert.Equal(1, value.Head->Count);
            Assert.True(Records.IsValid(record));
        }
    }
}

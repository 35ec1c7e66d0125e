using Symplast.Memory;
using Xunit;
using Queue = Symplast.Objects.SharedQueue;
using Records = Symplast.Objects.Record;
using Tree = Symplast.Objects.SortedMap;
using Trees = Symplast.Objects.Shapes;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Objects.Tests;

/// <summary>
/// The same operations again and again in a checked heap, each time another allocation of theirs fails: what failed has changed
/// nothing, the rest goes on, and in the end no block is left.
/// </summary>
public sealed unsafe class NoMemoryTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();

    public void Dispose()
    {
        HeapDebug.FailAt(0);
        HeapDebug.Stop();
        Epoch.Leave(_me);
    }

    void EachAllocationFailsOnce(Action<nint> operations)
    {
        HeapDebug.Start();
        for (int n = 1; ; n++)
        {
            Pool pool = Pool.Create("no memory");
            PoolHeap* heap = pool.LiveHeap();
            HeapDebug.FailAt(n);
            operations((nint)heap);
            bool failed = HeapDebug.HasFailed;
            HeapDebug.FailAt(0);
            Assert.Equal(0, Heap.LiveBlocks(heap));
            Heap.Collect(_me, heap);
            Assert.True(HeapInvariants.IsValid(heap));
            pool.Delete();
            if (failed) continue;
            Assert.True(n > 5);
            return;
        }
    }

    // Does the change to the model if it was done; if there was no memory, all is as before.
    static void Try(Status status, Action change, Action check)
    {
        if (status == Status.Done) change();
        else Assert.Equal(Status.NoMemory, status);
        check();
    }

    struct ByInteger : IValueOrder
    {
        public bool Precedes(Value left, Value right) => left.Int < right.Int;

        public readonly bool Failed => false;
    }

    [Fact]
    public void AVectorIsAsItWas() => EachAllocationFailsOnce(heap =>
    {
        Epoch.Enter(_me);
        SharedVector* vector = Vector.Create(_me, (PoolHeap*)heap, 0, 0);
        Epoch.Exit(_me);
        if (vector == null) return;
        List<long> model = [];
        void Check()
        {
            Value* values = stackalloc Value[64];
            Epoch.Enter(_me);
            Assert.Equal(Status.Done, Vector.Read(_me, vector, 0, values, 64, out int count));
            Assert.Equal(model, new Span<Value>(values, count).ToArray().Select(value => value.Int));
            Epoch.Exit(_me);
            Assert.True(Vector.IsValid(vector));
        }
        void Set() =>
            Try(model.Count == 0 ? Status.NoMemory : Vector.Set(_me, vector, 0, Value.OfInt(5)), () => model[0] = 5, Check);
        for (int i = 0; i < 20; i++) Try(Vector.Append(_me, vector, Value.OfInt(i)), () => model.Add(i), Check);
        // Each set opens the root, which what follows must close.
        for (int i = 0; i < 8; i++) Set();
        Try(Vector.InsertNear(_me, vector, 3, Value.OfInt(100)), () => model.Insert(3, 100), Check);
        for (int i = 0; i < 8; i++) Set();
        Try(Vector.RemoveElement(_me, vector, 2), () => model.RemoveAt(2), Check);
        for (int i = 0; i < 8; i++) Set();
        Try(Vector.Reverse(_me, vector), model.Reverse, Check);
        ByInteger order = default;
        Try(Vector.Sort(_me, vector, ref order), model.Sort, Check);
        for (int i = 0; i < 8; i++) Set();
        for (int i = 0; i < 12; i++) Try(Vector.InsertNear(_me, vector, 0, Value.OfInt(i)), () => model.Insert(0, i), Check);
        for (int i = 0; i < 14; i++) Try(Vector.RemoveElement(_me, vector, 0), () => model.RemoveAt(0), Check);
        Try(Vector.InsertNear(_me, vector, 0, Value.OfInt(101)), () => model.Insert(0, 101), Check);
        for (int i = 0; i < 12; i++)
            Try(Vector.TakeLast(_me, vector, default, out _), () => model.RemoveAt(model.Count - 1), Check);
        Try(Vector.Clear(_me, vector), model.Clear, Check);
        Epoch.Enter(_me);
        Reference.Drop(_me, Value.Of((Header*)vector));
        Epoch.Exit(_me);
    });

    [Fact]
    public void AMapThatCannotBeFilledStaysEmpty() => EachAllocationFailsOnce(heap =>
    {
        OrderedMap* map = OrderedMap.Create(_me, (PoolHeap*)heap);
        if (map == null) return;
        Epoch.Enter(_me);
        Status status = MapDraft.Begin(_me, map, 40, out MapDraft draft);
        for (int i = 0; i < 40 && status == Status.Done; i++)
        {
            Value key = Big(heap, i);
            Value value = key.IsEmpty ? default : Big(heap, 100 + i);
            if (!value.IsEmpty && MapDraft.Append(_me, map, ref draft, Hashing.Of(key), key, value)) continue;
            Reference.Drop(_me, key);
            Reference.Drop(_me, value);
            status = Status.NoMemory;
        }
        if (status == Status.Done) status = MapDraft.Publish(_me, map, ref draft);
        if (draft.Exists) MapDraft.Discard(_me, ref draft);
        Assert.Equal(Status.Done, OrderedMap.Count(_me, map, out ulong count));
        Assert.Equal(status == Status.Done ? 40u : 0, count);
        Assert.True(MapCheck.IsValid(_me, map));
        Reference.Drop(_me, Value.Of((Header*)map));
        Epoch.Exit(_me);
    });

    [Fact]
    public void ASortedMapThatCannotBeFilledStaysEmpty() => EachAllocationFailsOnce(heap =>
    {
        const int Count = 300;
        SortedMap* map = Tree.Create(_me, (PoolHeap*)heap);
        if (map == null) return;
        Epoch.Enter(_me);
        Value held = Big(heap, 1);
        SortedEntry* entries = stackalloc SortedEntry[Count];
        for (int i = 0; i < Count && !held.IsEmpty; i++)
        {
            Reference.Take(held);
            entries[i] = new SortedEntry(Value.OfInt(i * 7 % Count), held);
        }
        Status status = held.IsEmpty ? Status.NoMemory : Tree.Fill(_me, map, entries, Count);
        for (int i = 0; i < Count && status != Status.Done && !held.IsEmpty; i++) Reference.Drop(_me, held);
        Assert.Equal(Status.Done, Tree.Count(_me, map, out long count));
        Assert.Equal(status == Status.Done ? Count : 0, count);
        Assert.True(Tree.IsValid(_me, map));
        Reference.Drop(_me, Value.Of((Header*)map));
        if (!held.IsEmpty) Assert.Equal(1, held.Head->Count);
        Reference.Drop(_me, held);
        Epoch.Exit(_me);
    });

    Value Big(nint heap, long number) => Sum.OfInteger(_me, (PoolHeap*)heap, (1L << 60) + number);

    [Fact]
    public void AQueueIsAsItWas() => EachAllocationFailsOnce(heap =>
    {
        Epoch.Enter(_me);
        SharedQueue* queue = Queue.Create(_me, (PoolHeap*)heap, 0, 1, 4);
        Epoch.Exit(_me);
        if (queue == null) return;
        Queue<long> model = [];
        void Check()
        {
            Assert.Equal(Status.Done, Queue.Count(_me, queue, out long count));
            Assert.Equal(model.Count, count);
            Assert.True(Queue.IsValid(queue));
        }
        for (int i = 0; i < 20; i++)
        {
            Try(Queue.TryPut(_me, queue, Value.OfInt(i)), () => model.Enqueue(i), Check);
            if (i % 4 != 3) continue;
            Assert.Equal(Status.Done, Queue.TryTake(_me, queue, out Value value));
            Assert.Equal(model.Dequeue(), value.Int);
        }
        Epoch.Enter(_me);
        Reference.Drop(_me, Value.Of((Header*)queue));
        Epoch.Exit(_me);
    });

    [Fact]
    public void ARecordIsAsItWas() => EachAllocationFailsOnce(heap => CheckRecord(heap, 0));

    [Fact]
    public void ARecordThatGetsATableIsAsItWas() => EachAllocationFailsOnce(heap => CheckRecord(heap, 124));

    // First some attributes are set without asking whether it fails.
    void CheckRecord(nint heap, int others)
    {
        Epoch.Enter(_me);
        Shape* root = Trees.CreateTree(_me, (PoolHeap*)heap);
        Record* record = root == null ? null : Records.Create(_me, (PoolHeap*)heap, root, 1);
        int made = 0;
        for (int i = 0; record != null && i < others; i++)
        {
            if (NamedAttributes.Set(_me, record, Probe.Of(Value.OfInt(i)), Value.True) == Status.Done) made++;
        }
        List<(string Name, long Value)> model = [];
        void Check()
        {
            Assert.True(Records.IsValid(record));
            Assert.Equal(Status.Done, NamedAttributes.Count(_me, record, out int count));
            Assert.Equal(made + model.Count, count);
            foreach ((string name, long number) in model)
            {
                fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name))
                {
                    Assert.Equal(
                        Status.Done,
                        NamedAttributes.Get(_me, record, Probe.Text(text, (nuint)name.Length, Hash(name)), out Value value));
                    Assert.Equal(number, value.Int);
                }
            }
        }
        void Set(string name, int number)
        {
            fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name))
            {
                Try(NamedAttributes.Set(_me, record, Probe.Text(text, (nuint)name.Length, Hash(name)), Value.OfInt(number)), () =>
                    model.Add((name, number)), Check);
            }
        }
        void Remove(string name)
        {
            fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name))
            {
                if (!model.Exists(item => item.Name == name)) return;
                Try(NamedAttributes.Remove(_me, record, Probe.Text(text, (nuint)name.Length, Hash(name))), () =>
                    model.RemoveAll(item => item.Name == name), Check);
            }
        }
        if (record != null)
        {
            for (int i = 0; i < 10; i++) Set("name" + i, i);
            Remove("name9");
            Remove("name4");
            Set("other", 1);
            Set("another", 1);
            Remove("name5");
            Reference.Drop(_me, Value.Of((Header*)record));
        }
        if (root != null) ShapeTrees.Free(_me, root);
        Epoch.Exit(_me);
    }

    [Fact]
    public void AValueThatCannotBeMadeIsEmptyAndTakesNothing()
    {
        PoolHeap* heap = CheckedHeap.Create("values");
        Epoch.Enter(_me);
        Value item = Value.Of((Header*)AtomicInteger.Create(_me, heap, 1));
        byte* text = stackalloc byte[4];
        HeapDebug.FailAt(1);
        Assert.True(Blob.Create(_me, heap, ValueKind.Bytes, text, 4, 1).IsEmpty);
        HeapDebug.FailAt(1);
        Assert.True(TupleBlob.Create(_me, heap, &item, 1).IsEmpty);
        HeapDebug.FailAt(1);
        Assert.True(Sum.OfInteger(_me, heap, long.MaxValue).IsEmpty);
        HeapDebug.FailAt(1);
        Assert.Equal(Status.NoMemory, Sum.Of(_me, heap, Value.OfInt((1L << 49) - 1), Value.OfInt(1), out Value sum));
        Assert.True(sum.IsEmpty);
        HeapDebug.FailAt(0);
        Assert.Equal((1, 1L), (item.Head->Count, Heap.LiveBlocks(heap)));
        Reference.Drop(_me, item);
        Epoch.Exit(_me);
    }

    public static TheoryData<int> Structures => [.. Enumerable.Range(0, Battery.All().Length)];

    // Each operation alone, on a structure that was made before, and the making itself.
    [Theory]
    [MemberData(nameof(Structures))]
    public void EachOperationOfEachStructureLeavesItAsItWas(int number)
    {
        Battery battery = Battery.All()[number];
        HeapDebug.Start();
        Pool pool = Pool.Create("no memory");
        PoolHeap* heap = pool.LiveHeap();
        Epoch.Enter(_me);
        Value held = Value.Of((Header*)AtomicInteger.Create(_me, heap, 1));
        Epoch.Exit(_me);
        foreach (string operation in (string[])["create", .. battery.Operations])
        {
            bool hasFailed;
            int n = 0;
            do
            {
                bool isMade = operation != "create";
                long before = Heap.LiveBlocks(heap);
                if (!isMade) HeapDebug.FailAt(++n);
                nint structure = Make(battery, heap, held);
                string contents = isMade ? battery.Show(_me, structure) : "";
                if (isMade) HeapDebug.FailAt(++n);
                Status status = isMade ? battery.Do(_me, structure, operation, held) : Status.Done;
                hasFailed = HeapDebug.HasFailed;
                HeapDebug.FailAt(0);
                if (status == Status.NoMemory) Assert.Equal((true, contents), (hasFailed, battery.Show(_me, structure)));
                else Assert.True(status is Status.Done or Status.Missing, $"{operation}: {status}");
                if (structure == 0) Assert.True(hasFailed);
                else
                {
                    Assert.True(battery.IsValid(_me, structure), operation);
                    battery.Drop(_me, structure);
                }
                Assert.Equal(1, held.Head->Count);
                Assert.Equal(before, Heap.LiveBlocks(heap));
            } while (hasFailed);
        }
        Assert.True(HeapInvariants.IsValid(heap));
        pool.Delete();
    }

    nint Make(Battery battery, PoolHeap* heap, Value held)
    {
        Epoch.Enter(_me);
        nint structure = battery.Create(_me, heap, held);
        Epoch.Exit(_me);
        return structure;
    }

    static ulong Hash(string name) => Hashing.OfBytes(System.Text.Encoding.UTF8.GetBytes(name));
}

using System.Collections.Concurrent;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Benchmarks;

/// <summary>Vector, queue, counter, and attributes of objects.</summary>
internal static unsafe class SequenceSuite
{
    internal static void Run(bool quick, Action<Row> report)
    {
        Pool pool = Pool.Create("bench");
        PoolHeap* heap = pool.LiveHeap();
        Participant* main = Epoch.Join();
        Vectors(report, main, heap, quick ? 10_000 : 1_000_000);
        Counters(report, main, heap);
        Queues(report, main, heap);
        Bounded(report, main, heap);
        Records(report, main, heap);
        pool.Delete();
        Epoch.Leave(main);
    }

    // The contender's work as a participant of its own.
    static Contender Ours(Func<nint, int, ulong, long> work) => new("", (_, count, seed) =>
    {
        Participant* me = Epoch.Join();
        long result = work((nint)me, count, seed);
        Epoch.Leave(me);
        return result;
    });

    static void Vectors(Action<Row> report, Participant* main, PoolHeap* heap, int size)
    {
        const string Subject = "vector";
        SharedVector* vector = SharedVector.Create(main, heap);
        List<long> list = [];
        for (int i = 0; i < size; i++)
        {
            SharedVector.Append(main, vector, Value.OfInt(i));
            list.Add(i);
        }
        Lock gate = new();
        foreach (int threads in (int[])[1, 2])
        {
            string suffix = threads == 1 ? "" : ", 2 threads";
            Contest.Run(report, Subject, $"get of {size:N0}{suffix}", threads, new Bar(1), Ours((participant, count, seed) =>
            {
                Participant* me = (Participant*)participant;
                long sum = 0;
                for (int i = 0; i < count; i++)
                {
                    Epoch.Enter(me);
                    SharedVector.Get(me, vector, (long)(Keys.Next(ref seed) % (ulong)size), out Value value);
                    sum += value.Int;
                    Epoch.Exit(me);
                }
                return sum;
            }), new Contender("List + Lock", (_, count, seed) =>
            {
                long sum = 0;
                for (int i = 0; i < count; i++)
                {
                    lock (gate) sum += list[(int)(Keys.Next(ref seed) % (ulong)size)];
                }
                return sum;
            }));
            Contest.Run(report, Subject, $"set of {size:N0}{suffix}", threads, new Bar(1), Ours((participant, count, seed) =>
            {
                Participant* me = (Participant*)participant;
                for (int i = 0; i < count; i++)
                    SharedVector.Set(me, vector, (long)(Keys.Next(ref seed) % (ulong)size), Value.OfInt(i));
                return 0;
            }), new Contender("List + Lock", (_, count, seed) =>
            {
                for (int i = 0; i < count; i++)
                {
                    lock (gate) list[(int)(Keys.Next(ref seed) % (ulong)size)] = i;
                }
                return 0;
            }));
            Contest.Run(report, Subject, $"append and take the last{suffix}", threads, new Bar(1),
                Ours((participant, count, seed) =>
            {
                Participant* me = (Participant*)participant;
                for (int i = 0; i < count; i++)
                {
                    SharedVector.Append(me, vector, Value.OfInt(i));
                    SharedVector.TakeLast(me, vector, default, out _);
                }
                return 0;
            }), new Contender("List + Lock", (_, count, _) =>
            {
                for (int i = 0; i < count; i++)
                {
                    lock (gate) list.Add(i);
                    lock (gate) list.RemoveAt(list.Count - 1);
                }
                return 0;
            }));
        }
        Ends(report, vector, list, gate);
    }

    // The first element, and all of them. The list copies for each removal of the first one.
    static void Ends(Action<Row> report, SharedVector* vector, List<long> list, Lock gate)
    {
        const string Subject = "vector";
        Contest.Run(report, Subject, $"remove the first and append, {list.Count:N0}", 1, new Bar(1),
            Ours((participant, count, seed) =>
        {
            Participant* me = (Participant*)participant;
            for (int i = 0; i < count; i++)
            {
                SharedVector.TakeElement(me, vector, 0, default, out _);
                SharedVector.Append(me, vector, Value.OfInt(i));
            }
            return 0;
        }), new Contender("List + Lock", (_, count, _) =>
        {
            for (int i = 0; i < count; i++)
            {
                lock (gate) list.RemoveAt(0);
                lock (gate) list.Add(i);
            }
            return 0;
        }));
        Contest.Run(report, Subject, $"insert and remove the first, {list.Count:N0}", 1, new Bar(1),
            Ours((participant, count, seed) =>
        {
            Participant* me = (Participant*)participant;
            for (int i = 0; i < count; i++)
            {
                SharedVector.InsertNear(me, vector, 0, Value.OfInt(i));
                SharedVector.TakeElement(me, vector, 0, default, out _);
            }
            return 0;
        }), new Contender("List + Lock", (_, count, _) =>
        {
            for (int i = 0; i < count; i++)
            {
                lock (gate) list.Insert(0, i);
                lock (gate) list.RemoveAt(0);
            }
            return 0;
        }));
        Contest.Run(report, Subject, $"snapshot of {list.Count:N0}", 1, null, Ours((participant, count, seed) =>
        {
            Participant* me = (Participant*)participant;
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                SharedVector.Snapshot(me, vector, out VectorSnapshot snapshot);
                sum += snapshot.Count;
                snapshot.Release(me);
            }
            return sum;
        }), new Contender("List + Lock, ToArray", (_, count, _) =>
        {
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                lock (gate) sum += list.ToArray().Length;
            }
            return sum;
        }));
    }

    static void Counters(Action<Row> report, Participant* main, PoolHeap* heap)
    {
        AtomicCell* cell = AtomicInteger.Create(main, heap, 0);
        long plain = 0;
        foreach (int threads in (int[])[1, 2])
        {
            Contest.Run(report, "counter", $"add{(threads == 1 ? "" : ", 2 threads")}", threads, new Bar(2),
                Ours((participant, count, seed) =>
            {
                Participant* me = (Participant*)participant;
                for (int i = 0; i < count; i++) AtomicInteger.Add(me, cell, 1, out _);
                return 0;
            }), new Contender("Interlocked.Add", (_, count, _) =>
            {
                for (int i = 0; i < count; i++) Interlocked.Add(ref plain, 1);
                return plain;
            }));
        }
    }

    static void Queues(Action<Row> report, Participant* main, PoolHeap* heap)
    {
        SharedQueue* queue = SharedQueue.Create(main, heap, 0);
        ConcurrentQueue<long> concurrent = new();
        foreach (int threads in (int[])[1, 2])
        {
            Contest.Run(report, "queue", $"put and take{(threads == 1 ? "" : ", 2 threads")}", threads, new Bar(1),
                Ours((participant, count, seed) =>
            {
                Participant* me = (Participant*)participant;
                for (int i = 0; i < count; i++)
                {
                    SharedQueue.TryPut(me, queue, Value.OfInt(i));
                    SharedQueue.TryTake(me, queue, out _);
                }
                return 0;
            }), new Contender("ConcurrentQueue", (_, count, _) =>
            {
                for (int i = 0; i < count; i++)
                {
                    concurrent.Enqueue(i);
                    concurrent.TryDequeue(out long _);
                }
                return 0;
            }));
        }
    }

    // One thread puts, the other one takes; who finds no room or nothing waits.
    static void Bounded(Action<Row> report, Participant* main, PoolHeap* heap)
    {
        const int Capacity = 1024;
        SharedQueue* queue = SharedQueue.Create(main, heap, Capacity);
        using BlockingCollection<long> collection = new(Capacity);
        Contest.Run(report, "queue", "from one thread to another, waiting", 2, new Bar(1), new Contender("", (thread, count, _) =>
        {
            Participant* me = Epoch.Join();
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                if (thread == 0)
                {
                    QueueWaiting.Put(me, queue, Value.OfInt(i), -1, null);
                    continue;
                }
                QueueWaiting.Take(me, queue, out Value value, -1, null);
                sum += value.Int;
            }
            Epoch.Leave(me);
            return sum;
        }), new Contender("BlockingCollection", (thread, count, _) =>
        {
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                if (thread == 0) collection.Add(i);
                else sum += collection.Take();
            }
            return sum;
        }));
    }

    static void Records(Action<Row> report, Participant* main, PoolHeap* heap)
    {
        Keys names = new(8);
        Epoch.Enter(main);
        Shape* tree = Shapes.CreateTree(main, heap);
        Epoch.Exit(main);
        Record* record = Record.Create(main, heap, tree);
        for (int i = 0; i < 8; i++) NamedAttributes.Set(main, record, names.Fill(i), Value.OfInt(i));
        Epoch.Enter(main);
        NamedAttributes.Get(main, record, names.Ask(5), out _, out ulong shape, out int slot);
        Epoch.Exit(main);
        Dictionary<string, long> plain = names.Filled.Select((name, i) => KeyValuePair.Create(name, (long)i)).ToDictionary();
        string wanted = names.Filled[5];
        Contest.Run(report, "object", "attribute, cached", 1, new Bar(1), Ours((participant, count, seed) =>
        {
            Participant* me = (Participant*)participant;
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                Epoch.Enter(me);
                RecordView view = RecordView.Of(record);
                Value value = view.ShapeId == shape ? RecordView.Load(view, slot) : default;
                sum += value.Int;
                Epoch.Exit(me);
            }
            return sum;
        }), new Contender("Dictionary, unshared", (_, count, _) =>
        {
            long sum = 0;
            for (int i = 0; i < count; i++) sum += plain[wanted];
            return sum;
        }));
    }
}

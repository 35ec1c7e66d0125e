using System.Collections.Concurrent;
using System.Collections.Immutable;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Benchmarks;

/// <summary>The ordered map against what .NET programs take for a shared dictionary.</summary>
internal static unsafe class MapSuite
{
    const string Subject = "ordered map";

    interface IMap
    {
        long Get(int key);
        void Set(int key, long value);
    }

    readonly struct Ours(Participant* me, OrderedMap* map, Keys keys) : IMap
    {
        public long Get(int key)
        {
            Epoch.Enter(me);
            Map.Get(me, map, keys.AskText(key), out Value value);
            Epoch.Exit(me);
            return value.Int;
        }

        public void Set(int key, long value) => Map.Set(me, map, keys.AskText(key), Value.OfInt(value & 0xFFFFFF));
    }

    readonly struct OursHashing(Participant* me, OrderedMap* map, Keys keys) : IMap
    {
        public long Get(int key)
        {
            Epoch.Enter(me);
            Map.Get(me, map, keys.AskAndHash(key), out Value value);
            Epoch.Exit(me);
            return value.Int;
        }

        public void Set(int key, long value) => Map.Set(me, map, keys.AskAndHash(key), Value.OfInt(value & 0xFFFFFF));
    }

    // What no map can do better: its readers find a word of an array, which a writer stores. With all words side by side, or a
    // cache line each.
    readonly struct Words(Ours index, long[] words, int stride) : IMap
    {
        public long Get(int key) => Volatile.Read(ref words[Place(key)]);

        public void Set(int key, long value) => Volatile.Write(ref words[Place(key)], value);

        // What the index says is never negative, but the processor must wait for it.
        long Place(int key) => key * stride + (index.Get(key) >>> 63);
    }

    readonly struct Concurrent(ConcurrentDictionary<string, long> map, Keys keys) : IMap
    {
        public long Get(int key) => map.TryGetValue(keys.Asked[key], out long value) ? value : 0;

        public void Set(int key, long value) => map[keys.Asked[key]] = value;
    }

    readonly struct NonBlocked(NonBlocking.ConcurrentDictionary<string, long> map, Keys keys) : IMap
    {
        public long Get(int key) => map.TryGetValue(keys.Asked[key], out long value) ? value : 0;

        public void Set(int key, long value) => map[keys.Asked[key]] = value;
    }

    sealed class Root(ImmutableDictionary<string, long> map)
    {
        internal ImmutableDictionary<string, long> Map = map;
    }

    readonly struct Immutable(Root root, Keys keys) : IMap
    {
        public long Get(int key) => Volatile.Read(ref root.Map).TryGetValue(keys.Asked[key], out long value) ? value : 0;

        public void Set(int key, long value)
        {
            string text = keys.Asked[key];
            ImmutableInterlocked.Update(ref root.Map, static (map, entry) => map.SetItem(entry.text, entry.value), (text, value));
        }
    }

    readonly struct Locked(Dictionary<string, long> map, Lock gate, Keys keys) : IMap
    {
        public long Get(int key)
        {
            lock (gate) return map.TryGetValue(keys.Asked[key], out long value) ? value : 0;
        }

        public void Set(int key, long value)
        {
            lock (gate) map[keys.Asked[key]] = value;
        }
    }

    readonly struct ReadersAndWriter(Dictionary<string, long> map, ReaderWriterLockSlim gate, Keys keys) : IMap
    {
        public long Get(int key)
        {
            gate.EnterReadLock();
            long found = map.TryGetValue(keys.Asked[key], out long value) ? value : 0;
            gate.ExitReadLock();
            return found;
        }

        public void Set(int key, long value)
        {
            gate.EnterWriteLock();
            map[keys.Asked[key]] = value;
            gate.ExitWriteLock();
        }
    }

    static long Loop<T>(T map, int entries, int writesPercent, int count, ulong seed) where T : IMap
    {
        ulong state = seed;
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            ulong random = Keys.Next(ref state);
            int key = (int)((random >> 32) * (ulong)entries >> 32);
            if ((int)(random & 0xFFFF) * 100 >> 16 < writesPercent) map.Set(key, (long)random);
            else sum += map.Get(key);
        }
        return sum;
    }

    internal static void Run(bool quick, Action<Row> report)
    {
        int[] sizes = quick ? [16, 1000, 100_000] : [16, 1000, 1_000_000, 10_000_000];
        foreach (int size in sizes)
        {
            Keys keys = new(size);
            Pool pool = Pool.Create("bench");
            PoolHeap* heap = pool.LiveHeap();
            Participant* main = Epoch.Join();
            OrderedMap* map = Map.Create(main, heap);
            for (int i = 0; i < size; i++) Map.Set(main, map, keys.Fill(i), Value.OfInt(i));

            ConcurrentDictionary<string, long> concurrent =
                new(keys.Filled.Select((key, i) => KeyValuePair.Create(key, (long)i)));
            NonBlocking.ConcurrentDictionary<string, long> nonBlocking = new();
            for (int i = 0; i < size; i++) nonBlocking[keys.Filled[i]] = i;
            Dictionary<string, long> plain = new(concurrent);
            Root root = new(plain.ToImmutableDictionary());
            Lock gate = new();
            using ReaderWriterLockSlim readers = new();

            foreach (int writes in (int[])[0, 1, 10, 50])
            {
                foreach (int threads in (int[])[1, 2])
                {
                    string name = $"{size:N0} entries, {writes} % writes, {threads} thread{(threads == 1 ? "" : "s")}";
                    Contender Side<T>(string title, T side)
                        where T : struct, IMap => new(title, (_, count, seed) => Loop(side, size, writes, count, seed));
                    Contender ours = new("", (_, count, seed) =>
                    {
                        Participant* me = Epoch.Join();
                        long sum = Loop(new Ours(me, map, keys), size, writes, count, seed);
                        Epoch.Leave(me);
                        return sum;
                    });
                    Contender[] sides =
                    [
                        ours,
                        Side("ConcurrentDictionary", new Concurrent(concurrent, keys)),
                        Side("NonBlocking", new NonBlocked(nonBlocking, keys)),
                        Side("ImmutableDictionary + CAS", new Immutable(root, keys)),
                        Side("Dictionary + Lock", new Locked(plain, gate, keys)),
                        Side("Dictionary + ReaderWriterLockSlim", new ReadersAndWriter(plain, readers, keys)),
                    ];
                    // What was filled first was not looked at for the longest time, by this process or by whoever lends the
                    // machine its memory.
                    if (writes == 0 && threads == 1) Array.ForEach(sides, side => side.Work(0, Math.Min(size, 1_000_000), 1));
                    Bar bar = writes == 50 && threads == 2 ? new Bar(1 / 1.5) : new Bar(1);
                    Contest.Run(report, Subject, name, threads, bar, sides);
                    if (writes != 0 || threads != 1) continue;
                    Contender hashing = new("", (_, count, seed) =>
                    {
                        Participant* me = Epoch.Join();
                        long sum = Loop(new OursHashing(me, map, keys), size, writes, count, seed);
                        Epoch.Leave(me);
                        return sum;
                    });
                    Contest.Run(report, Subject, $"{size:N0} entries, read, hashing each key", 1, new Bar(1), hashing, sides[1],
                        sides[2]);
                }
            }
            Hammered(report, map, keys, size,
                [("ConcurrentDictionary", new Concurrent(concurrent, keys)), ("NonBlocking", new NonBlocked(nonBlocking, keys))]);
            pool.Delete();
            Epoch.Leave(main);
        }
    }

    // Reading while another thread writes all the time: against reading in peace, and against rivals whose writers do nothing
    // else either.
    static void Hammered(Action<Row> report, OrderedMap* map, Keys keys, int size, (string Name, IMap Map)[] rivals)
    {
        long Read<T>(T side, bool hammered, int thread, int count, ulong seed) where T : IMap
        {
            if (thread == 0) return Loop(side, size, 0, count, seed);
            long sum = 0;
            while (hammered && Volatile.Read(ref Contest.Finished) != seed / 1000)
                sum += Loop(side, size, 100, 100, seed + (ulong)sum + 1);
            return sum;
        }

        Contender Reader(string name, bool hammered) => new(name, (thread, count, seed) =>
        {
            Participant* me = Epoch.Join();
            long sum = Read(new Ours(me, map, keys), hammered, thread, count, seed);
            Epoch.Leave(me);
            return sum;
        });
        Contest.Measured = 1;
        string title = $"{size:N0} entries, reads while another thread writes";
        Contest.Run(report, Subject, title, 2, new Bar(1 / 0.9), Reader("", true), Reader("reads in peace", false));
        foreach (int stride in (int[])[1, 8])
        {
            long[] words = new long[(size + 1) * stride];
            Contender Words(string name, bool hammered) => new(name, (thread, count, seed) =>
            {
                Participant* me = Epoch.Join();
                long sum = Read(new Words(new Ours(me, map, keys), words, stride), hammered, thread, count, seed);
                Epoch.Leave(me);
                return sum;
            });
            string what = $"{size:N0} words of an array{(stride == 1 ? "" : ", a line each")}";
            if (size <= 1000)
                Contest.Run(report, Subject, $"{what}, beside a writer", 2, null, Words("", true),
                Words("reads in peace", false));
        }
        Contest.Run(report, Subject, title, 2, new Bar(1), [Reader("", true), .. rivals.Select(rival => rival.Map switch
        {
            Concurrent side => new Contender(rival.Name, (thread, count, seed) => Read(side, true, thread, count, seed)),
            NonBlocked side => new Contender(rival.Name, (thread, count, seed) => Read(side, true, thread, count, seed)),
            _ => throw new NotSupportedException(),
        })]);
        Contest.Measured = int.MaxValue;
    }
}

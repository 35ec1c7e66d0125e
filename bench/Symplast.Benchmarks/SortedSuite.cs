using System.Collections.Immutable;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.SortedMap;

namespace Symplast.Benchmarks;

/// <summary>The sorted map, with numbers and with text for keys.</summary>
internal static unsafe class SortedSuite
{
    const string Subject = "sorted map";

    interface IMap
    {
        long Get(int key);
        void Set(int key, long value);
    }

    readonly struct Ours(Participant* me, SortedMap* map, Keys? keys) : IMap
    {
        Probe Ask(int key) => keys is null ? Probe.Of(Value.OfInt(key)) : keys.Ask(key);

        public long Get(int key)
        {
            Epoch.Enter(me);
            Map.Get(me, map, Ask(key), out Value value);
            Epoch.Exit(me);
            return value.Int;
        }

        public void Set(int key, long value) => Map.Set(me, map, Ask(key), Value.OfInt(value & 0xFFFFFF));
    }

    // As in MapSuite.
    readonly struct Words(Ours index, long[] words, int stride) : IMap
    {
        public long Get(int key) => Volatile.Read(ref words[Place(key)]);

        public void Set(int key, long value) => Volatile.Write(ref words[Place(key)], value);

        long Place(int key) => key * stride + (index.Get(key) >>> 63);
    }

    readonly struct Locked<TKey>(SortedDictionary<TKey, long> map, Lock gate, TKey[] keys) : IMap where TKey : notnull
    {
        public long Get(int key)
        {
            lock (gate) return map.TryGetValue(keys[key], out long value) ? value : 0;
        }

        public void Set(int key, long value)
        {
            lock (gate) map[keys[key]] = value;
        }
    }

    sealed class Root<TKey>(ImmutableSortedDictionary<TKey, long> map) where TKey : notnull
    {
        internal ImmutableSortedDictionary<TKey, long> Map = map;
    }

    readonly struct Immutable<TKey>(Root<TKey> root, TKey[] keys) : IMap where TKey : notnull
    {
        public long Get(int key) => Volatile.Read(ref root.Map).TryGetValue(keys[key], out long value) ? value : 0;

        public void Set(int key, long value) =>
            ImmutableInterlocked.Update(
                ref root.Map, static (map, entry) => map.SetItem(entry.key, entry.value), (key: keys[key], value));
    }

    static long Loop<T>(T map, int entries, int writesPercent, int count, ulong seed) where T : struct, IMap
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
        foreach (int size in quick ? (int[])[16, 1000, 100_000] : [16, 1000, 1_000_000])
        {
            RunKeys(report, "ints", size, null, [.. Enumerable.Range(0, size)]);
            Keys keys = new(size);
            RunKeys(report, "texts", size, keys, keys.Asked);
        }
    }

    static void RunKeys<TKey>(Action<Row> report, string kind, int size, Keys? keys, TKey[] plain) where TKey : notnull
    {
        IComparer<TKey> order = typeof(TKey) == typeof(string) ? (IComparer<TKey>)StringComparer.Ordinal : Comparer<TKey>.Default;
        Pool pool = Pool.Create("bench");
        Participant* main = Epoch.Join();
        SortedMap* map = Map.Create(main, pool.LiveHeap());
        for (int i = 0; i < size; i++) Map.Set(main, map, keys is null ? Probe.Of(Value.OfInt(i)) : keys.Fill(i), Value.OfInt(i));
        SortedDictionary<TKey, long> sorted = new(order);
        for (int i = 0; i < size; i++) sorted[plain[i]] = i;
        Root<TKey> root = new(sorted.ToImmutableSortedDictionary(order));
        Lock gate = new();

        foreach (int writes in (int[])[0, 1, 10, 50])
        {
            foreach (int threads in (int[])[1, 2])
            {
                string name = $"{size:N0} {kind}, {writes} % writes, {threads} thread{(threads == 1 ? "" : "s")}";
                Contender ours = new("", (_, count, seed) =>
                {
                    Participant* me = Epoch.Join();
                    long sum = Loop(new Ours(me, map, keys), size, writes, count, seed);
                    Epoch.Leave(me);
                    return sum;
                });
                Contest.Run(report, Subject, name, threads, new Bar(writes == 50 && threads == 2 ? 1 / 1.5 : 1), ours,
                    new Contender(
                        "SortedDictionary + Lock", (_, count, seed) =>
                        Loop(new Locked<TKey>(sorted, gate, plain), size, writes, count, seed)),
                    new Contender(
                        "ImmutableSortedDictionary + CAS", (_, count, seed) =>
                        Loop(new Immutable<TKey>(root, plain), size, writes, count, seed)));
            }
        }
        Hammered(report, $"{size:N0} {kind}", map, keys, size, new Locked<TKey>(sorted, gate, plain),
            new Immutable<TKey>(root, plain));
        if (keys is null && size > SortedEndsSuite.Range) SortedEndsSuite.Run(report, map, size);
        pool.Delete();
        Epoch.Leave(main);
    }

    // Reading while another thread writes all the time: against reading in peace, and against rivals whose writers do nothing
    // else either.
    static void Hammered<TKey>(
        Action<Row> report, string what, SortedMap* map, Keys? keys, int size, Locked<TKey> locked,
        Immutable<TKey> immutable) where TKey : notnull
    {
        long Read<T>(T side, bool hammered, int thread, int count, ulong seed) where T : struct, IMap
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
        string title = $"{what}, reads while another thread writes";
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
            string place = stride == 1 ? "words of an array" : "words, a line each";
            if (size <= 1000)
                Contest.Run(report, Subject, $"{what}: {place}, beside a writer", 2, null, Words("", true),
                Words("reads in peace", false));
        }
        Contest.Run(report, Subject, title, 2, new Bar(1), Reader("", true),
            new Contender("SortedDictionary + Lock", (thread, count, seed) => Read(locked, true, thread, count, seed)),
            new Contender(
                "ImmutableSortedDictionary + CAS", (thread, count, seed) => Read(immutable, true, thread, count, seed)));
        Contest.Measured = int.MaxValue;
    }
}

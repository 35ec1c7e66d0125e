using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.SortedMap;

namespace Symplast.Benchmarks;

/// <summary>
/// What only a sorted map can do: neighbours, ranges, its ends. Of .NET's collections <see cref="SortedSet{T}"/> can, without
/// values.
/// </summary>
internal static unsafe class SortedEndsSuite
{
    const string Subject = "sorted map";

    /// <summary>How many entries a range has.</summary>
    internal const int Range = 100;

    internal static void Run(Action<Row> report, SortedMap* map, int size)
    {
        SortedSet<int> set = [.. Enumerable.Range(0, size)];
        Lock gate = new();
        Compare(report, $"{size:N0} ints, the greatest at most", size, (me, key) =>
            Map.Floor((Participant*)me, map, Probe.Of(Value.OfInt(key)), out _, out Value value) == Status.Done
            ? value.Int : 0, key =>
        {
            lock (gate) return set.GetViewBetween(0, key).Max;
        });
        Compare(report, $"{size:N0} ints, a range of {Range} upwards", size, (me, key) => Scan(me, map, key, false), key =>
        {
            long sum = 0;
            lock (gate) foreach (int each in set.GetViewBetween(key, key + Range - 1)) sum += each;
            return sum;
        });
        Compare(report, $"{size:N0} ints, a range of {Range} downwards", size, (me, key) => Scan(me, map, key, true), key =>
        {
            long sum = 0;
            lock (gate) foreach (int each in set.GetViewBetween(key, key + Range - 1).Reverse()) sum += each;
            return sum;
        });
        Queue(report, size);
    }

    static void Compare(Action<Row> report, string name, int size, Func<nint, int, long> ours, Func<int, long> theirs) =>
        Contest.Run(report, Subject, name, 1, new Bar(1),
        new Contender("", (_, count, seed) =>
        {
            Participant* me = Epoch.Join();
            long sum = Loop(size, count, seed, key => ours((nint)me, key));
            Epoch.Leave(me);
            return sum;
        }),
        new Contender("SortedSet + Lock", (_, count, seed) => Loop(size, count, seed, theirs)));

    static long Loop(int size, int count, ulong state, Func<int, long> work)
    {
        long sum = 0;
        for (int i = 0; i < count; i++) sum += work((int)((Keys.Next(ref state) >> 32) * (ulong)size >> 32));
        return sum;
    }

    static long Scan(nint participant, SortedMap* map, int key, bool descending)
    {
        Participant* me = (Participant*)participant;
        long sum = 0;
        Epoch.Enter(me);
        Map.SnapshotKeys(me, map, SortedBound.Including(Probe.Of(Value.OfInt(key))),
            SortedBound.Excluding(Probe.Of(Value.OfInt(key + Range))), out MapSnapshot* keys);
        ulong count = keys->Count;
        for (ulong i = 0; i < count; i++) sum += MapSnapshot.Key(keys, descending ? count - 1 - i : i).Int;
        MapSnapshot.Free(me, keys);
        Epoch.Exit(me);
        return sum;
    }

    // The least is taken, and comes back behind all others.
    static void Queue(Action<Row> report, int size)
    {
        Pool pool = Pool.Create("ends");
        Participant* main = Epoch.Join();
        SortedMap* map = Map.Create(main, pool.LiveHeap());
        SortedDictionary<int, long> sorted = [];
        Lock gate = new();
        for (int i = 0; i < size; i++) Map.Set(main, map, Probe.Of(Value.OfInt(i)), Value.OfInt(i));
        for (int i = 0; i < size; i++) sorted[i] = i;
        int next = size;
        int theirs = size;
        foreach (int threads in (int[])[1, 2])
        {
            Contest.Run(report, Subject,
                $"{size:N0} ints, pop the least and add one, {threads} thread{(threads == 1 ? "" : "s")}", threads, new Bar(1),
                new Contender("", (_, count, _) =>
                {
                    Participant* me = Epoch.Join();
                    long sum = 0;
                    for (int i = 0; i < count; i++)
                    {
                        Epoch.Enter(me);
                        Map.PopMin(me, map, default, out _, out Value value);
                        sum += value.Int;
                        Map.Set(me, map, Probe.Of(Value.OfInt(Interlocked.Increment(ref next))), Value.OfInt(i));
                        Epoch.Exit(me);
                    }
                    Epoch.Leave(me);
                    return sum;
                }),
                new Contender("SortedDictionary + Lock", (_, count, _) =>
                {
                    long sum = 0;
                    for (int i = 0; i < count; i++)
                    {
                        lock (gate)
                        {
                            KeyValuePair<int, long> least = sorted.First();
                            sorted.Remove(least.Key);
                            sum += least.Value;
                        }
                        lock (gate) sorted[++theirs] = i;
                    }
                    return sum;
                }));
        }
        pool.Delete();
        Epoch.Leave(main);
    }
}

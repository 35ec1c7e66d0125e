using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Benchmarks;

/// <summary>
/// Filling a map with millions of entries: the longest single insertion, the pauses of the garbage collector, and memory.
/// </summary>
internal static unsafe class GrowthSuite
{
    const string Subject = "growth";

    internal static void Run(bool quick, Action<Row> report)
    {
        int count = quick ? 500_000 : 10_000_000;
        Keys keys = new(count);
        Pool pool = Pool.Create("bench");
        Participant* me = Epoch.Join();
        OrderedMap* map = Map.Create(me, pool.LiveHeap());
        Figures ours = Fill(count, i => Map.Set(me, map, keys.Fill(i), Value.OfInt(i)), () => pool.Statistics().LiveBytes);
        pool.Delete();
        Epoch.Leave(me);
        foreach ((string rival, Func<Keys, Figures> fill) in Rivals(count))
        {
            string name = $"{count:N0} entries: ";
            Figures theirs = fill(keys);
            report(Single(name + "each insertion", rival, "ns", ours.Nanoseconds, theirs.Nanoseconds, null));
            report(Single(
                name + "the longest insertion", rival, "ms", ours.Longest, theirs.Longest, new Bar(20 / theirs.Longest)));
            report(Single(name + "pauses of the collector", rival, "ms", ours.Pauses, theirs.Pauses, null));
            report(Single(name + "allocated by .NET, an entry", rival, "bytes", ours.Allocated, theirs.Allocated, new Bar(0)));
            report(Single(
                name + "memory an entry, with its key", rival, "bytes", ours.Bytes, theirs.Bytes + Keys.StringBytes, null));
        }
    }

    // Each makes its collection inside, so that it is garbage when the next one is filled.
    static (string Name, Func<Keys, Figures> Fill)[] Rivals(int count) =>
    [
        ("ConcurrentDictionary", keys =>
        {
            ConcurrentDictionary<string, long> map = new();
            return Fill(count, i => map[keys.Filled[i]] = i, ManagedBytes, map);
        }),
        ("NonBlocking", keys =>
        {
            NonBlocking.ConcurrentDictionary<string, long> map = new();
            return Fill(count, i => map[keys.Filled[i]] = i, ManagedBytes, map);
        }),
        ("ImmutableDictionary + CAS", keys =>
        {
            Root root = new();
            return Fill(count, i =>
                ImmutableInterlocked.Update(
                ref root.Map, static (map, entry) =>
                map.SetItem(entry.Key, entry.Value), (Key: keys.Filled[i], Value: (long)i)), ManagedBytes, root);
        }),
        ("Dictionary + Lock", keys =>
        {
            Dictionary<string, long> map = [];
            Lock gate = new();
            return Fill(count, i =>
            {
                lock (gate) map[keys.Filled[i]] = i;
            }, ManagedBytes, map);
        }),
        ("Dictionary + ReaderWriterLockSlim", keys =>
        {
            Dictionary<string, long> map = [];
            using ReaderWriterLockSlim gate = new();
            return Fill(count, i =>
            {
                gate.EnterWriteLock();
                map[keys.Filled[i]] = i;
                gate.ExitWriteLock();
            }, ManagedBytes, map);
        }),
    ];

    sealed class Root
    {
        internal ImmutableDictionary<string, long> Map = ImmutableDictionary<string, long>.Empty;
    }

    static Row Single(string name, string rival, string unit, double ours, double theirs, Bar? bar) =>
        new(Subject, name, rival, ours, theirs, ours / theirs, ours / theirs, ours / theirs, bar) { Unit = unit };

    readonly record struct Figures(double Nanoseconds, double Longest, double Pauses, double Allocated, double Bytes);

    // What lives, as the pool says of its own: memory that a heap holds and does not use is left out on both sides.
    static long ManagedBytes() => GC.GetTotalMemory(forceFullCollection: true);

    // The filled one is alive until its memory was measured.
    static Figures Fill(int count, Action<int> insert, Func<long> bytes, object? filled = null)
    {
        // What was filled before is gone, and its memory given back.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long before = bytes();
        TimeSpan pauses = GC.GetTotalPauseDuration();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long longest = 0;
        long start = Stopwatch.GetTimestamp();
        long last = start;
        for (int i = 0; i < count; i++)
        {
            insert(i);
            long now = Stopwatch.GetTimestamp();
            longest = Math.Max(longest, now - last);
            last = now;
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        double paused = (GC.GetTotalPauseDuration() - pauses).TotalMilliseconds;
        double grown = bytes() - before;
        GC.KeepAlive(filled);
        return new Figures(
            Stopwatch.GetElapsedTime(start, last).TotalNanoseconds / count, longest * 1000.0 / Stopwatch.Frequency, paused,
            (double)allocated / count, grown / count);
    }
}

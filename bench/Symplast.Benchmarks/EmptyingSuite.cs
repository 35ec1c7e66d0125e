using System.Collections.Concurrent;
using System.Diagnostics;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Benchmarks;

/// <summary>
/// Emptying a map of millions of entries, all but one in a hundred and in no order, while another thread inserts: the longest
/// single operation, and what memory is left.
/// </summary>
internal static unsafe class EmptyingSuite
{
    const string Subject = "emptying";

    internal static void Run(bool quick, Action<Row> report)
    {
        int count = quick ? 2_000_000 : 20_000_000;
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(1).Shuffle(order);
        Figures ours = Ours(order);
        Figures theirs = Theirs(order);
        string name = $"{count:N0} entries emptied: ";
        report(Single(name + "each removal", "ns", ours.Nanoseconds, theirs.Nanoseconds, null));
        report(Single(name + "the longest removal", "ms", ours.LongestRemoval, theirs.LongestRemoval, null));
        report(Single(
            name + "the longest insertion beside it", "ms", ours.LongestInsertion, theirs.LongestInsertion,
            new Bar(20 / theirs.LongestInsertion)));
        report(Single(name + "memory of what is left, an entry", "bytes", ours.Bytes, theirs.Bytes, null));
    }

    static Row Single(string name, string unit, double ours, double theirs, Bar? bar) =>
        new(Subject, name, "ConcurrentDictionary", ours, theirs, ours / theirs, ours / theirs, ours / theirs, bar)
        {
            Unit =
            unit
        };

    readonly record struct Figures(double Nanoseconds, double LongestRemoval, double LongestInsertion, double Bytes);

    static Figures Ours(int[] order)
    {
        Pool pool = Pool.Create("bench");
        Participant* me = Epoch.Join();
        OrderedMap* map = Map.Create(me, pool.LiveHeap());
        long before = pool.Statistics().LiveBytes;
        foreach (int key in Enumerable.Range(0, order.Length)) Map.Set(me, map, Probe.Of(Value.OfInt(key)), Value.OfInt(key));
        Participant* other = null;
        Figures figures = Empty(
            order,
            key => Map.Remove(me, map, Probe.Of(Value.OfInt(key)), out _),
            key =>
            {
                if (other == null) other = Epoch.Join();
                Map.Set(other, map, Probe.Of(Value.OfInt(key)), Value.OfInt(key));
            },
            () => pool.Statistics().LiveBytes - before);
        if (other != null) Epoch.Leave(other);
        pool.Delete();
        Epoch.Leave(me);
        return figures;
    }

    static Figures Theirs(int[] order)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        ConcurrentDictionary<long, long> map = new();
        foreach (int key in Enumerable.Range(0, order.Length)) map[key] = key;
        Figures figures = Empty(
            order, key => map.TryRemove(key, out _), key => map[key] = key, () =>
            GC.GetTotalMemory(forceFullCollection: true) - before);
        GC.KeepAlive(map);
        return figures;
    }

    static Figures Empty(int[] order, Action<int> remove, Action<int> insert, Func<long> bytes)
    {
        const int Ratio = 100;
        // One is inserted every 50 microseconds, whatever the other thread is about.
        long pause = Stopwatch.Frequency / 20_000;
        bool done = false;
        int inserted = 0;
        double longestInsertion = 0;
        Thread inserter = new(() =>
        {
            for (long next = 0; !Volatile.Read(ref done);)
            {
                long start = Stopwatch.GetTimestamp();
                if (start < next) continue;
                insert(order.Length + inserted++);
                longestInsertion = Math.Max(longestInsertion, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                next = start + pause;
            }
        });
        inserter.Start();
        long first = Stopwatch.GetTimestamp(), last = first, longest = 0;
        int most = order.Length - order.Length / Ratio;
        for (int i = 0; i < most; i++)
        {
            remove(order[i]);
            long now = Stopwatch.GetTimestamp();
            longest = Math.Max(longest, now - last);
            last = now;
        }
        Volatile.Write(ref done, true);
        inserter.Join();
        double milliseconds = 1000.0 / Stopwatch.Frequency;
        return new Figures(
            (last - first) * milliseconds * 1e6 / most, longest * milliseconds, longestInsertion,
            (double)bytes() / (order.Length - most + inserted));
    }
}

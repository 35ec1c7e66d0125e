using System.Collections.Concurrent;
using System.Diagnostics;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap<Symplast.Memory.Uninterrupted>;

namespace Symplast.Benchmarks;

/// <summary>Filling a map with millions of entries: the longest single insertion, the pauses of the garbage collector, and memory.</summary>
internal static unsafe class GrowthSuite
{
    const string Subject = "growth";

    internal static void Run(bool quick, Action<Row> report)
    {
        int count = quick ? 500_000 : 10_000_000;
        Keys keys = new(count);
        ConcurrentDictionary<string, long> concurrent = new();
        Figures theirs = Fill(count, i => concurrent[keys.Filled[i]] = i);
        concurrent.Clear();
        concurrent = new();
        NonBlocking.ConcurrentDictionary<string, long> nonBlocking = new();
        Figures others = Fill(count, i => nonBlocking[keys.Filled[i]] = i);
        nonBlocking = new();
        Pool pool = Pool.Create("bench");
        Participant* me = Epoch.Join();
        OrderedMap* map = Map.Create(me, Heap.Of(pool));
        Figures ours = Fill(count, i => Map.Set(me, map, keys.Fill(i), Value.OfInt(i)));
        foreach ((string rival, Figures figures) in ((string, Figures)[])[("ConcurrentDictionary", theirs), ("NonBlocking", others)])
        {
            string name = $"{count:N0} entries: ";
            report(Single(name + "each insertion", rival, "ns", ours.Nanoseconds, figures.Nanoseconds, null));
            report(Single(name + "the longest insertion", rival, "ms", ours.Longest, figures.Longest, new Bar(20 / figures.Longest)));
            report(Single(name + "pauses of the collector", rival, "ms", ours.Pauses, figures.Pauses, null));
            report(Single(name + "memory an entry, without .NET's key", rival, "bytes", ours.Bytes, figures.Bytes, null));
        }
        pool.Delete();
        Epoch.Leave(me);
    }

    static Row Single(string name, string rival, string unit, double ours, double theirs, Bar? bar) =>
        new(Subject, name, rival, ours, theirs, ours / theirs, ours / theirs, ours / theirs, bar) { Unit = unit };

    readonly record struct Figures(double Nanoseconds, double Longest, double Pauses, double Bytes);

    static Figures Fill(int count, Action<int> insert)
    {
        GC.Collect();
        TimeSpan pauses = GC.GetTotalPauseDuration();
        long memory = Environment.WorkingSet;
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
        double paused = (GC.GetTotalPauseDuration() - pauses).TotalMilliseconds;
        GC.Collect();
        double grown = Environment.WorkingSet - memory;
        return new Figures(Stopwatch.GetElapsedTime(start, last).TotalNanoseconds / count, longest * 1000.0 / Stopwatch.Frequency, paused, grown / count);
    }
}

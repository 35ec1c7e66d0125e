using System.Diagnostics;

namespace Symplast.Benchmarks;

/// <summary>One side of a comparison: does its work <paramref name="count"/> times in one thread, after it was set up.</summary>
/// <param name="thread">Number of the thread, from 0.</param>
/// <param name="count">How many operations to do.</param>
/// <param name="seed">Which ones.</param>
internal delegate long Work(int thread, int count, ulong seed);

/// <summary>A contender: its name and its work.</summary>
internal sealed record Contender(string Name, Work Work);

/// <summary>What a bar demands of a ratio (ours / theirs).</summary>
internal sealed record Bar(double Most)
{
    public override string ToString() => $"≤ {Most:0.00}x";
}

/// <summary>
/// A row of the report: medians, in nanoseconds of processor time an operation, and the ratios of samples that were taken one
/// after the other.
/// </summary>
internal sealed record Row(
    string Subject, string Name, string Rival, double Ours, double Theirs, double Ratio, double Least, double Greatest, Bar? Bar)
{
    /// <summary>What the figures are in.</summary>
    public string Unit { get; init; } = "ns";

    /// <summary>Whether the bar is met; null if there is none.</summary>
    public bool? Met => Bar is null ? null : Ratio <= Bar.Most;
}

/// <summary>Measures contenders in turn, round after round, so that what else the machine does hits all alike.</summary>
internal static class Contest
{
    const int LeastMilliseconds = 20;

    internal static int Rounds { get; set; } = 7;

    /// <summary>Only rows whose name has this in it are measured.</summary>
    internal static string Rows { get; set; } = "";

    /// <summary>
    /// Only so many threads count; the others disturb them, until <see cref="Finished"/> is their seed without its last three
    /// digits.
    /// </summary>
    internal static int Measured { get; set; } = int.MaxValue;

    /// <summary>The seed of the last measurement whose first thread is done, without its last three digits.</summary>
    internal static ulong Finished;

    /// <summary>Ours comes first; a row for each rival.</summary>
    internal static void Run(
        Action<Row> report, string subject, string name, int threads, Bar? bar, params Contender[] contenders)
    {
        if (!name.Contains(Rows, StringComparison.OrdinalIgnoreCase)) return;
        int[] counts = [.. contenders.Select(each => Calibrate(each, threads))];
        double[][] samples = [.. contenders.Select(_ => new double[Rounds])];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < contenders.Length; i++)
                samples[i][round] = Measure(contenders[i], threads, counts[i], (ulong)(round + 2));
        }
        for (int i = 1; i < contenders.Length; i++)
        {
            double[] ratios = [.. Enumerable.Range(0, Rounds).Select(round => samples[0][round] / samples[i][round])];
            report(new Row(
                subject, name, contenders[i].Name, Median(samples[0]), Median(samples[i]), Median(ratios), ratios.Min(),
                ratios.Max(), bar));
        }
    }

    // As many operations as take some milliseconds.
    static int Calibrate(Contender contender, int threads)
    {
        int count = 1000;
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            Measure(contender, threads, count, 1);
            if (Stopwatch.GetElapsedTime(start).TotalMilliseconds > LeastMilliseconds) return count;
            count *= 2;
        }
    }

    // Nanoseconds of processor time an operation, the mean of the threads.
    static double Measure(Contender contender, int threads, int count, ulong seed)
    {
        using Barrier start = new(threads);
        long[] nanoseconds = new long[threads];
        Thread[] running = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            start.SignalAndWait();
            long before = CpuClock.Nanoseconds;
            long result = contender.Work(number, count, seed * 1000 + (ulong)number);
            nanoseconds[number] = CpuClock.Nanoseconds - before;
            if (number == 0) Volatile.Write(ref Finished, seed);
            GC.KeepAlive(result);
        }))];
        foreach (Thread each in running) each.Start();
        foreach (Thread each in running) each.Join();
        return nanoseconds.Take(Measured).Average() / count;
    }

    static double Median(double[] samples)
    {
        double[] sorted = [.. samples.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

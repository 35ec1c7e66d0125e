using System.Diagnostics;

namespace Symplast.Testing;

/// <summary>An operation that was carried out, and when: by the clock of <see cref="History.Now"/>.</summary>
public readonly record struct Call<TOperation, TResult>(int Thread, TOperation Operation, TResult Result, long Start, long End);

/// <summary>The clock of histories.</summary>
public static class History
{
    /// <summary>
    /// The time. Full fences on both sides keep an operation's loads after its beginning and its stores before its end: without
    /// them an operation could take effect outside the interval that is noted, and a correct structure would be accused.
    /// </summary>
    public static long Now()
    {
        Interlocked.MemoryBarrier();
        long now = Stopwatch.GetTimestamp();
        Interlocked.MemoryBarrier();
        return now;
    }
}

/// <summary>
/// Records what some threads did and what they got. Each thread writes to its own list, so that recording does not order what is
/// recorded.
/// </summary>
/// <remarks>A thread number must be used by one thread at a time. Read <see cref="Calls"/> when all have ended.</remarks>
public sealed class History<TOperation, TResult>
{
    readonly List<Call<TOperation, TResult>>[] _calls;

    /// <summary>A history of that many threads.</summary>
    public History(int threads)
    {
        _calls = new List<Call<TOperation, TResult>>[threads];
        for (int i = 0; i < threads; i++) _calls[i] = [];
    }

    /// <summary>All calls, thread by thread.</summary>
    public IEnumerable<Call<TOperation, TResult>> Calls => _calls.SelectMany(calls => calls);

    /// <summary>Number of calls.</summary>
    public int Count => _calls.Sum(calls => calls.Count);

    /// <summary>Carries out an operation and notes it.</summary>
    public TResult Record(int thread, TOperation operation, Func<TResult> carryOut)
    {
        long start = History.Now();
        TResult result = carryOut();
        Add(thread, operation, result, start);
        return result;
    }

    /// <summary>
    /// Notes an operation that began at <paramref name="start"/> (<see cref="History.Now"/>) and has ended just now.
    /// </summary>
    public void Add(int thread, TOperation operation, TResult result, long start) =>
        _calls[thread].Add(new Call<TOperation, TResult>(thread, operation, result, start, History.Now()));

    /// <summary>Forgets all calls.</summary>
    public void Clear()
    {
        foreach (List<Call<TOperation, TResult>> calls in _calls) calls.Clear();
    }
}

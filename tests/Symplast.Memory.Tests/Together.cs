using System.Runtime.ExceptionServices;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>Threads that begin at the same moment.</summary>
internal static class Together
{
    // Far beyond what any test needs: it only turns a hang into a failure.
    static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Runs <paramref name="body"/> on <paramref name="count"/> threads and waits for all; the first exception is thrown again.
    /// </summary>
    internal static void Run(int count, Action<int> body)
    {
        using Barrier start = new(count);
        ExceptionDispatchInfo? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                body(number);
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => Assert.True(thread.Join(Hang), "a thread never came back"));
        failure?.Throw();
    }

    /// <summary>Asks until the answer is yes.</summary>
    internal static void Await(Func<bool> isSo)
    {
        long start = Environment.TickCount64;
        while (!isSo())
        {
            Assert.True(Environment.TickCount64 - start < Hang.TotalMilliseconds, "it never came about");
            Thread.Yield();
        }
    }
}

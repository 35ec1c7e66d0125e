using System.Runtime.ExceptionServices;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Threads that take part in epochs and begin at the same moment.</summary>
internal static unsafe class Threads
{
    // Far beyond what any test needs: it only turns a hang into a failure.
    static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    internal delegate void Body(Participant* me);

    /// <summary>Runs all bodies at once and waits for them; the first exception is thrown again.</summary>
    internal static void Run(params Body[] bodies)
    {
        using Barrier start = new(bodies.Length);
        ExceptionDispatchInfo? failure = null;
        Thread[] threads = [.. bodies.Select(body => new Thread(() =>
        {
            Participant* me = Epoch.Join();
            start.SignalAndWait();
            try
            {
                body(me);
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
            Epoch.Leave(me);
        }) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => Assert.True(thread.Join(Hang), "a thread never came back"));
        failure?.Throw();
    }
}

using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// Bounds the sleeps of a wait, so that no signal is slept through. One for each wait.
/// </summary>
/// <remarks>
/// A signal ends a sleep, and the thread then runs its handler in Python. But a signal that arrives after the thread has looked for
/// signals, and before it sleeps in the kernel, ends nothing: futexes cannot unblock signals as they begin to sleep. So the
/// process's first thread, which runs the handlers, sleeps for a millisecond at first, then for twice as long each time, up to a
/// second, and looks for signals in between. A signal thus waits no longer than the wait has lasted already.
/// </remarks>
public struct SignalWindow
{
    const long Shortest = 1_000_000;
    const long Longest = 1_000_000_000;
    const long Unbounded = -1;

    long _first;

    // How long the next sleep lasts at most; 0 before the first one.
    long _next;

    /// <summary>For waits that last long as a rule: all sleeps may last a second.</summary>
    public static SignalWindow Wide => new() { _first = Longest };

    /// <summary>
    /// How many nanoseconds the thread may sleep at a time that wants to sleep for so many. Negative: without end.
    /// </summary>
    public long Limit(long nanoseconds)
    {
        if (_next == 0) _next = RunsHandlers() ? Math.Max(_first, Shortest) : Unbounded;
        if (_next == Unbounded) return nanoseconds;
        long limited = nanoseconds < 0 ? _next : Math.Min(nanoseconds, _next);
        _next = Math.Min(2 * _next, Longest);
        return limited;
    }

    // The first thread of a process has the process's number.
    static bool RunsHandlers() =>
        Libc.SystemCall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 178 : 186) == Environment.ProcessId;
}

using System.Diagnostics;

namespace Symplast.Python;

/// <summary>Spins until an event, for some microseconds: <c>while (nothing &amp;&amp; spin.TryPause()) { }</c></summary>
/// <remarks>
/// Every few turns, and at first, the thread yields its core: the thread that is to cause the event may wait for this very core,
/// on which the scheduler likes to wake it.
/// </remarks>
internal struct Spin
{
    const int Microseconds = 30;
    const int TurnsPerYield = 4;
    const int Iterations = 8;

    static readonly long Duration = Microseconds * (Stopwatch.Frequency / 1_000_000);

    long _end;
    int _turn;

    internal static Spin Begin() => new() { _end = Stopwatch.GetTimestamp() + Duration };

    /// <summary>Waits for part of a microsecond, or returns false if it is time to sleep.</summary>
    internal bool TryPause()
    {
        if (!IsInTime) return false;
        if (_turn++ % TurnsPerYield == 0) Thread.Yield();
        else Thread.SpinWait(Iterations);
        return true;
    }

    /// <summary>
    /// Whether there is time left to spin. False also if the thread lost its core for long: the event then came while other
    /// threads ran, and sleeping would have been better.
    /// </summary>
    internal readonly bool IsInTime => Stopwatch.GetTimestamp() < _end;
}

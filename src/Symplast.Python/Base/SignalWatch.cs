using System.Runtime.InteropServices;

namespace Symplast.Python;

/// <summary>
/// The limits of the sleeps of one wait, in nanoseconds, by which the main thread misses no signal. A wait begins with the
/// default value.
/// </summary>
/// <remarks>
/// A signal ends the system call in which the main thread sleeps. One that arrives earlier, but after the last check for signals,
/// is only recorded, in no word that a thread could sleep on. So no sleep of the main thread is without a limit, and each one is
/// longer than the one before by a factor. A signal that falls between a check and a sleep is thus handled after a second, or
/// after a multiple of the time that the wait has taken already, and a thread that waits for a day wakes up six times.
/// </remarks>
internal partial struct SignalWatch
{
    const long First = 1_000_000_000;
    const long Factor = 8;
    const long None = long.MaxValue;

    static nint GetThreadCall => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 178 : 186;

    // The limit of the next sleep; 0 before the first.
    long _limit;

    /// <summary>How long to sleep now, of so many nanoseconds that are left (negative: no limit).</summary>
    internal long Next(long left)
    {
        if (_limit == 0) _limit = ThreadNumber() == Environment.ProcessId ? First : None;
        if (_limit == None) return left;
        long limit = _limit;
        _limit = limit < None / Factor ? limit * Factor : limit;
        return left < 0 || left > limit ? limit : left;
    }

    /// <summary>
    /// Until when to sleep now, by a clock that shows <paramref name="now"/> (<see cref="long.MaxValue"/>: no limit).
    /// </summary>
    internal long Until(long deadline, long now)
    {
        long next = Next(deadline == long.MaxValue ? -1 : Math.Max(0, deadline - now));
        return next < 0 ? deadline : Math.Min(deadline, now + next);
    }

    // The main thread of the process has the process's number.
    static int ThreadNumber() => (int)SystemCall(GetThreadCall);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number);
}

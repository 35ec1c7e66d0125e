using System.Runtime.InteropServices;

namespace Symplast.Benchmarks;

/// <summary>The processor time of the calling thread: on a busy machine it says more than the clock on the wall.</summary>
internal static partial class CpuClock
{
    const int ThreadCpuTime = 3;

    struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    /// <summary>Nanoseconds of processor time that this thread has used.</summary>
    internal static long Nanoseconds
    {
        get
        {
            GetTime(ThreadCpuTime, out TimeSpec time);
            return time.Seconds * 1_000_000_000 + time.Nanoseconds;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Testing;

/// <summary>
/// Threads of an exploration share one processor: they never run at once, and handing on the token costs about a microsecond
/// then, against a dozen where it has to wake up another processor.
/// </summary>
internal static unsafe partial class Processor
{
    const int MaskSize = 128;

    [InlineArray(MaskSize / sizeof(ulong))]
    internal struct Mask
    {
        ulong _first;
    }

    /// <summary>The one the calling thread runs on, or -1.</summary>
    internal static int Current => CurrentOf();

    /// <summary>Where the calling thread may run.</summary>
    internal static Mask Allowed()
    {
        Mask mask = default;
        GetAffinity(0, MaskSize, &mask);
        return mask;
    }

    internal static void Allow(Mask mask) => SetAffinity(0, MaskSize, &mask);

    /// <summary>Binds the calling thread to a processor. If the system refuses, all works as well, only slower.</summary>
    internal static void StayOn(int processor)
    {
        if (processor is < 0 or >= MaskSize * 8) return;
        Mask mask = default;
        mask[processor >> 6] = 1UL << (processor & 63);
        SetAffinity(0, MaskSize, &mask);
    }

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    private static partial int CurrentOf();

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint size, Mask* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, Mask* mask);
}

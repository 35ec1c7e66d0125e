using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// Sleeping on a 32-bit word until another thread changes it: the wait under every lock and queue of the project.
/// .NET has no public futex, and its own waits restart by themselves when a signal arrives, which Ctrl-C must not.
/// </summary>
public static unsafe class Futex
{
    const int WaitPrivate = 128;
    const int WakePrivate = 129;

    static nint Number => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 98 : 202;

    /// <summary>
    /// Sleeps while <paramref name="word"/> holds <paramref name="expected"/>. Returns on a wake-up, when the word differs, on a
    /// signal, after the timeout (nanoseconds; negative: none), or for no reason: callers re-check their condition in a loop.
    /// Must not be called inside an epoch section or while an interpreter's GIL is held.
    /// </summary>
    public static void Wait(int* word, int expected, long timeoutNanoseconds = -1)
    {
        if (timeoutNanoseconds < 0)
        {
            Libc.Futex(Number, word, WaitPrivate, expected, null, null, 0);
            return;
        }
        long* time = stackalloc long[2];
        time[0] = timeoutNanoseconds / 1_000_000_000;
        time[1] = timeoutNanoseconds % 1_000_000_000;
        Libc.Futex(Number, word, WaitPrivate, expected, time, null, 0);
    }

    /// <summary>Wakes at most <paramref name="count"/> threads that sleep on <paramref name="word"/>.</summary>
    public static void Wake(int* word, int count) => Libc.Futex(Number, word, WakePrivate, count, null, null, 0);
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Spins for some microseconds before a thread sleeps, if that has paid off at the event lately: to be woken takes much longer.
/// The habits lie in small tables of the process, by the number of the event, so that they outlive the events' objects.
/// </summary>
/// <remarks>
/// <para>First the attempt is repeated with the GIL held, for less time than it takes to release the GIL, to enter the parking
/// lot, and to be unparked. Then the thread spins in the parking lot, without the GIL.</para>
/// <para>Events that share a place in a table spoil each other's habits, and threads lose updates, which does no harm.</para>
/// </remarks>
internal static unsafe class SpinHabits
{
    const int Bits = 6;
    const int RetryMicroseconds = 2;

    [InlineArray(1 << Bits)]
    struct Table
    {
        SpinHabit _first;
    }

    // Blittable structs without an initialiser have no class constructor.
    static Table _retries;
    static Table _habits;

    /// <summary>
    /// Repeats an attempt for at most <see cref="RetryMicroseconds"/>, if it is worth it. Returns whether it returned something
    /// else than Missing. Called with the GIL held.
    /// </summary>
    internal static bool Retry<TAttempt>(Handle* handle, nuint happening, ref TAttempt attempt, out Status status)
        where TAttempt : struct, Waiting.IAttempt
    {
        status = Status.Missing;
        ref SpinHabit habit = ref _retries[PlaceOf(happening)];
        if (!habit.IsWorthIt()) return false;
        long end = Stopwatch.GetTimestamp() + RetryMicroseconds * 1000;
        Debug.Assert(Stopwatch.Frequency == 1_000_000_000);
        do
        {
            Thread.SpinWait(1);
            status = attempt.Try(handle);
        }
        while (status == Status.Missing && Stopwatch.GetTimestamp() < end);
        habit.Note(status != Status.Missing);
        return status != Status.Missing;
    }

    /// <summary>
    /// Spins until a waiter in the parking lot is unparked or alerted. Returns true if neither has happened and it is time to
    /// sleep. Called without the GIL. A signal that came meanwhile does not end the sleep: look for signals before it.
    /// </summary>
    internal static bool SpinInVain(Waiter* waiter, nuint happening)
    {
        ref SpinHabit habit = ref _habits[PlaceOf(happening)];
        if (!habit.IsWorthIt()) return false;
        Spin spin = Python.Spin.Begin();
        while (Waiter.IsUntouched(waiter) && spin.TryPause()) { }
        bool inVain = Waiter.IsUntouched(waiter);
        habit.Note(!inVain);
        return inVain;
    }

    // Fibonacci hashing.
    static int PlaceOf(nuint happening) => (int)(happening * 0x9E37_79B9_7F4A_7C15ul >> (64 - Bits));
}

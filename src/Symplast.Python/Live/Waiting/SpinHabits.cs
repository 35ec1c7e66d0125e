using System.Runtime.CompilerServices;
using Symplast.Memory;

namespace Symplast.Python.Live;

/// <summary>
/// Spins for some microseconds before a thread sleeps, if that has paid off at the event lately: to be woken takes much longer.
/// The habits lie in a small table of the process, by the number of the event, so that they outlive the events' objects.
/// </summary>
/// <remarks>
/// Events that share a place in the table spoil each other's habits, and threads lose updates, which does no harm.
/// </remarks>
internal static unsafe class SpinHabits
{
    const int Bits = 6;

    [InlineArray(1 << Bits)]
    struct Table
    {
        SpinHabit _first;
    }

    // A blittable struct without an initialiser has no class constructor.
    static Table _habits;

    /// <summary>
    /// Spins until a waiter in the parking lot is unparked or alerted, or it is time to sleep. Called without the GIL.
    /// </summary>
    internal static void Spin(Waiter* waiter, nuint happening)
    {
        // Fibonacci hashing.
        ref SpinHabit habit = ref _habits[(int)(happening * 0x9E37_79B9_7F4A_7C15ul >> (64 - Bits))];
        if (!habit.IsWorthIt()) return;
        Spin spin = Python.Spin.Begin();
        while (Waiter.IsUntouched(waiter) && spin.TryPause()) { }
        habit.Note(!Waiter.IsUntouched(waiter));
    }
}

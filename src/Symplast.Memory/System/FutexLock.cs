using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// A mutual-exclusion lock on a 32-bit word: 0 free, 1 held, 2 held and perhaps waited for (U. Drepper, "Futexes Are Tricky",
/// mutex 2). Not re-entrant. Whoever owns the word decides how long it lives: <see cref="WordLock"/> in native memory, and the
/// structures in their pools.
/// </summary>
/// <remarks>
/// Scheduled tests decide who runs while a thread awaits a lock. So a thread outside an exploration may not hold a lock that a
/// thread in it wants.
/// </remarks>
public static unsafe class FutexLock
{
    const int Spins = 100;

    /// <summary>Takes the lock if nobody holds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Acquire (full fence): pairs with the exchange in Exit, so that the holder before us has published its writes.
    public static bool TryEnter(int* word) => Interlocked.CompareExchange(ref *word, 1, 0) == 0;

    /// <summary>Takes the lock when <see cref="TryEnter"/> has failed, sleeping if another thread holds it for long.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void EnterContended(int* word)
    {
        // The holder works for less than a microsecond, unless it was preempted.
        for (int i = 0; i < Spins; i++)
        {
            // The volatile read only avoids useless exchanges; the exchange is what acquires (pairs with Exit).
            if (Volatile.Read(ref *word) == 0 && Interlocked.CompareExchange(ref *word, 1, 0) == 0) return;
            Thread.SpinWait(4);
        }
        // Taking the lock as 2 wakes one thread too many at worst, and never one too few. Pairs with Exit.
        while (Interlocked.Exchange(ref *word, 2) != 0) Interleaving.Await(word, 2, 1_000_000);
    }

    /// <summary>Gives the lock back. Only the holder may call it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exit(int* word)
    {
        // Release (full fence): pairs with the exchanges in TryEnter and EnterContended. 2 says that someone may sleep.
        if (Interlocked.Exchange(ref *word, 0) == 2) Futex.Wake(word, 1);
    }
}

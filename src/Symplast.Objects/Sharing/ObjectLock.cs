using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The writers' lock inside a structure, on a futex word of it: 0 free, 1 held, 2 held and perhaps waited for (U. Drepper,
/// "Futexes Are Tricky", mutex 2). Held for a few hundred nanoseconds; readers never take it. Unlike
/// <see cref="Memory.WordLock"/> the word lies in the pool.
/// </summary>
internal static unsafe class ObjectLock
{
    const int Spins = 100;

    /// <summary>Takes the lock. Inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter(int* word)
    {
        if (!TryEnter(word)) EnterContended(word);
    }

    /// <summary>Takes the lock if nobody holds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(int* word)
    {
        Interleaving.Point();
        // Acquire (full fence): pairs with the exchange in Exit.
        return Interlocked.CompareExchange(ref *word, 1, 0) == 0;
    }

    /// <summary>
    /// Gives the lock back. Inside the section in which it was taken, so that the word stays. What was done under it is visible
    /// to all when this returns: of two threads that each write one structure and then read what the other writes, at most one
    /// finds the old.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(int* word)
    {
        Interleaving.Point();
        // Release (full fence, see above): pairs with the exchanges in TryEnter and EnterContended. 2 says that someone may
        // sleep.
        if (Interlocked.Exchange(ref *word, 0) == 2) Futex.Wake(word, 1);
    }

    /// <summary>The same for a lock that another thread holds, or waits for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void EnterContended(int* word)
    {
        // The holder works for less than a microsecond, unless it was preempted.
        for (int i = 0; i < Spins; i++)
        {
            // The volatile read only avoids useless exchanges; the exchange is what acquires (pairs with Exit).
            if (Volatile.Read(ref *word) == 0 && Interlocked.CompareExchange(ref *word, 1, 0) == 0) return;
            Thread.SpinWait(4);
        }
        // Sleeping inside a section would hold back reclamation, but the holder is a thread in the midst of a short critical
        // section: it is bounded by one preemption. Pairs with Exit.
        while (Interlocked.Exchange(ref *word, 2) != 0) Interleaving.Await(word, 2, 1_000_000);
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The writers' lock inside a structure, on a futex word of it: 0 free, 1 held, 2 held and perhaps waited for (U. Drepper, "Futexes Are Tricky",
/// mutex 2). Held for a few hundred nanoseconds; readers never take it. Unlike <see cref="Memory.WordLock"/> the word lies in the pool.
/// </summary>
internal static unsafe class ObjectLock
{
    const int Spins = 100;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter<THook>(int* word) where THook : struct, IInterleaving
    {
        THook.Point();
        // Acquire (full fence): pairs with the exchange in Exit.
        if (Interlocked.CompareExchange(ref *word, 1, 0) != 0) EnterContended<THook>(word);
    }

    // Takes the lock if it is free.
    internal static bool TryEnter<THook>(int* word) where THook : struct, IInterleaving
    {
        THook.Point();
        // Acquire (full fence): pairs with the exchange in Exit.
        return Interlocked.CompareExchange(ref *word, 1, 0) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit<THook>(int* word) where THook : struct, IInterleaving
    {
        THook.Point();
        // Release (full fence): pairs with the exchanges in Enter. 2 says that someone may sleep.
        if (Interlocked.Exchange(ref *word, 0) == 2) Futex.Wake(word, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void EnterContended<THook>(int* word) where THook : struct, IInterleaving
    {
        if (typeof(THook) != typeof(Uninterrupted))
        {
            // A test's scheduler lets this thread wait; nobody sleeps on the word. Pairs with Exit.
            do THook.Await(word);
            while (Interlocked.CompareExchange(ref *word, 1, 0) != 0);
            return;
        }
        // The holder works for less than a microsecond, unless it was preempted.
        for (int i = 0; i < Spins; i++)
        {
            // The volatile read only avoids useless exchanges; the exchange is what acquires (pairs with Exit).
            if (Volatile.Read(ref *word) == 0 && Interlocked.CompareExchange(ref *word, 1, 0) == 0) return;
            Thread.SpinWait(4);
        }
        // Sleeping inside a section would hold back reclamation, but the holder is a thread in the midst of a short critical section: it is
        // bounded by one preemption. Pairs with Exit.
        while (Interlocked.Exchange(ref *word, 2) != 0) Futex.Wait(word, 2, 1_000_000);
    }
}

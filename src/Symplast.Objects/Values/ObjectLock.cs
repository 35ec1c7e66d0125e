using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The writers' lock inside a structure, on a futex word of it, which is 0 when the lock is free and nobody waits. Held for a few hundred nanoseconds;
/// readers never take it. Unlike <see cref="Memory.WordLock"/> the word lies in the pool, and giving the lock back costs no interlocked operation.
/// </summary>
/// <remarks>
/// <para>The first byte says whether the lock is held, the second one whether somebody may sleep (as in Linux's qspinlock, where the release is a store
/// of one byte, too). Whoever gives the lock back stores 0 in the first byte, then looks at the second one; only if that is set does he clear it and wake
/// a sleeper. Who has slept takes the lock with the second byte set, since others may sleep still (U. Drepper, "Futexes Are Tricky", mutex 2).</para>
/// <para>The store and the look may change places, as others see them. Therefore, who is about to sleep sets the second byte and then makes all threads
/// execute a fence: whoever looked before it has stored before it, and the kernel, which compares the word once more, finds the lock free; whoever looks
/// after it finds the byte set.</para>
/// </remarks>
internal static unsafe class ObjectLock
{
    const int Spins = 100;
    const long Slice = 1_000_000;
    const int Held = 1;
    const int Awaited = 1 << 8;

    /// <summary>Takes the lock. Inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter<THook>(int* word) where THook : struct, IInterleaving
    {
        if (!TryEnter<THook>(word)) EnterContended<THook>(word);
    }

    /// <summary>Takes the lock if nobody holds it or waits for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter<THook>(int* word) where THook : struct, IInterleaving
    {
        THook.Point();
        // Acquire (full fence): pairs with the release in Exit.
        return Interlocked.CompareExchange(ref *word, Held, 0) == 0;
    }

    /// <summary>Gives the lock back. Inside the section in which it was taken, so that the word stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit<THook>(int* word) where THook : struct, IInterleaving
    {
        THook.Point();
        // Release: pairs with the exchanges in TryEnter and EnterContended.
        Volatile.Write(ref *(byte*)word, 0);
        // After the store in this thread's program; that it is for others too is up to the barrier in EnterContended.
        if (Volatile.Read(ref *((byte*)word + 1)) != 0) Wake(word);
    }

    /// <summary>The same for a lock that another thread holds, or waits for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void EnterContended<THook>(int* word) where THook : struct, IInterleaving
    {
        if (typeof(THook) != typeof(Uninterrupted))
        {
            // A test's scheduler lets this thread wait; nobody sleeps on the word. Pairs with Exit.
            do THook.Await(word);
            while (Interlocked.CompareExchange(ref *word, Held, 0) != 0);
            return;
        }
        int mine = Held;
        while (true)
        {
            // The holder works for less than a microsecond, unless it was preempted.
            for (int i = 0; i < Spins; i++)
            {
                // Only avoids useless exchanges; the exchange is what acquires (pairs with Exit).
                int seen = Volatile.Read(ref *word);
                if ((seen & Held) == 0 && Interlocked.CompareExchange(ref *word, seen | mine, seen) == seen) return;
                Thread.SpinWait(4);
            }
            // Sleeping inside a section would hold back reclamation, but the holder is a thread in the midst of a short critical section: it is
            // bounded by one preemption.
            mine = Held | Awaited;
            int last = Interlocked.CompareExchange(ref *word, mine, Held);
            if ((last & Held) == 0) continue;
            // Pairs with the order of the store and the look in Exit: see the remarks.
            Interlocked.MemoryBarrierProcessWide();
            Futex.Wait(word, mine, Slice);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Wake(int* word)
    {
        // Full fence: before the waking. Whoever was about to sleep finds another word, sets the byte again and stays awake; whoever wakes sets it too.
        Interlocked.And(ref *word, ~Awaited);
        Futex.Wake(word, 1);
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The writers' lock inside a structure: a <see cref="FutexLock"/> on a word of it, in the pool, with the points at which
/// scheduled tests interleave threads. Held for a few hundred nanoseconds; readers never take it.
/// </summary>
internal static unsafe class ObjectLock
{
    /// <summary>Takes the lock. Inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Enter(int* word)
    {
        // Sleeping inside a section would hold back reclamation, but the holder is a thread in the midst of a short critical
        // section: it is bounded by one preemption.
        if (!TryEnter(word)) FutexLock.EnterContended(word);
    }

    /// <summary>Takes the lock if nobody holds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(int* word)
    {
        Interleaving.Point();
        return FutexLock.TryEnter(word);
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
        FutexLock.Exit(word);
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The points at which the order of threads matters. Protocols and structures call <see cref="Point"/> before each access whose
/// order matters, and wait for other threads by the methods below.
/// </summary>
/// <remarks>
/// In the product the points compile to nothing, and waiting threads sleep on a futex. The scheduled tests compile the sources
/// with another file in place of this one, in which a scheduler decides at each point which thread runs next.
/// </remarks>
public static unsafe class Interleaving
{
    /// <summary>The calling thread is about to access shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Point() { }

    /// <summary>
    /// A point of a protocol that structures are built on (reference counts, remote frees, pins): an exploration of a structure
    /// passes it by.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DeepPoint() { }

    /// <summary>
    /// The calling thread can do nothing before another one has changed something: called once a turn of a loop that waits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spin() { }

    /// <summary>
    /// Sleeps while the word is <paramref name="value"/>, at most so many nanoseconds; may return early, as a futex does.
    /// </summary>
    public static void Sleep(int* word, int value, long nanoseconds) => Futex.Wait(word, value, nanoseconds);

    /// <summary>
    /// Sleeps on the word of a lock, which is 0 when the lock is free. <paramref name="value"/> is the state in which threads may
    /// sleep.
    /// </summary>
    public static void Await(int* word, int value, long nanoseconds) => Futex.Wait(word, value, nanoseconds);
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The number of threads that wait for changes of an object, or are about to. Tests compile another file in place of this one, in
/// which each operation can be left out.
/// </summary>
internal static class WaiterAtomics
{
    /// <summary>Counts so many waiters more, before they look again.</summary>
    // Full fence: pairs with the read in Any, which comes after the full fence of the change. Either that read finds the waiter
    // counted, or the waiter's next look finds the change.
    internal static void Count(ref int waiters, int change) => Interlocked.Add(ref waiters, change);

    /// <summary>Whether any thread waits. Called after the change.</summary>
    // Acquire, after the full fence of the change: an interlocked operation on what is changed, or the exchange that gives back
    // the lock under which it was changed. Pairs with Count.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Any(ref int waiters) => Volatile.Read(ref waiters) != 0;
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The atomic operations that the protocols of locks, events and semaphores need. Tests compile another file in place of this
/// one, in which each operation can be weakened, moved or left out.
/// </summary>
internal static unsafe class LockAtomics
{
    /// <summary>Changes the word if it is what was seen.</summary>
    // Full fence: pairs with Free. What the last owner did is visible to the one that takes the lock. Of a waiter that sets the
    // parked bit: either Free sees the bit, or the waiter sees the word that Free left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryChange(ref ulong word, ulong next, ulong seen) =>
        Interlocked.CompareExchange(ref word, next, seen) == seen;

    /// <summary>Frees a lock. Returns the word, whose parked bit tells whether a waiter is to be woken.</summary>
    // Full fence: pairs with TryChange.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Free(ref ulong word) => Interlocked.Exchange(ref word, 0);

    /// <summary>
    /// The bit with which one takes a lock or a semaphore who has waited for it: others may wait, too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong ParkedAfterWaiting(bool waits) => waits ? SharedLock.Parked : 0;

    /// <summary>Wakes one who waits for a lock.</summary>
    internal static void Wake(nuint happening, int most) => ParkingLot.Unpark(happening, most);

    /// <summary>Frees a lock whose owner has ended, if no other thread has done so.</summary>
    // Full fence: pairs with TryChange.
    internal static bool TryTakeOver(ref ulong word, ulong seen) => Interlocked.CompareExchange(ref word, 0, seen) == seen;

    /// <summary>Makes all waiters look again after an owner has ended.</summary>
    internal static void Alert() => ParkingLot.AlertAll();

    /// <summary>Whether the owner with a number has ended.</summary>
    internal static bool HasEnded(ulong owner) => LockOwners.Find(owner) == null;

    /// <summary>The word of an event that is about to be set, with one time more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong AfterSetting(ulong seen, ulong oneTime) => seen + oneTime;

    /// <summary>Whether a waiter that takes one from a semaphore wakes another one: if some are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool WakesNext(ulong left) => left != 0;
}

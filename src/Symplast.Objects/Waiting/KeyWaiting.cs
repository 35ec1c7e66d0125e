using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Waits for changes of keys of a map, ordered or sorted. All methods are thread-safe.</summary>
/// <remarks>
/// <para>A waiter counts itself in the map, enters the <see cref="ParkingLot"/>, looks for its key again, and sleeps. A change
/// takes effect by an interlocked operation, or under a lock that is given back by one. After that full fence it reads the number
/// of waiters. If it finds 0, the waiter has counted itself after that, and its next look finds the change. Whoever does not wait
/// thus pays one read.</para>
/// <para>A key's event is the map's address, with <see cref="KeyBits"/> bits of the key's hash above it. So a change wakes those
/// that wait for its key, and the few whose keys have the same bits; they look again. No two maps have an event in common. What
/// changes many keys at once unparks the waiters of all events with the map's address.</para>
/// </remarks>
public static unsafe class KeyWaiting
{
    /// <summary>The bits of an address. Those above are 0 on x86-64 and arm64, see also <see cref="Value"/>.</summary>
    const int AddressBits = 48;

    const int KeyBits = 64 - AddressBits;

    /// <summary>The number of a key's changes in the <see cref="ParkingLot"/>. Does not touch the map's memory.</summary>
    public static nuint Event(void* map, ulong hash) => Event(map, KeyNumber(hash));

    /// <summary>The event of a map with a <see cref="KeyNumber"/>.</summary>
    public static nuint Event(void* map, int number) => (nuint)map | (nuint)number << AddressBits;

    /// <summary>The part of a key's event that the key gives.</summary>
    // Fibonacci hashing: the hashes of small integers differ in their lowest bits only.
    public static int KeyNumber(ulong hash) => (int)(hash * 0x9E37_79B9_7F4A_7C15ul >> AddressBits);

    /// <summary>Whether a number is one that <see cref="KeyNumber"/> returns.</summary>
    public static bool IsKeyNumber(int number) => number >> KeyBits == 0;

    /// <summary>Wakes those that wait for a key.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Wake(void* map, ulong hash) => ParkingLot.Unpark(Event(map, hash), int.MaxValue);

    /// <summary>Wakes all that wait for keys of a map.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void WakeAll(void* map) => ParkingLot.UnparkAll((nuint)map, ((nuint)1 << AddressBits) - 1);
}

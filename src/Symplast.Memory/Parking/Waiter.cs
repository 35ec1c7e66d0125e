using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// A thread, or an event loop, that waits for an event in the <see cref="ParkingLot"/>. The one who waits keeps it, a thread on
/// its stack, and may let it go after <see cref="ParkingLot.Remove"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Waiter
{
    // The states of the word that a waiting thread sleeps on.
    internal const int IsParked = 0;
    internal const int IsUnparked = 1;
    internal const int IsAlerted = 2;
    internal const int IsAsleep = 3;

    // Under the lock of the bucket.
    internal Waiter* Next;
    internal Waiter* Previous;

    /// <summary>What is waited for; 0 before <see cref="ParkingLot.Add"/>.</summary>
    internal nuint Event;

    /// <summary>The heap of the object that is waited at. Its deletion ends the wait.</summary>
    internal void* Heap;

    /// <summary>The waiters of a bucket in the order in which they came.</summary>
    internal ulong Number;

    /// <summary>The interpreter that waits, for <see cref="ParkingLot.Alert"/>.</summary>
    internal long Interpreter;

    internal int State;

    /// <summary>An eventfd that is written to in place of waking a thread; -1 for a thread.</summary>
    internal int Descriptor;

    /// <summary>
    /// A waiter of an interpreter. If <paramref name="descriptor"/> is not -1, no thread sleeps: whoever ends the wait adds 1 to
    /// that eventfd, which must not block.
    /// </summary>
    public static Waiter Of(long interpreter, int descriptor = -1) =>
        new() { Interpreter = interpreter, Descriptor = descriptor, State = IsUnparked };

    /// <summary>A waiter of a thread that belongs to no interpreter. Their numbers are negative.</summary>
    public static Waiter Of(Participant* me) => Of(-(long)me);

    /// <summary>Whether a waiter is in the lot and neither unparked nor alerted.</summary>
    // Any recent state is good enough: ParkingLot.Sleep looks again.
    public static bool IsUntouched(Waiter* waiter) => Volatile.Read(ref waiter->State) == IsParked;

    /// <summary>Whether the waiter was chosen by <see cref="ParkingLot.Unpark"/>, or is not in the lot.</summary>
    // Acquire: pairs with the exchange in ParkingLot.End. What the other thread did before is visible.
    public static bool WasUnparked(Waiter* waiter) => Volatile.Read(ref waiter->State) == IsUnparked;
}

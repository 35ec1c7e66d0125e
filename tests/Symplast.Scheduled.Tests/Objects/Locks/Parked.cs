using Symplast.Memory;

namespace Symplast.Objects.Tests.Locks;

/// <summary>Waits in the parking lot as live objects do: see Waiting.cs of Symplast.Python.</summary>
internal static unsafe class Parked
{
    /// <summary>Tries once; <paramref name="waits"/> after the first time.</summary>
    internal delegate Status Attempt(bool waits);

    /// <summary>
    /// Tries until the answer is not Missing, or once after it was added to the lot if it is <paramref name="impatient"/>.
    /// </summary>
    internal static Status Until(Attempt attempt, nuint happening, PoolHeap* heap, bool impatient = false)
    {
        Waiter waiter = Waiter.Of(1);
        try
        {
            Status status = attempt(false);
            while (status == Status.Missing)
            {
                ParkingLot.Add(&waiter, happening, heap);
                status = attempt(true);
                if (status != Status.Missing || impatient)
                {
                    if (!ParkingLot.Remove(&waiter)) ParkingLot.Unpark(happening);
                    return status == Status.Missing ? Status.TimedOut : status;
                }
                ParkingLot.Sleep(&waiter, long.MaxValue);
                ParkingLot.Remove(&waiter);
                status = attempt(true);
            }
            return status;
        }
        finally
        {
            // After a failure the thread is unwound, and its stack may not stay in the lot.
            using (Interleaving.Alone()) ParkingLot.Remove(&waiter);
        }
    }
}

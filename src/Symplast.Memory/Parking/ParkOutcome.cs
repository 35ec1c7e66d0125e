namespace Symplast.Memory;

/// <summary>Why <see cref="ParkingLot.Sleep"/> returned.</summary>
public enum ParkOutcome
{
    /// <summary><see cref="ParkingLot.Unpark"/> chose the waiter, which is no longer in the lot.</summary>
    Unparked,

    /// <summary>The deadline has passed. The waiter is still in the lot.</summary>
    TimedOut,

    /// <summary>
    /// <see cref="ParkingLot.Alert"/> was called, a signal arrived, or the kernel woke the thread for no reason. The waiter is
    /// still in the lot.
    /// </summary>
    Alerted,
}

namespace Symplast.Objects;

/// <summary>Steps of the queue's protocol that tests leave out.</summary>
internal enum QueueStep
{
    /// <summary>A put waits for a cell that was reserved to be emptied.</summary>
    PutAwaitsTheTaker,

    /// <summary>A take waits for a cell that was reserved to be filled.</summary>
    TakeAwaitsThePutter,

    /// <summary>An element is stored before the turn is passed on.</summary>
    ElementComesBeforeTurn,

    /// <summary>A ring is closed before it has a successor.</summary>
    FullRingIsClosed,

    /// <summary>Who finds a ring closed reads whether the queue is before it looks for a successor.</summary>
    FlagIsReadFirst,

    /// <summary>Who unlinks a ring looks, under the lock, whether it is still the first.</summary>
    FirstIsReadAgain,

    /// <summary>Deletion ends the first ring.</summary>
    DeletionEndsTheRing,

    /// <summary>Who passes an element or room on looks for waiters.</summary>
    Signal,

    /// <summary>A waiter tries again after it has entered the parking lot.</summary>
    WaiterTriesAgain,

    /// <summary>A waiter that leaves although it was unparked unparks another one.</summary>
    WakeIsPassedOn,
}

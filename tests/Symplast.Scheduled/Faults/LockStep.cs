namespace Symplast.Objects;

/// <summary>Steps of the protocols of locks, events and semaphores that tests leave out.</summary>
internal enum LockStep
{
    /// <summary>Who takes a free lock looks in the same step whether it is free still.</summary>
    TakingCompares,

    /// <summary>Who frees a lock finds out in the same step whether someone waits.</summary>
    FreeingIsOneStep,

    /// <summary>Who has waited for a lock reckons with others that wait.</summary>
    OthersMayWait,

    /// <summary>Who frees a lock with the parked bit wakes a waiter.</summary>
    FreeingWakes,

    /// <summary>Who frees a lock of an owner that has ended looks in the same step whether another one did.</summary>
    TakingOverCompares,

    /// <summary>The end of an owner alerts those who wait.</summary>
    EndsAlert,

    /// <summary>An event counts how often it was set.</summary>
    SettingCounts,

    /// <summary>Who has waited for a semaphore and leaves something wakes the next one.</summary>
    LeftoversWake,
}

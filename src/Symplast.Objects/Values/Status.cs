namespace Symplast.Objects;

/// <summary>The outcome of an operation on a shared structure.</summary>
public enum Status
{
    /// <summary>The operation was done.</summary>
    Done,

    /// <summary>There is no such key, element or room, or the value is not the expected one. Nothing changed.</summary>
    Missing,

    /// <summary>The key exists already. Nothing changed.</summary>
    Exists,

    /// <summary>A <see cref="ValueGuard"/> refused the value that would have been taken. Nothing changed.</summary>
    Refused,

    /// <summary>The structure, or its pool, was deleted by hand.</summary>
    Deleted,

    /// <summary>There is no memory, or the pool is full (<see cref="Memory.Participant.Failure"/>). Nothing changed.</summary>
    NoMemory,

    /// <summary>The operation is not defined for a value of this kind, such as adding to a text or mixing kinds of sorted
    /// keys.</summary>
    WrongKind,

    /// <summary>The result does not fit: an integer beyond 64 bits, or beyond all doubles if it is added to a double.</summary>
    Overflow,

    /// <summary>The time limit has passed, or the wait was cancelled.</summary>
    TimedOut,

    /// <summary>The queue was closed: no value can be put, and none is left to take.</summary>
    Closed,

    /// <summary>The owner of the lock has ended without releasing it. The lock is free now.</summary>
    Abandoned,
}

namespace Symplast.Objects;

/// <summary>What became of an operation on a shared structure.</summary>
public enum Status
{
    /// <summary>Done; what was asked for was there.</summary>
    Done,

    /// <summary>There is no such key, element or room, or another value than expected; nothing changed.</summary>
    Missing,

    /// <summary>The key was there already; nothing changed.</summary>
    Exists,

    /// <summary>A <see cref="ValueGuard"/> said no to what would have been taken; nothing changed.</summary>
    Refused,

    /// <summary>The structure, or its pool, was deleted by hand.</summary>
    Deleted,

    /// <summary>No memory, or the pool is full (<see cref="Memory.Participant.Failure"/>); nothing changed.</summary>
    NoMemory,

    /// <summary>The value is of a kind that the operation does not know: adding to a text, mixing kinds of sorted keys.</summary>
    WrongKind,

    /// <summary>The result does not fit: an integer beyond 64 bits, or beyond all doubles if it is to be added to one.</summary>
    Overflow,

    /// <summary>The time was up, or the wait was cancelled.</summary>
    TimedOut,

    /// <summary>The queue was closed: nothing can be put, and nothing is left to take.</summary>
    Closed,
}

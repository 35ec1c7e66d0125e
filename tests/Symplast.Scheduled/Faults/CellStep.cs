namespace Symplast.Objects;

/// <summary>Steps of the cells' protocol that tests leave out.</summary>
internal enum CellStep
{
    /// <summary>An addition compares.</summary>
    AdditionCompares,

    /// <summary>Who moves an integer to where it has more room compares.</summary>
    WideningCompares,

    /// <summary>What was added to the mark is taken back.</summary>
    MarksAreRestored,

    /// <summary>A replacement compares.</summary>
    ReplacementCompares,

    /// <summary>Who takes a value looks whether it died meanwhile.</summary>
    DeadValuesAreLeft,

    /// <summary>Deletion takes the value and leaves the mark in one step.</summary>
    DeletionIsOneStep,

    /// <summary>Who deletes an integer holds the lock.</summary>
    DeletionLocks,
}

namespace Symplast.Objects;

/// <summary>Steps of the arrays' protocol that tests leave out.</summary>
internal enum ArrayStep
{
    /// <summary>An addition compares.</summary>
    AdditionCompares,

    /// <summary>Deletion finds out in the step that deletes whether it is the first.</summary>
    DeletionIsOneStep,
}

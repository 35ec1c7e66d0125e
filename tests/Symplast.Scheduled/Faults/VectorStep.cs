namespace Symplast.Objects;

/// <summary>Steps of the vector's protocol that tests leave out.</summary>
internal enum VectorStep
{
    /// <summary>A reader looks at the bounds a second time.</summary>
    BoundsAreReadAgain,

    /// <summary>An element is stored before the bounds that include it.</summary>
    ElementComesBeforeBounds,

    /// <summary>A root that was replaced says so.</summary>
    OldRootIsGone,

    /// <summary>Closing exchanges an element for the mark only if it is still the one that was copied.</summary>
    FreezingCompares,

    /// <summary>A set compares.</summary>
    SettingCompares,

    /// <summary>Deletion exchanges each element for a mark.</summary>
    DeletionMarks,
}

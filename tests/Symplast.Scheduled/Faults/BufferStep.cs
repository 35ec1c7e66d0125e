namespace Symplast.Memory;

/// <summary>Steps of a buffer's life that tests leave out.</summary>
internal enum BufferStep
{
    /// <summary>An export is counted in the step in which the owner is found to be there.</summary>
    ExportingIsOneStep,

    /// <summary>Who lets go finds out in the same step whether there are exports.</summary>
    LettingGoIsOneStep,
}

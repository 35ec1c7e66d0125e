namespace Symplast.Objects;

/// <summary>Steps of counting that tests leave out.</summary>
internal enum CountStep
{
    /// <summary>A reference is taken only if the count is still what it was when it was found above 0.</summary>
    TakingCompares,

    /// <summary>A count of 0 is left alone.</summary>
    DeadStayDead,

    /// <summary>A reference is dropped, and the count that is left found out, in one step.</summary>
    DroppingIsOneStep,
}

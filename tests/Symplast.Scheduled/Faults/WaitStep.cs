namespace Symplast.Objects;

/// <summary>Steps of waiting for changes that tests leave out.</summary>
internal enum WaitStep
{
    /// <summary>A change wakes those that wait for one.</summary>
    ChangeWakes,

    /// <summary>A waiter counts itself before it looks again.</summary>
    WaitersAreCounted,
}

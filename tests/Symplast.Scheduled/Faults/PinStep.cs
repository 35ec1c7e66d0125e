namespace Symplast.Memory;

/// <summary>Steps of pinning and deletion that tests leave out.</summary>
internal enum PinStep
{
    /// <summary>A pin is noted for ever before it is counted.</summary>
    PinIsNoted,

    /// <summary>Who takes the last pin back looks whether the heap was deleted.</summary>
    LastPinLooks,

    /// <summary>Who has emptied a heap looks for pins.</summary>
    EmptierLooks,
}

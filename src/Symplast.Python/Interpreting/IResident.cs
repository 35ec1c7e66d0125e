namespace Symplast.Python.Interpreting;

/// <summary>
/// A channel's only worker that takes requests from elsewhere, not tasks from the channel. The channel still ends and interrupts
/// it. Thread-safe.
/// </summary>
internal interface IResident
{
    /// <summary>Lets the worker end once it has answered its current request. Waits for nothing.</summary>
    void Close();

    /// <summary>Makes the code of the current request raise KeyboardInterrupt. Waits for nothing.</summary>
    void Interrupt();
}

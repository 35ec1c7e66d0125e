namespace Symplast.Objects;

/// <summary>Numbers of queues that tests have others for.</summary>
internal static class QueueSizes
{
    /// <summary>How often who waits tries again before it sleeps.</summary>
    internal const int Spins = 40;
}

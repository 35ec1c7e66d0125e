namespace Symplast.Objects;

/// <summary>Constants of queues that have other values in tests.</summary>
internal static class QueueSizes
{
    /// <summary>The number of attempts of a waiting thread before it sleeps.</summary>
    internal const int Spins = 40;
}

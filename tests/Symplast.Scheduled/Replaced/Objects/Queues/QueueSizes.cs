namespace Symplast.Objects;

/// <summary>The same for tests: who waits does not try again and again, which would only be more schedules.</summary>
internal static class QueueSizes
{
    internal const int Spins = 0;
}

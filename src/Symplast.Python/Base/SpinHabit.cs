namespace Symplast.Python;

/// <summary>
/// Decides whether it is worth spinning for some microseconds before sleeping. If other programs keep the cores busy, or events
/// are far apart, spinning only delays the thread that causes the event. So after some misses in a row only every few times is
/// tried.
/// </summary>
/// <remarks>Threads may lose each other's updates, which does no harm.</remarks>
internal struct SpinHabit
{
    const int MostMisses = 4;
    const uint TurnsPerTry = 16;

    static readonly bool HasCores = Environment.ProcessorCount > 1;

    int _misses;
    uint _turn;

    /// <summary>Whether to <see cref="Spin"/> this time. If so, the caller must <see cref="Note"/> the outcome.</summary>
    internal bool IsWorthIt() => HasCores && (_misses < MostMisses || ++_turn % TurnsPerTry == 0);

    internal void Note(bool found)
    {
        if (!found) _misses = Math.Min(_misses + 1, MostMisses);
        else if (_misses > 0) _misses--;
    }
}

namespace Symplast.Python.Interpreting;

/// <summary>
/// Whether it is worth to look for an event for some microseconds before sleeping. Where other programs keep the cores busy, or
/// events are far apart, looking only delays the thread that is looked for; so after some misses in a row only every few times is
/// tried.
/// </summary>
/// <remarks>Lost updates do no harm.</remarks>
internal struct SpinHabit
{
    const int MostMisses = 4;
    const uint TurnsPerTry = 16;

    static readonly bool HasCores = Environment.ProcessorCount > 1;

    int _misses;
    uint _turn;

    /// <summary>Whether to <see cref="Spin"/> this time; then <see cref="Note"/> what came of it.</summary>
    internal bool IsWorthIt() => HasCores && (_misses < MostMisses || ++_turn % TurnsPerTry == 0);

    internal void Note(bool found)
    {
        if (!found) _misses = Math.Min(_misses + 1, MostMisses);
        else if (_misses > 0) _misses--;
    }
}

namespace Symplast.Soak;

/// <summary>What is counted.</summary>
internal enum Counted
{
    Map,
    Set,
    Sorted,
    Vector,
    Cell,
    Queue,
    Record,
    Nested,
    Pools,
    Deaths,
}

/// <summary>Operations by structure, of one thread or of all.</summary>
internal sealed class Tally
{
    readonly long[] _counts = new long[Enum.GetValues<Counted>().Length];

    internal void Add(Counted what) => _counts[(int)what]++;

    internal void Take(Tally other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
            other._counts[i] = 0;
        }
    }

    public override string ToString() =>
        string.Join(" ", Enum.GetValues<Counted>().Select(what => $"{what} {_counts[(int)what]}"));
}

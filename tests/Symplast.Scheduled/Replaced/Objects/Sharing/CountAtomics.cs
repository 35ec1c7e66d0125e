namespace Symplast.Objects;

/// <summary>The steps of reference counting, each with its fault.</summary>
internal static class CountAtomics
{
    internal static bool IsAlive(int found) => found > 0 || Interleaving.Omits(CountStep.DeadStayDead);

    internal static int Raise(ref int count, int next, int found)
    {
        if (!Interleaving.Omits(CountStep.TakingCompares)) return Interlocked.CompareExchange(ref count, next, found);
        count++;
        return found;
    }

    internal static int Lower(ref int count, int found) =>
        Interleaving.Omits(CountStep.DroppingIsOneStep) ? count = found - 1 : Interlocked.Decrement(ref count);
}

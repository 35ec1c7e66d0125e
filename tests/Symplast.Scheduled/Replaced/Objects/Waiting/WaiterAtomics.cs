namespace Symplast.Objects;

/// <summary>The steps of waiting for changes, each with its fault.</summary>
internal static class WaiterAtomics
{
    internal static void Count(ref int waiters, int change)
    {
        if (!Interleaving.Omits(WaitStep.WaitersAreCounted)) Interlocked.Add(ref waiters, change);
    }

    internal static bool Any(ref int waiters) => Volatile.Read(ref waiters) != 0 && !Interleaving.Omits(WaitStep.ChangeWakes);
}

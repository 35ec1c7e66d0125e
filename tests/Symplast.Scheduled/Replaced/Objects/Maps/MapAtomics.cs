namespace Symplast.Objects;

/// <summary>The same for tests.</summary>
internal static class MapAtomics
{
    /// <summary>Like <see cref="Epoch.Synchronize"/>, but the scheduler lets the others go on meanwhile.</summary>
    internal static void AwaitSections()
    {
        Interlocked.MemoryBarrier();
        ulong tag = Epoch.Now;
        for (int turn = 0; !Epoch.HasPassed(tag); turn++)
        {
            if (turn > 1) Interleaving.Spin();
            Epoch.TryAdvance();
        }
    }
}

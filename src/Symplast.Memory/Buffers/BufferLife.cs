namespace Symplast.Memory;

/// <summary>
/// The protocol of a <see cref="SharedBuffer"/>. One word holds the state of the owner in its low two bits, and the number of
/// exports above.
/// </summary>
/// <remarks>
/// <list type="table">
/// <item><term>owned</term><description>exports come and go; sections may look at the memory</description></item>
/// <item><term>retired</term><description>the owner died: no new exports; open sections may still read the
/// memory</description></item>
/// <item><term>gone</term><description>no section reads the memory any more; the one thread that finds no export left frees
/// it</description></item>
/// </list>
/// The change from owned to retired happens once, by the thread that deletes the owner. The change from either to gone happens
/// once, after a grace period.
/// </remarks>
internal static class BufferLife
{
    const long Retired = 1;
    internal const long Gone = 2;
    internal const long Phase = 3;
    internal const long OneExport = 4;

    /// <summary>Adds an export; false if the owner died.</summary>
    internal static bool TryExport(ref long life)
    {
        Interleaving.DeepPoint();
        // No order is needed for this load: the compare-and-swap decides.
        long found = Volatile.Read(ref life);
        while ((found & Phase) == 0)
        {
            Interleaving.DeepPoint();
            long seen = BufferAtomics.AddExport(ref life, found);
            if (seen == found) return true;
            found = seen;
        }
        return false;
    }

    /// <summary>The owner died.</summary>
    internal static void Retire(ref long life)
    {
        Interleaving.DeepPoint();
        // Full fence; pairs with TryExport.
        Interlocked.Or(ref life, Retired);
    }

    /// <summary>
    /// Marks the buffer as gone: only exports may still use the memory. True if there are none, and the caller must free it.
    /// </summary>
    internal static bool LetGo(ref long life)
    {
        Interleaving.DeepPoint();
        long found = Volatile.Read(ref life);
        while (true)
        {
            Interleaving.DeepPoint();
            long seen = BufferAtomics.MarkGone(ref life, found);
            if (seen == found) return found < OneExport;
            found = seen;
        }
    }

    /// <summary>
    /// Ends an export. True if the buffer is gone and this was its last export, and the caller must free the memory.
    /// </summary>
    internal static bool EndExport(ref long life)
    {
        Interleaving.DeepPoint();
        // Full fence; pairs with LetGo: all accesses to the memory come before it is freed.
        return Interlocked.Add(ref life, -OneExport) == Gone;
    }
}

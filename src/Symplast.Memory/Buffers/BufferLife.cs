namespace Symplast.Memory;

/// <summary>
/// The protocol of a <see cref="SharedBuffer"/> and nothing else: one word, the state of its owner in the low two bits, four for
/// each export above.
/// </summary>
/// <remarks>
/// <list type="table">
/// <item><term>owned</term><description>exports come and go; sections may look at the memory</description></item>
/// <item><term>retired</term><description>the owner died: no new exports; sections that are open may look
/// still</description></item>
/// <item><term>gone</term><description>no section looks any more: the memory is freed by whoever finds no export left, and he is
/// one only</description></item>
/// </list>
/// From owned to retired once, by whoever deletes the owner; from either to gone once, after a grace period.
/// </remarks>
internal static class BufferLife
{
    const long Retired = 1;
    internal const long Gone = 2;
    internal const long Phase = 3;
    internal const long OneExport = 4;

    /// <summary>One more export; false if the owner died.</summary>
    internal static bool TryExport(ref long life)
    {
        Interleaving.DeepPoint();
        // Any value will do to begin with: the exchange decides.
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
    /// Nobody looks at the memory any more but those who export it. True if there are none, and it is the caller's to free.
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

    /// <summary>One export less. True if it was the last of all, and the memory is the caller's to free.</summary>
    internal static bool EndExport(ref long life)
    {
        Interleaving.DeepPoint();
        // Full fence; pairs with LetGo: what was done with the memory comes before its end.
        return Interlocked.Add(ref life, -OneExport) == Gone;
    }
}

namespace Symplast.Objects;

/// <summary>The protocol of <see cref="Reference"/>: a count that rises only while it is above 0, and falls to 0 once.</summary>
internal static unsafe class ReferenceCount
{
    // A count that got this far stays: wrapping round would free what is in use. It is set far above, so that threads which
    // looked at the count shortly before and subtract now cannot bring it back below.
    const int Saturated = 1 << 30;
    const int Stuck = Saturated + (Saturated >> 1);

    /// <summary>One more, unless it is 0.</summary>
    internal static bool TryTake(ref int count)
    {
        Interleaving.DeepPoint();
        // Any value will do to begin with: the exchange decides.
        int found = Volatile.Read(ref count);
        while (CountAtomics.IsAlive(found))
        {
            if (found >= Saturated) return true;
            Interleaving.DeepPoint();
            int seen = CountAtomics.Raise(ref count, found + 1 < Saturated ? found + 1 : Stuck, found);
            if (seen == found) return true;
            found = seen;
        }
        return false;
    }

    /// <summary>One less; true if that was the last.</summary>
    internal static bool Drop(ref int count)
    {
        Interleaving.DeepPoint();
        int found = Volatile.Read(ref count);
        if (found >= Saturated) return false;
        Interleaving.DeepPoint();
        return CountAtomics.Lower(ref count, found) == 0;
    }
}

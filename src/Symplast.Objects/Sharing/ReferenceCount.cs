namespace Symplast.Objects;

/// <summary>Steps of counting that tests leave out.</summary>
internal enum CountStep
{
    /// <summary>A reference is taken only if the count is still what it was when it was found above 0.</summary>
    TakingCompares,

    /// <summary>A count of 0 is left alone.</summary>
    DeadStayDead,

    /// <summary>A reference is dropped, and the count that is left found out, in one step.</summary>
    DroppingIsOneStep,
}

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
        while (found > 0 || Interleaving.Omits(CountStep.DeadStayDead))
        {
            if (found >= Saturated) return true;
            Interleaving.DeepPoint();
            if (Interleaving.Omits(CountStep.TakingCompares)) found = count;
            // Full fence; pairs with that in Drop: it never finds 0 after we found more.
            int next = found + 1 < Saturated ? found + 1 : Stuck;
            int seen = Interlocked.CompareExchange(ref count, next, found);
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
        if (Interleaving.Omits(CountStep.DroppingIsOneStep)) return (count = found - 1) == 0;
        // Full fence; pairs with TryTake, and makes what others did with the block before they dropped it visible to the one that
        // frees it. Also the fence between the unlinking of the reference, which may have been a plain store, and the tag of what
        // is retired.
        return Interlocked.Decrement(ref count) == 0;
    }
}

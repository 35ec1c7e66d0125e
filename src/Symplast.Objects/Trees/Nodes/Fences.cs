namespace Symplast.Objects;

/// <summary>
/// A node's range: the least key of it and the least one above; empty where there is no bound. It never changes, so it is
/// right whichever way one came to the node.
/// </summary>
internal readonly struct Fences(Value lower, Value upper)
{
    internal readonly Value Lower = lower;
    internal readonly Value Upper = upper;

    internal bool AreBoth => !Lower.IsEmpty && !Upper.IsEmpty;

    /// <summary>How many first bytes all keys of the range have in common.</summary>
    internal byte Common => AreBoth ? SortedKey.CommonBeginning(Lower, Upper) : (byte)0;
}

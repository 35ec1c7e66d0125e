namespace Symplast.Objects;

/// <summary>An end of a range of keys.</summary>
public readonly struct SortedBound
{
    internal readonly bool IsOpen;
    internal readonly bool IsIncluded;
    internal readonly Probe Key;

    SortedBound(bool isOpen, bool isIncluded, in Probe key)
    {
        IsOpen = isOpen;
        IsIncluded = isIncluded;
        Key = key;
    }

    /// <summary>No bound.</summary>
    public static SortedBound None => new(true, false, default);

    /// <summary>This key belongs to the range.</summary>
    public static SortedBound Including(in Probe key) => new(false, true, key);

    /// <summary>This key does not belong to the range.</summary>
    public static SortedBound Excluding(in Probe key) => new(false, false, key);
}

/// <summary>The keys that a pair of bounds includes.</summary>
internal readonly ref struct KeyRange
{
    internal readonly SortedKey Lower;
    internal readonly SortedKey Upper;
    internal readonly bool HasLower;
    internal readonly bool HasUpper;
    readonly bool _includesLower;
    readonly bool _includesUpper;

    internal KeyRange(in SortedBound lower, in SortedBound upper)
    {
        HasLower = !lower.IsOpen;
        HasUpper = !upper.IsOpen;
        if (HasLower) Lower = new SortedKey(lower.Key);
        if (HasUpper) Upper = new SortedKey(upper.Key);
        _includesLower = lower.IsIncluded;
        _includesUpper = upper.IsIncluded;
    }

    /// <summary>The class of keys that it speaks of; None if it speaks of none, or of several.</summary>
    internal OrderingClass Class =>
        !HasLower ? Upper.Class : !HasUpper || Lower.Class == Upper.Class ? Lower.Class : OrderingClass.None;

    internal bool HasBounds => HasLower || HasUpper;

    internal bool IsBelow(Value key) =>
        HasLower && Lower.Compare(key) is int side && (side > 0 || side == 0 && !_includesLower);

    internal bool IsAbove(Value key) =>
        HasUpper && Upper.Compare(key) is int side && (side < 0 || side == 0 && !_includesUpper);
}

namespace Symplast.Objects;

/// <summary>An order of values, for sorting. It is called outside of sections and locks, so it may call foreign code.</summary>
public interface IValueOrder
{
    /// <summary>
    /// Whether <paramref name="left"/> comes before <paramref name="right"/>. The caller holds references to the values. To read
    /// their contents, the implementation enters a section itself.
    /// </summary>
    bool Precedes(Value left, Value right);

    /// <summary>True once a comparison failed: sorting stops, and the vector stays as it was.</summary>
    bool Failed { get; }
}

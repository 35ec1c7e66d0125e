namespace Symplast.Objects;

/// <summary>An entry of a sorted map.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
public readonly record struct SortedEntry(Value Key, Value Value);

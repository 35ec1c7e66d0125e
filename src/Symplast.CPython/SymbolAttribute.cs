namespace Symplast.CPython;

/// <summary>
/// The symbols by which a field of <see cref="Api"/> is looked up, if not by its own name. The first one that the running Python
/// has is used.
/// </summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class SymbolAttribute(params string[] names) : Attribute
{
    /// <summary>The symbols, in the order in which they are tried.</summary>
    public string[] Names => names;

    /// <summary>Whether the field stays null on versions that have no such symbol.</summary>
    public bool IsOptional { get; init; }
}

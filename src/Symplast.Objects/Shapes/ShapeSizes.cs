namespace Symplast.Objects;

/// <summary>Numbers of shapes that tests have smaller ones for, so that short histories get there.</summary>
internal static class ShapeSizes
{
    /// <summary>
    /// Records with more names are used as dictionaries, and would fill the tree with shapes of their own: they have tables
    /// (<see cref="RecordTable"/>).
    /// </summary>
    internal const int MostNames = 128;
}

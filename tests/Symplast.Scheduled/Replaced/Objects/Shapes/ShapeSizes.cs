namespace Symplast.Objects;

/// <summary>The same for tests.</summary>
internal static class ShapeSizes
{
    internal const int MostNames = 4;
}

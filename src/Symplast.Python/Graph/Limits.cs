using System.Text;

namespace Symplast.Python.Graph;

/// <summary>The limits of a walk other than memory, and the number of levels that a path in a message shows.</summary>
internal static class Limits
{
    /// <summary>The number of consecutive results of <c>default=</c> that need another conversion.</summary>
    internal const int ChainedConversions = 100;

    /// <summary>The length of a chain of AtomicRefs that hold one another.</summary>
    internal const int ChainedReferences = 1000;

    const int ShownLevels = 40;

    /// <summary>
    /// Returns the next level to be shown in a path, at or after <paramref name="level"/>. The middle of a deep path is left out.
    /// </summary>
    internal static int NextShown(StringBuilder path, int level, int levels)
    {
        if (level != ShownLevels / 2 || levels <= ShownLevels) return level;
        path.Append($" …({levels - ShownLevels} levels)… ");
        return levels - ShownLevels / 2;
    }
}

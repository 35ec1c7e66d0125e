using System.Text;

namespace Symplast.Python.Graph;

/// <summary>What bounds a walk apart from memory, and how much of its path a message shows.</summary>
internal static class Limits
{
    /// <summary>Results of <c>default=</c> in a row that need another conversion.</summary>
    internal const int ChainedConversions = 100;

    /// <summary>AtomicRefs that hold one another.</summary>
    internal const int ChainedReferences = 1000;

    const int ShownLevels = 40;

    /// <summary>
    /// The next level to be shown in a path, at or after <paramref name="level"/>: the middle of a deep path is left out.
    /// </summary>
    internal static int NextShown(StringBuilder path, int level, int levels)
    {
        if (level != ShownLevels / 2 || levels <= ShownLevels) return level;
        path.Append($" …({levels - ShownLevels} levels)… ");
        return levels - ShownLevels / 2;
    }
}

namespace Symplast.Python;

/// <summary>
/// What the environment variable <c>SYMPLAST_DEBUG</c> asks for: a list of modes, with commas. Read once, when the process
/// imports the module first.
/// </summary>
internal static class DebugModes
{
    static readonly string[] Modes =
        (Environment.GetEnvironmentVariable("SYMPLAST_DEBUG") ?? "").Split(',', StringSplitOptions.TrimEntries);

    /// <summary>Frozen memory is write-protected.</summary>
    internal static bool ReadOnly => Modes.Contains("readonly");

    /// <summary>The heap of live objects is a checked one.</summary>
    internal static bool Heap => Modes.Contains("heap");

    /// <summary>Live objects know where they were made.</summary>
    internal static bool Track => Modes.Contains("track");

    /// <summary>At the end of the process what is left alive is reported.</summary>
    internal static bool Leaks => Track || Modes.Contains("leaks");

    /// <summary>Whether a mode of this name is on.</summary>
    internal static bool Has(string mode) => Modes.Contains(mode);
}

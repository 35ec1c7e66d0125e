namespace Symplast.Python;

/// <summary>
/// The modes in the environment variable <c>SYMPLAST_DEBUG</c>, separated by commas. Read once, when the process first imports
/// the module.
/// </summary>
internal static class DebugModes
{
    static readonly string[] Modes =
        (Environment.GetEnvironmentVariable("SYMPLAST_DEBUG") ?? "").Split(',', StringSplitOptions.TrimEntries);

    /// <summary>Frozen memory is write-protected.</summary>
    internal static bool ReadOnly => Modes.Contains("readonly");

    /// <summary>The heap of live objects checks how it is used.</summary>
    internal static bool Heap => Modes.Contains("heap");

    /// <summary>The place in the code where each live object was created is recorded.</summary>
    internal static bool Track => Modes.Contains("track");

    /// <summary>Live objects that still exist at the end of the process are reported.</summary>
    internal static bool Leaks => Track || Modes.Contains("leaks");

    /// <summary>Whether a mode of this name is on.</summary>
    internal static bool Has(string mode) => Modes.Contains(mode);
}

namespace Symplast.Python.Extensions;

/// <summary>
/// Steps of the loader that a test leaves out, to see that they would be missed: modes of SYMPLAST_DEBUG. A process that has one
/// of them on is broken.
/// </summary>
internal static class LoaderFaults
{
    /// <summary>The library itself is loaded in place of a copy.</summary>
    internal static readonly bool SharesLibrary = DebugModes.Has("fault-shared-library");

    /// <summary>Calls that know the process's interpreter are not redirected.</summary>
    internal static readonly bool LeavesCalls = DebugModes.Has("fault-calls");

    /// <summary>GNU_UNIQUE symbols stay what they are.</summary>
    internal static readonly bool LeavesUniqueSymbols = DebugModes.Has("fault-unique-symbols");

    /// <summary>A copy keeps the name by which others need the library.</summary>
    internal static readonly bool LeavesName = DebugModes.Has("fault-name");

    /// <summary>Versions are asked of the library's old name.</summary>
    internal static readonly bool LeavesVersions = DebugModes.Has("fault-versions");

    /// <summary>Threads enter interpreters that have ended.</summary>
    internal static readonly bool EntersEnded = DebugModes.Has("fault-ended");

    /// <summary>Modules that a module makes in its initialization are checked by CPython.</summary>
    internal static readonly bool LeavesInnerModules = DebugModes.Has("fault-inner-modules");

    /// <summary>Keys of thread-specific data outlive the copies that made them.</summary>
    internal static readonly bool LeavesKeys = DebugModes.Has("fault-keys");

    /// <summary>Copies are unloaded while their threads run.</summary>
    internal static readonly bool ForgetsThreads = DebugModes.Has("fault-threads");
}

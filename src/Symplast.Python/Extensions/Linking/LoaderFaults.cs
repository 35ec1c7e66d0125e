namespace Symplast.Python.Extensions;

/// <summary>
/// Steps of the loader that a mode of SYMPLAST_DEBUG leaves out, so that a test can show that each is needed. A process with such
/// a mode does not work correctly.
/// </summary>
internal static class LoaderFaults
{
    /// <summary>The original library is loaded instead of a copy.</summary>
    internal static readonly bool SharesLibrary = DebugModes.Has("fault-shared-library");

    /// <summary>Calls that act on the main interpreter are not redirected.</summary>
    internal static readonly bool LeavesCalls = DebugModes.Has("fault-calls");

    /// <summary>GNU_UNIQUE symbols are not made ordinary.</summary>
    internal static readonly bool LeavesUniqueSymbols = DebugModes.Has("fault-unique-symbols");

    /// <summary>A copy keeps the original's DT_SONAME.</summary>
    internal static readonly bool LeavesName = DebugModes.Has("fault-name");

    /// <summary>Symbol versions are still looked up under the library's old name.</summary>
    internal static readonly bool LeavesVersions = DebugModes.Has("fault-versions");

    /// <summary>Threads enter interpreters that have ended.</summary>
    internal static readonly bool EntersEnded = DebugModes.Has("fault-ended");

    /// <summary>CPython checks whether modules that a module makes in its initialization declare support.</summary>
    internal static readonly bool LeavesInnerModules = DebugModes.Has("fault-inner-modules");

    /// <summary>Keys of thread-specific data outlive the copies that made them.</summary>
    internal static readonly bool LeavesKeys = DebugModes.Has("fault-keys");

    /// <summary>Copies are unloaded while their threads run.</summary>
    internal static readonly bool ForgetsThreads = DebugModes.Has("fault-threads");
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>The arenas of CPython's object allocator, by interpreter: Linked/arenas.c.</summary>
internal static unsafe partial class Arenas
{
    const string Linked = "symplast-linked";

    static bool _isWatched;

    /// <summary>Begins to watch whose they are. Called once, with the main interpreter's GIL.</summary>
    internal static void Watch()
    {
        // In an ordinary library, where tests run the module's parts, nothing is linked.
        if (_isWatched || RuntimeFeature.IsDynamicCodeSupported) return;
        // Where functions that all interpreters share keep objects of the one that called first.
        if (Layout.Current.NamesOfKeywordsAreAnyInterpreters) return;
        ref Api api = ref Api.Table;
        Watch(api.PyObject_GetArenaAllocator, api.PyObject_SetArenaAllocator, api.PyThreadState_GetUnchecked,
            api.PyThreadState_GetInterpreter, api.PyInterpreterState_GetID);
        _isWatched = true;
    }

    /// <summary>Those of an interpreter of its own allocator, which has ended, for <see cref="Release"/>.</summary>
    internal static void* TakeOf(long interpreter) => _isWatched ? Take(interpreter) : null;

    /// <summary>
    /// Gives taken arenas back: all of them if nothing is left that could look into them, or only their memory, so that who does
    /// sees zeros.
    /// </summary>
    internal static void Release(void* taken, bool withAddresses)
    {
        if (taken != null) ReleaseTaken(taken, withAddresses ? 1 : 0);
    }

    [LibraryImport(Linked, EntryPoint = "symplast_watch_arenas")]
    private static partial void Watch(void* get, void* set, void* thread, void* interpreter, void* number);

    [LibraryImport(Linked, EntryPoint = "symplast_take_arenas")]
    private static partial void* Take(long owner);

    [LibraryImport(Linked, EntryPoint = "symplast_release_arenas")]
    private static partial void ReleaseTaken(void* taken, int withAddresses);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// Records which interpreter each arena of CPython's object allocator belongs to; implemented in Linked/arenas.c.
/// </summary>
internal static unsafe partial class Arenas
{
    const string Linked = "symplast-linked";

    static bool _isWatched;

    /// <summary>Starts to record the owner of each new arena. Called once, with the main interpreter's GIL.</summary>
    internal static void Watch()
    {
        // The tests of the module's parts run in an ordinary library, which the C sources are not linked into.
        if (_isWatched || RuntimeFeature.IsDynamicCodeSupported) return;
        // In these versions of CPython, functions that all interpreters share keep objects of the interpreter that called them
        // first. So no arena may be given back.
        if (Layout.Current.NamesOfKeywordsAreAnyInterpreters) return;
        ref Api api = ref Api.Table;
        Watch(api.PyObject_GetArenaAllocator, api.PyObject_SetArenaAllocator, api.PyThreadState_GetUnchecked,
            api.PyThreadState_GetInterpreter, api.PyInterpreterState_GetID);
        _isWatched = true;
    }

    /// <summary>
    /// Takes the arenas of an interpreter that has ended and had its own allocator; to be passed to <see cref="Release"/>.
    /// </summary>
    internal static void* TakeOf(long interpreter) => _isWatched ? Take(interpreter) : null;

    /// <summary>
    /// Gives taken arenas back to the system. With addresses, the arenas are unmapped: nothing may be left that could read them.
    /// Without, only their memory is given back: a late reader then sees zeros.
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

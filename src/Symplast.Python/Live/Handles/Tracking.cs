using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Records where live objects were made, if <c>SYMPLAST_DEBUG</c> has <c>track</c>. Each object carries the number of a place in
/// Python code in the high bits of its note (<see cref="SharedObject.NoteOf"/>). Thread-safe.
/// </summary>
internal static unsafe class Tracking
{
    /// <summary>The number of a note's low bits, which are the ticket by which pickles name the object.</summary>
    internal const int TicketBits = 40;

    const int SiteShift = TicketBits;
    const int MostSites = 1 << (64 - SiteShift);

    // A blittable struct without an initialiser has no class constructor.
    struct State
    {
        internal bool IsOn;
    }

    // A class of its own, so that reading IsOn runs no class constructor.
    static class Sites
    {
        internal static readonly WordLock Gate = WordLock.Create();
        internal static readonly Dictionary<(string File, int Line, string Function), int> Numbers = [];
        internal static readonly List<string> Names = [""];
    }

    static State _state;

    /// <summary>Whether places are recorded.</summary>
    internal static bool IsOn => _state.IsOn;

    /// <summary>Starts to record places.</summary>
    internal static void Start() => _state.IsOn = true;

    /// <summary>Records the place for a new object. Runs no Python code, so it may be called inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Note(Header* made)
    {
        if (_state.IsOn) NotePlace(made);
    }

    /// <summary>"file:line in function", or null if it is not known.</summary>
    internal static string? PlaceOf(Header* o)
    {
        int site = (int)(Volatile.Read(ref SharedObject.NoteOf((SharedObject*)o)) >> SiteShift);
        if (site == 0) return null;
        using (Sites.Gate.Hold()) return Sites.Names[site];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void NotePlace(Header* made)
    {
        PyObject* pending = Api.Table.PyErr_GetRaisedException();
        int site = Find();
        Api.Table.PyErr_Clear();
        if (pending != null) Api.Table.PyErr_SetRaisedException(pending);
        // No other thread knows the object yet. A ticket, which is added later, leaves these bits unchanged.
        SharedObject.NoteOf((SharedObject*)made) = (ulong)site << SiteShift;
    }

    // The number of the innermost frame that does not run our code; 0 if there is none.
    static int Find()
    {
        ref Api api = ref Api.Table;
        PyObject* frame = api.PyEval_GetFrame();
        if (frame != null) References.Take(frame);
        int site = 0;
        while (frame != null && site == 0)
        {
            if (!IsOurs(frame))
            {
                PyObject* code = api.PyFrame_GetCode(frame);
                site = NumberOf((NameOf(code, "co_filename"u8), api.PyFrame_GetLineNumber(frame), NameOf(code, "co_qualname"u8)));
                References.Drop(code);
            }
            PyObject* back = api.PyFrame_GetBack(frame);
            References.Drop(frame);
            frame = back;
        }
        References.Drop(frame);
        return site;
    }

    // Judged by the name of the module whose code the frame runs.
    static bool IsOurs(PyObject* frame)
    {
        ref Api api = ref Api.Table;
        PyObject* globals = api.PyObject_GetAttrString(frame, Text.Utf8("f_globals"u8));
        PyObject* name = globals != null && globals->Type == api.PyDict_Type
            ? api.PyDict_GetItemString(globals, Text.Utf8("__name__"u8)) : null;
        string module = name != null && name->Type == api.PyUnicode_Type ? Text.FromPython(name) : "";
        References.Drop(globals);
        return module == "symplast" || module.StartsWith("symplast.", StringComparison.Ordinal);
    }

    static string NameOf(PyObject* code, ReadOnlySpan<byte> attribute)
    {
        PyObject* name = Api.Table.PyObject_GetAttrString(code, Text.Utf8(attribute));
        string text = name == null ? "?" : Text.FromPython(name);
        References.Drop(name);
        return text;
    }

    static int NumberOf((string File, int Line, string Function) place)
    {
        using (Sites.Gate.Hold())
        {
            if (Sites.Numbers.TryGetValue(place, out int known)) return known;
            int site = Sites.Names.Count;
            if (site == MostSites) return 0;
            Sites.Numbers.Add(place, site);
            Sites.Names.Add($"{place.File}:{place.Line} in {place.Function}");
            return site;
        }
    }
}

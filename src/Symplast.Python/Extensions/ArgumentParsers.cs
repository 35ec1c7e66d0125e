using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// The keyword parsers (<c>_PyArg_Parser</c>) of functions in CPython's own extension modules and some others. A parser is static
/// data of its library. CPython links it into one list of the process when its function is first called, and walks the list at
/// the end of the program.
/// </summary>
/// <remarks>
/// The list's head is a static variable of CPython that cannot be looked up, and new parsers are inserted at the head. So a
/// parser of our own is inserted, and the rest of the list is reached from there. It may be changed under the gate, since CPython
/// only inserts. Our earlier parser is unlinked when a new one is inserted.
/// </remarks>
internal static unsafe class ArgumentParsers
{
    /// <summary>_PyArg_Parser, 3.12 to 3.15, without its first four words, which differ.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 80)]
    struct Parser
    {
        [FieldOffset(56)] internal PyObject* Names;
        [FieldOffset(64)] internal Parser* Next;
    }

    static readonly WordLock Gate = WordLock.Create();
    static Parser* _own;

    /// <summary>Unlinks the parsers of libraries that are about to be unloaded. Called with a GIL held.</summary>
    /// <param name="bases">Where the libraries were loaded.</param>
    internal static void Forget(HashSet<nint> bases)
    {
        using (Gate.Hold())
        {
            Parser* before = Begin();
            while (before != null && before->Next != null)
            {
                if (bases.Contains(Linux.BaseAround(before->Next))) before->Next = before->Next->Next;
                else before = before->Next;
            }
        }
    }

    /// <summary>
    /// Keeps CPython from freeing the parsers' tuples of names at the end of the program, in versions where these tuples are
    /// objects of the interpreter that called the function first (gh-119213). Called in the main interpreter when workers have
    /// ended.
    /// </summary>
    internal static void KeepNames()
    {
        if (!Layout.Current.NamesOfKeywordsAreAnyInterpreters) return;
        using (Gate.Hold())
        {
            for (Parser* parser = Begin(); parser != null; parser = parser->Next)
                if (parser->Names != null) *(ulong*)parser->Names = Layout.Current.ImmortalHeader;
        }
    }

    // Inserts a parser of our own at the head of the list and returns it. Returns null if CPython refuses; the list is then
    // unchanged.
    static Parser* Begin()
    {
        ref Api api = ref Api.Table;
        PyObject* none = api.PyTuple_New(0);
        byte* memory = (byte*)NativeMemory.AllocZeroed((nuint)sizeof(Parser) + 2 * (nuint)sizeof(nint));
        Parser* parser = (Parser*)memory;
        // An empty, zero-terminated array of keywords, which lies behind the parser.
        void** fields = (void**)memory + Layout.Current.ParserFormat;
        fields[0] = Text.Utf8(":symplast"u8);
        fields[1] = parser + 1;
        // The empty tuple is static. It is set here so that CPython does not make one.
        parser->Names = none;
        PyObject* inFlight = api.PyErr_GetRaisedException();
        // The C function is variadic; no variadic argument is passed.
        bool done = api._PyArg_ParseTupleAndKeywordsFast(none, null, parser) != 0;
        api.PyErr_SetRaisedException(inFlight);
        References.Drop(none);
        if (!done)
        {
            NativeMemory.Free(memory);
            return null;
        }
        for (Parser* each = parser; _own != null && each->Next != null; each = each->Next)
        {
            if (each->Next != _own) continue;
            each->Next = _own->Next;
            NativeMemory.Free(_own);
            break;
        }
        _own = parser;
        return parser;
    }
}

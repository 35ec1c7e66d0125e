using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// What CPython's own extension modules, and some others, know of the keywords of their functions: static data of theirs
/// (<c>_PyArg_Parser</c>), which CPython links into one list of the process when a function is first called, and goes through at
/// the end of the program.
/// </summary>
/// <remarks>
/// The list begins in data of CPython that nobody else finds, and grows at its beginning. So a parser of our own is put there,
/// and what comes behind it is ours to change, under the gate: CPython only adds. One of our own is unlinked when the next one is
/// put before it.
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
    /// Lets the end of the program not free the names that a parser has, where those are objects of the interpreter that called
    /// the function first (gh-119213). Called in the main interpreter when workers have ended.
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

    // The first parser of the list at this moment, our own; null with the list untouched if CPython refuses.
    static Parser* Begin()
    {
        ref Api api = ref Api.Table;
        PyObject* none = api.PyTuple_New(0);
        byte* memory = (byte*)NativeMemory.AllocZeroed((nuint)sizeof(Parser) + 2 * (nuint)sizeof(nint));
        Parser* parser = (Parser*)memory;
        // No arguments, no keywords: an empty list of them, which lies behind the parser.
        void** fields = (void**)memory + Layout.Current.ParserFormat;
        fields[0] = Text.Utf8(":symplast"u8);
        fields[1] = parser + 1;
        // The empty tuple, which is static; so that CPython makes none.
        parser->Names = none;
        PyObject* inFlight = api.PyErr_GetRaisedException();
        // The function has "..." for its last argument; nothing stands for it here.
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

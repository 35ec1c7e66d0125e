using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Extensions.Elf;

namespace Symplast.Python.Extensions;

/// <summary>Whether an extension module needs private copies.</summary>
internal enum Verdict
{
    /// <summary>Not known yet.</summary>
    Unknown,

    /// <summary>It declares support for several interpreters, and is loaded as ever.</summary>
    Supports,

    /// <summary>It does not.</summary>
    NeedsCopies,
}

/// <summary>What is known of the files of extension modules, in the process.</summary>
internal static unsafe class Verdicts
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<(ExtensionFile, string), Verdict> Known = [];

    /// <summary>Remembers the verdict on the module that a file's function initializes.</summary>
    internal static void Remember(ExtensionFile file, string function, Verdict verdict)
    {
        using (Gate.Hold()) Known[(file, function)] = verdict;
    }

    /// <summary>What is known, or can be told without a private copy.</summary>
    /// <remarks>
    /// The standard library's modules nearly all declare support, so their definitions are asked for in the ordinary library;
    /// single-phase ones, whose initialization would do more than return a definition, are known by the functions they call.
    /// </remarks>
    /// <exception cref="BadImageFormatException">The file is no shared library.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <param name="file">The file.</param>
    /// <param name="function">The module's function in it.</param>
    /// <param name="early">Whether to find out what can be told from the file, of any module: a copy would show it, too.</param>
    internal static Verdict Of(ExtensionFile file, string function, bool early)
    {
        using (Gate.Hold())
        {
            if (Known.TryGetValue((file, function), out Verdict known)) return known;
        }
        if (!file.IsOfStandardLibrary && !(early && IsSinglePhase(file))) return Verdict.Unknown;
        Verdict verdict = file.IsOfStandardLibrary ? Ask(file, function) : Verdict.NeedsCopies;
        Remember(file, function, verdict);
        return verdict;
    }

    /// <summary>Whether the module's function must be one that initializes all of it, by the functions that it calls.</summary>
    /// <exception cref="BadImageFormatException">The file is no shared library.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static bool IsSinglePhase(ExtensionFile file)
    {
        using OpenFile opened = new(file.Path);
        using ElfFile library = ElfFile.Open(opened);
        return library.Imports("PyModule_Create2"u8)
            || !(library.Imports("PyModuleDef_Init"u8) || library.Exports("PyModExport"u8, isPrefix: true));
    }

    static Verdict Ask(ExtensionFile file, string function)
    {
        if (IsSinglePhase(file)) return Verdict.NeedsCopies;
        void* handle = Linux.OpenLibrary(file.Path, Linux.BindNow);
        void* initialize = handle == null ? null : Linux.FindSymbol(handle, function);
        // The ordinary loader says what is wrong.
        if (initialize == null) return Verdict.Supports;
        PyObject* definition = ((delegate* unmanaged[Cdecl]<PyObject*>)initialize)();
        if (definition == null)
        {
            Api.Table.PyErr_Clear();
            return Verdict.Supports;
        }
        bool supports = definition->Type == Api.Table.PyModuleDef_Type
            && ModuleDefinitions.DeclaresSupport((PyModuleDef*)definition);
        // It stays loaded if it is to be used.
        if (!supports) Linux.CloseLibrary(handle);
        return supports ? Verdict.Supports : Verdict.NeedsCopies;
    }
}

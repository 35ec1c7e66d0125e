using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Extensions.Elf;

namespace Symplast.Python.Extensions;

/// <summary>Whether an extension module needs private copies.</summary>
internal enum Verdict
{
    /// <summary>Not known yet.</summary>
    Unknown,

    /// <summary>The module declares support for several interpreters. CPython's own loader loads it.</summary>
    Supports,

    /// <summary>The module does not declare support.</summary>
    NeedsCopies,
}

/// <summary>The verdicts on the extension modules' files, for the whole process.</summary>
internal static unsafe class Verdicts
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<(ExtensionFile, string), Verdict> Known = [];

    /// <summary>Remembers the verdict on the module that a file's function initializes.</summary>
    internal static void Remember(ExtensionFile file, string function, Verdict verdict)
    {
        using (Gate.Hold()) Known[(file, function)] = verdict;
    }

    /// <summary>The verdict on a module, if it is known or can be found without a private copy.</summary>
    /// <remarks>
    /// Nearly all modules of the standard library declare support, so they are asked in their ordinary library. Their
    /// single-phase modules are recognized by the functions that they import, because initializing one does more than return a
    /// definition.
    /// </remarks>
    /// <exception cref="BadImageFormatException">The file is not a shared library.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <param name="file">The file.</param>
    /// <param name="function">The module's function in it.</param>
    /// <param name="early">Whether to examine any module's file, although loading a copy would give the verdict as well.</param>
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

    /// <summary>
    /// Whether the module's function must be a single-phase initialization, judged by the functions that the file imports.
    /// </summary>
    /// <exception cref="BadImageFormatException">The file is not a shared library.</exception>
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
        // CPython's own loader reports the error.
        if (initialize == null) return Verdict.Supports;
        PyObject* definition = ((delegate* unmanaged[Cdecl]<PyObject*>)initialize)();
        if (definition == null)
        {
            Api.Table.PyErr_Clear();
            return Verdict.Supports;
        }
        bool supports = definition->Type == Api.Table.PyModuleDef_Type
            && ModuleDefinitions.DeclaresSupport((PyModuleDef*)definition);
        // A library whose module declares support stays loaded, since it is about to be used.
        if (!supports) Linux.CloseLibrary(handle);
        return supports ? Verdict.Supports : Verdict.NeedsCopies;
    }
}

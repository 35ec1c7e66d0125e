using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>Finds the C API of the libpython that this process runs and fills <see cref="Api.Table"/>.</summary>
public static unsafe class ApiLoader
{
    static bool _loaded;

    /// <summary>
    /// Fills the table. Returns null, or the name of the first symbol that this CPython lacks. Idempotent. Not thread-safe: the
    /// first import happens under the main interpreter's import lock.
    /// </summary>
    public static string? Load()
    {
        if (_loaded) return null;
        Symbols symbols = new(FindPython());
        fixed (Api* table = &Api.Table) Api.Fill(table, ref symbols);
        _loaded = symbols.Missing is null;
        return symbols.Missing;
    }

    /// <summary>PY_VERSION_HEX of the running interpreter. Needs no table.</summary>
    public static uint VersionHex()
    {
        // Py_Version is data, exported since 3.11.
        nint address = new Symbols(FindPython()).Find("Py_Version");
        return address == 0 ? 0 : (uint)*(nuint*)address;
    }

    /// <summary>
    /// The address of a function that is needed without the table, such as PyErr_SetString when loading has failed.
    /// </summary>
    public static nint Find(string name) => new Symbols(FindPython()).Find(name);

    // The API is exported by the program itself or by a libpython with which it is linked. If a host has loaded libpython with
    // local symbols, the program's handle does not find it; the loaded library is then found by its file name.
    static nint FindPython()
    {
        nint program = NativeLibrary.GetMainProgramHandle();
        if (NativeLibrary.TryGetExport(program, "Py_Version", out _)) return program;
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int path = line.IndexOf('/');
            if (path < 0 || !Path.GetFileName(line.AsSpan(path)).StartsWith("libpython3.")) continue;
            if (NativeLibrary.TryLoad(line[path..], out nint library)) return library;
        }
        return program;
    }

    /// <summary>The symbols of a library, and the first required symbol that it lacks.</summary>
    internal struct Symbols(nint library)
    {
        /// <summary>The first required symbol that is missing.</summary>
        internal string? Missing;

        /// <summary>The address of a symbol, or 0 if it is missing.</summary>
        internal readonly nint Find(string name) => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;

        /// <summary>The address of a required symbol.</summary>
        internal nint Need(string name)
        {
            nint address = Find(name);
            if (address == 0) Missing ??= name;
            return address;
        }
    }
}

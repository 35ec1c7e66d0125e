using System.IO.Enumeration;
using Symplast.Memory;
using Symplast.Python.Extensions.Elf;

namespace Symplast.Python.Extensions;

/// <summary>Decides which of the libraries that a private copy needs are copied, too.</summary>
/// <remarks>
/// The interpreter's own rules come first. A library that must exist once in the process is shared. A library is private if a
/// package brings it along, if it is known to rely on one GIL or to keep state of one interpreter for the whole process, if it
/// uses the Python C API, or if a library that it needs is private.
/// </remarks>
internal sealed class LibraryPolicy
{
    // These libraries call back, also later and from input() of another interpreter, or guard their state by a lock of which each
    // interpreter has its own.
    static readonly string[] Private = ["libhdf5", "libnetcdf", "libxml2", "libxslt", "libexslt", "libllvmlite", "libgdal",
        "libreadline", "libedit", "libncurses", "libpanel"];

    // The C and C++ runtimes, memory allocators, thread pools, drivers, and libraries that lock files or keep connections for the
    // whole process.
    static readonly string[] Shared =
    [
        "ld-linux", "ld-musl", "libc.", "libc-", "libm.", "libpthread", "libdl.", "librt.", "libutil.", "libresolv", "libnsl",
            "libcrypt.", "libgcc_s", "libstdc++",
        "libatomic", "libgfortran", "libquadmath", "libpython", "libgomp", "libomp", "libiomp", "libopenblas",
            "libscipy_openblas", "libblas", "libcblas", "liblapack", "libmkl",
        "libtbb", "libmimalloc", "libjemalloc", "libtcmalloc", "libcuda", "libcudart", "libcublas", "libcudnn", "libnv", "libhip",
            "libroc", "libamd", "libGL", "libEGL", "libgbm", "libdrm",
        "libX", "libxcb", "libwayland", "libsqlite3", "libmpi", "libglib", "libgobject", "libgio", "libgmodule",
            "libgirepository", "libdbus", "libQt", "libssl", "libcrypto", "libcurl",
        "libffi", "libz.", "libasound", "libpulse",
    ];

    // What is known of libraries in interpreters without rules.
    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<string, bool> Known = [];

    /// <summary>
    /// Patterns of file names, with * and ?, and whether libraries of such names are private. The first match decides.
    /// </summary>
    internal (string Pattern, bool IsPrivate)[] Rules { get; set; } = [];

    /// <summary>Whether a library is private that another library needs or that is opened by its name.</summary>
    /// <param name="file">The library's path, with links resolved.</param>
    /// <param name="isBroughtAlong">Whether a package contains the library for its own use.</param>
    internal bool IsPrivate(string file, bool isBroughtAlong)
    {
        string name = Path.GetFileName(file);
        if (Ruled(name) is bool ruled) return ruled;
        if (StartsWithOne(name, Shared)) return false;
        if (isBroughtAlong || StartsWithOne(name, Private)) return true;
        if (Rules.Length != 0) return UsesPython(file, []);
        using (Gate.Hold())
        {
            if (Known.TryGetValue(file, out bool known)) return known;
        }
        bool isPrivate = UsesPython(file, []);
        using (Gate.Hold()) Known[file] = isPrivate;
        return isPrivate;
    }

    bool? Ruled(string name)
    {
        foreach ((string pattern, bool isPrivate) in Rules)
            if (FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false)) return isPrivate;
        return null;
    }

    static bool StartsWithOne(string name, string[] prefixes)
    {
        foreach (string prefix in prefixes)
            if (name.StartsWith(prefix, StringComparison.Ordinal)) return true;
        return false;
    }

    // Whether the library or one that it needs uses the Python C API. The dynamic linker reports libraries that cannot be read.
    bool UsesPython(string file, HashSet<string> visited)
    {
        if (!visited.Add(file)) return false;
        try
        {
            using OpenFile opened = new(file);
            using ElfFile library = ElfFile.Open(opened);
            if (library.UsesPython) return true;
            string path = library.RunPath.Length != 0 ? library.RunPath : library.SearchPath;
            foreach (string need in library.Needed)
            {
                bool? ruled = Ruled(need);
                if (ruled ?? StartsWithOne(need, Private)) return true;
                if (ruled is false || StartsWithOne(need, Shared)) continue;
                string? found = LibrarySearch.Find(need, LibrarySearch.Folders(path, file)) ?? LibrarySearch.FindInSystem(need);
                if (found is not null && UsesPython(found, visited)) return true;
            }
            return false;
        }
        catch (Exception e) when (e is BadImageFormatException or IOException)
        {
            return false;
        }
    }
}

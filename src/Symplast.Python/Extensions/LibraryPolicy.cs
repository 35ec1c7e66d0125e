using System.IO.Enumeration;
using Symplast.Memory;
using Symplast.Python.Extensions.Elf;

namespace Symplast.Python.Extensions;

/// <summary>Which of the libraries that a private copy needs are private, too.</summary>
/// <remarks>
/// A library is private if it uses the Python C API, if it is known to count on one GIL or to keep what is one interpreter's for
/// the whole process, if a package brings it along, or if something that it needs is private. What must be one in the process is
/// shared. What an interpreter's own rules say goes before all this.
/// </remarks>
internal sealed class LibraryPolicy
{
    // They call back, also later and from input() of another interpreter, or guard their state by a lock that each interpreter
    // has its own of.
    static readonly string[] Private = ["libhdf5", "libnetcdf", "libxml2", "libxslt", "libexslt", "libllvmlite", "libgdal",
        "libreadline", "libedit", "libncurses", "libpanel"];

    // The C and C++ runtimes, memory allocators, pools of threads, drivers, and what locks files or keeps connections for the
    // process.
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

    // Where there are no rules.
    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<string, bool> Known = [];

    /// <summary>
    /// Patterns of file names, with * and ?, and whether libraries of such names are private. The first that fits counts.
    /// </summary>
    internal (string Pattern, bool IsPrivate)[] Rules { get; set; } = [];

    /// <summary>Whether a library, found as a need of another or by its name, is private.</summary>
    /// <param name="file">Its path, without links.</param>
    /// <param name="isBroughtAlong">Whether a package has it, for itself.</param>
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

    // By itself or by what it needs. A library that cannot be read is the dynamic linker's to complain about.
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

namespace Symplast.Python.Extensions;

/// <summary>Finds a library that another one needs by name in the places where the dynamic linker would find it.</summary>
internal static class LibrarySearch
{
    const string Configuration = "/etc/ld.so.conf";

    static string[]? _folders;

    /// <summary>The folders of a library's search path, with $ORIGIN replaced by the library's own folder.</summary>
    /// <param name="path">DT_RUNPATH or DT_RPATH: folders between colons.</param>
    /// <param name="library">The library's own path.</param>
    internal static IEnumerable<string> Folders(string path, string library)
    {
        string origin = Path.GetDirectoryName(library)!;
        foreach (string folder in path.Split(':', StringSplitOptions.RemoveEmptyEntries))
            yield return folder.Replace("${ORIGIN}", origin).Replace("$ORIGIN", origin);
    }

    /// <summary>The file of this name in one of the folders, or null.</summary>
    internal static string? Find(string name, IEnumerable<string> folders)
    {
        foreach (string folder in folders)
        {
            string file = Path.Join(folder, name);
            if (File.Exists(file)) return ExtensionFile.RealPath(file);
        }
        return null;
    }

    /// <summary>The file of this name in the system's folders of libraries, or null.</summary>
    /// <remarks>The folders are looked up once. Two threads in a race may both look them up.</remarks>
    internal static string? FindInSystem(string name) =>
        Find(name, _folders ??= [.. Linux.LibraryFolders(), .. Configured(Configuration, depth: 0)]);

    /// <summary>Whether a library's path is in a folder that packages are installed into.</summary>
    internal static bool IsInPackage(string file) => file.Contains("/site-packages/") || file.Contains("/dist-packages/");

    /// <summary>
    /// The file of the loaded library of this name, which the dynamic linker would use for any need of the name; null if there is
    /// none.
    /// </summary>
    internal static string? FindLoaded(string name) =>
        Linux.PathOfLoaded(name) is { Length: > 0 } path ? ExtensionFile.RealPath(path) : null;

    // The dynamic linker's cache is made from these configuration files.
    static List<string> Configured(string file, int depth)
    {
        List<string> folders = [];
        if (depth > 4 || !File.Exists(file)) return folders;
        foreach (string written in File.ReadLines(file))
        {
            string line = written.Split('#')[0].Trim();
            if (line.StartsWith('/'))
            {
                folders.Add(line);
            }
            else if (line.StartsWith("include "))
            {
                string pattern = Path.Combine(Path.GetDirectoryName(file)!, line["include ".Length..].Trim());
                string folder = Path.GetDirectoryName(pattern)!;
                if (!Directory.Exists(folder)) continue;
                string[] files = Directory.GetFiles(folder, Path.GetFileName(pattern));
                Array.Sort(files, string.CompareOrdinal);
                foreach (string included in files) folders.AddRange(Configured(included, depth + 1));
            }
        }
        return folders;
    }
}

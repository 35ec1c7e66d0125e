using Symplast.Python.Extensions.Elf;

namespace Symplast.Python.Extensions;

/// <summary>A library that an interpreter has a private copy of.</summary>
/// <param name="Original">The path of the library.</param>
/// <param name="Path">The path by which the dynamic linker knows the copy.</param>
/// <param name="Handle">The dynamic linker's handle.</param>
/// <param name="Base">Where the copy was loaded.</param>
internal sealed record PrivateCopy(string Original, string Path, nint Handle, nint Base)
{
    /// <summary>The bytes of memory that the copy does not share with the original.</summary>
    internal ulong OwnBytes { get; set; }

    /// <summary>The original's DT_SONAME, by which other libraries need it.</summary>
    internal string Name { get; set; } = "";

    /// <summary>The path that the dynamic linker reports for the copy.</summary>
    internal string ShownPath { get; set; } = Path;

    /// <summary>Whether the copy's code may be called for as long as the process lives, so that it cannot be unloaded.</summary>
    internal bool MustStay { get; set; }
}

/// <summary>The private copies of one interpreter.</summary>
/// <remarks>Used with that interpreter's GIL held.</remarks>
internal sealed unsafe class PrivateCopies
{
    readonly Dictionary<string, PrivateCopy> _copies = [];
    readonly Dictionary<FileIdentity, PrivateCopy> _byFile = [];
    readonly List<string> _ownFolders = [];     // folders that copies which open libraries by name search first
    CopyOwner* _owner;
    int[]? _earlierThreads;     // the process's threads before the first copy that may start threads
    string? _lockingLibrary;

    /// <summary>Which libraries get a copy.</summary>
    internal LibraryPolicy Policy { get; } = new();

    /// <summary>All copies, by the paths of their originals.</summary>
    internal IReadOnlyDictionary<string, PrivateCopy> All => _copies;

    /// <summary>
    /// The copy that was loaded from this path, even if another file is there now, or the copy of this file under another name;
    /// null if there is none.
    /// </summary>
    internal PrivateCopy? Find(ExtensionFile file) =>
        _copies.GetValueOrDefault(file.Path) ?? _byFile.GetValueOrDefault(file.Identity);

    /// <summary>
    /// The copy that was loaded from this path, or the copy of the file that is there now; null if there is none.
    /// </summary>
    internal PrivateCopy? Find(string path)
        => _copies.GetValueOrDefault(path)
            ?? (Linux.Look(path) is LinuxFile file ? _byFile.GetValueOrDefault(file.Identity) : null);

    /// <summary>
    /// Called before the interpreter is freed, also if the program made it. From here on, other threads cannot enter it.
    /// </summary>
    internal void End()
    {
        if (_owner != null) CopyOwner.EndOf(_owner->Interpreter);
    }

    /// <summary>
    /// Hands the copies over to <see cref="Unloading"/>, which unloads them when the interpreter and its thread have ended.
    /// </summary>
    internal void Leave()
    {
        if (_owner == null) return;
        End();
        int[] threads = _earlierThreads is null ? [] : Linux.Threads();
        Unloading.Add(_owner, [.. _copies.Values], LoaderFaults.ForgetsThreads ? [] : threads.Except(_earlierThreads ?? []));
    }

    /// <summary>
    /// Copies a library together with those of its needs that must be private, and redirects the copies' calls. One call of the
    /// dynamic linker loads all of them, so that symbols are searched in the same order as in the originals.
    /// </summary>
    /// <exception cref="BadImageFormatException">The file is not a shared library.</exception>
    /// <exception cref="IOException">
    /// The system refuses memory, or the dynamic linker refuses the library; with its message.
    /// </exception>
    internal PrivateCopy Load(string path, void* interpreter)
    {
        if (_owner == null) _owner = CopyOwner.Create(interpreter, this);
        Dictionary<string, LibraryImage> images = [];
        List<PrivateCopy> loaded = [];
        try
        {
            LibraryImage root = Make(path, [], images);
            // Global symbols are searched first, unless some of them are the originals': then each copy searches its own scope
            // first.
            bool isVisible = false, mayStartThreads = false;
            foreach (LibraryImage image in images.Values)
            {
                isVisible |= image.IsOriginalVisible;
                mayStartThreads |= image.MayStartThreads;
            }
            if (mayStartThreads) _earlierThreads ??= Linux.Threads();
            if (LoaderFaults.SharesLibrary) return ShareOriginal(path);
            uint key = Linux.NextKey();
            void* handle = Linux.OpenLibrary(root.Path, Linux.BindNow | (isVisible ? Linux.OwnFirst : 0));
            if (handle == null) throw new IOException(WithOriginalPaths(Linux.LinkError(), images.Values));
            loaded.Add(new PrivateCopy(path, root.Path, (nint)handle, (nint)Linux.BaseOf(handle)));
            foreach (LibraryImage image in images.Values)
            {
                if (image == root) continue;
                handle = Linux.OpenLibrary(image.Path, Linux.BindNow | Linux.NoLoad);
                if (handle == null) throw new IOException(WithOriginalPaths(Linux.LinkError(), images.Values));
                loaded.Add(new PrivateCopy(image.OriginalPath, image.Path, (nint)handle, (nint)Linux.BaseOf(handle)));
            }
            // Constructors run before calls are redirected, so keys that they have made are not recorded.
            if (Linux.NextKey() != key) _owner->MustStay = true;
            Dictionary<string, nint> thunks = RedirectedCalls.Thunks(_owner);
            foreach (PrivateCopy copy in loaded) images[copy.Original].Settle((byte*)copy.Base, thunks);
            foreach (PrivateCopy copy in loaded)
            {
                if (Linux.Rename((void*)copy.Handle, images[copy.Original].ShownPath))
                    copy.ShownPath = images[copy.Original].ShownPath;
                copy.OwnBytes = images[copy.Original].OwnBytes;
                _copies.Add(copy.Original, copy);
                if (Linux.Look(copy.Original) is LinuxFile file) _byFile[file.Identity] = copy;
                copy.Name = images[copy.Original].Name;
                copy.MustStay = images[copy.Original].MayLeaveCalls;
                if (images[copy.Original].HasSqlite) _lockingLibrary = copy.Original;
            }
            return loaded[0];
        }
        catch
        {
            foreach (PrivateCopy copy in loaded) Linux.CloseLibrary((void*)copy.Handle);
            throw;
        }
        finally
        {
            foreach (LibraryImage image in images.Values) image.Dispose();
        }
    }

    /// <summary>The path of a library with an SQLite of which a copy was loaded since the last call, or null.</summary>
    internal string? TakeLockingLibrary()
    {
        string? library = _lockingLibrary;
        _lockingLibrary = null;
        return library;
    }

    /// <summary>
    /// Opens a library that the interpreter asks for by name or path at run time. Returns the dynamic linker's handle of a
    /// private copy, which the caller must close. Returns null if the library is shared or is not found: the caller then asks the
    /// dynamic linker.
    /// </summary>
    /// <param name="name">The path, or a name without a folder.</param>
    /// <param name="onlyLoaded">Whether only a library that is already loaded is wanted.</param>
    /// <param name="interpreter">The calling interpreter.</param>
    /// <exception cref="IOException">
    /// The system refuses memory, or the dynamic linker refuses the library; with its message.
    /// </exception>
    internal void* Open(string name, bool onlyLoaded, void* interpreter)
    {
        bool isPath = name.Contains('/');
        string? near = isPath ? null : LibrarySearch.Find(name, _ownFolders) ?? FindCopied(name);
        string? found = near
            ?? (isPath ? ExtensionFile.RealPath(name) : LibrarySearch.FindInSystem(name) ?? LibrarySearch.FindLoaded(name));
        if (found is null) return null;
        if (!_copies.TryGetValue(found, out PrivateCopy? copy))
        {
            if (onlyLoaded || !Policy.IsPrivate(found, near is not null || LibrarySearch.IsInPackage(found)))
                return near is null ? null : Linux.OpenLibrary(near, Linux.BindNow | (onlyLoaded ? Linux.NoLoad : 0));
            try
            {
                copy = Load(found, interpreter);
            }
            catch (BadImageFormatException)
            {
                return null;
            }
        }
        return Linux.OpenLibrary(copy.Path, Linux.BindNow | Linux.NoLoad);
    }

    /// <summary>Unloads a copy that was loaded alone and of which no object was kept.</summary>
    internal void Forget(PrivateCopy copy)
    {
        _copies.Remove(copy.Original);
        if (Linux.Look(copy.Original) is LinuxFile file) _byFile.Remove(file.Identity);
        Linux.CloseLibrary((void*)copy.Handle);
    }

    PrivateCopy ShareOriginal(string path)
    {
        void* handle = Linux.OpenLibrary(path, Linux.BindNow);
        if (handle == null) throw new IOException(Linux.LinkError());
        return _copies[path] = new PrivateCopy(path, path, (nint)handle, (nint)Linux.BaseOf(handle));
    }

    // An image is entered into the dictionary before its needs are visited: libraries may need each other.
    LibraryImage Make(string path, string[] inherited, Dictionary<string, LibraryImage> images)
    {
        OpenFile file = new(path);
        LibraryImage image;
        ElfFile? layout = null;
        try
        {
            layout = ElfFile.Open(file);
            image = new LibraryImage(file, layout);
        }
        catch
        {
            layout?.Dispose();
            file.Dispose();
            throw;
        }
        images.Add(path, image);
        if (layout.Imports("dlopen"u8))
            _ownFolders.AddRange(LibrarySearch.Folders(layout.RunPath.Length != 0 ? layout.RunPath : layout.SearchPath, path));
        // DT_RUNPATH applies to a library's own needs only. DT_RPATH, used where there is no DT_RUNPATH, applies to their needs
        // as well.
        string[] own = [.. LibrarySearch.Folders(layout.RunPath.Length != 0 ? layout.RunPath : layout.SearchPath, path)];
        string[] handedDown = layout.RunPath.Length != 0 ? inherited : [.. own, .. inherited];
        string[] searched = layout.RunPath.Length != 0 ? own : handedDown;
        foreach (string need in layout.Needed)
        {
            string? near = LibrarySearch.Find(need, searched);
            string? found = near ?? FindCopied(need) ?? LibrarySearch.FindInSystem(need) ?? LibrarySearch.FindLoaded(need);
            if (found is null) continue;
            bool isBroughtAlong = near is not null && near != LibrarySearch.FindInSystem(need);
            if (_copies.ContainsKey(found) || Policy.IsPrivate(found, isBroughtAlong))
                image.Rename(need, PathOfCopy(found, handedDown, images));
            else if (isBroughtAlong) image.Rename(need, found);
        }
        image.Write();
        return image;
    }

    // The dynamic linker satisfies a need by a loaded library of that DT_SONAME. Copies have no DT_SONAME, so they are searched
    // here.
    string? FindCopied(string name)
    {
        foreach (PrivateCopy copy in _copies.Values)
            if (copy.Name == name) return copy.Original;
        return null;
    }

    string PathOfCopy(string library, string[] inherited, Dictionary<string, LibraryImage> images)
    {
        if (_copies.TryGetValue(library, out PrivateCopy? copy)) return copy.Path;
        return images.TryGetValue(library, out LibraryImage? image) ? image.Path : Make(library, inherited, images).Path;
    }

    static string WithOriginalPaths(string message, IEnumerable<LibraryImage> images)
    {
        // The longest path first: one path may be a prefix of another.
        foreach (LibraryImage image in images.OrderByDescending(image => image.Path.Length))
            message = message.Replace(image.Path, image.OriginalPath);
        return message;
    }
}

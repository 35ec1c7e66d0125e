using Symplast.Python.Extensions.Elf;

namespace Symplast.Python.Extensions;

/// <summary>A library that an interpreter has a private copy of.</summary>
/// <param name="Original">The path of the library.</param>
/// <param name="Path">The path by which the dynamic linker knows the copy.</param>
/// <param name="Handle">The dynamic linker's handle.</param>
/// <param name="Base">Where the copy was loaded.</param>
internal sealed record PrivateCopy(string Original, string Path, nint Handle, nint Base)
{
    /// <summary>The bytes of memory that it does not have in common with the original.</summary>
    internal ulong OwnBytes { get; set; }

    /// <summary>The name by which others need the original: DT_SONAME.</summary>
    internal string Name { get; set; } = "";

    /// <summary>What the dynamic linker tells for its path.</summary>
    internal string ShownPath { get; set; } = Path;

    /// <summary>Whether its code may be called for as long as the process lives.</summary>
    internal bool MustStay { get; set; }
}

/// <summary>The private copies of one interpreter.</summary>
/// <remarks>Used with that interpreter's GIL held.</remarks>
internal sealed unsafe class PrivateCopies
{
    readonly Dictionary<string, PrivateCopy> _copies = [];
    readonly Dictionary<FileIdentity, PrivateCopy> _byFile = [];
    readonly List<string> _ownFolders = [];     // where copies that open libraries by name look first
    CopyOwner* _owner;
    int[]? _earlierThreads;     // those of the process before the first copy that may start some
    string? _lockingLibrary;

    /// <summary>Which libraries get a copy.</summary>
    internal LibraryPolicy Policy { get; } = new();

    /// <summary>All of them, by the paths of their originals.</summary>
    internal IReadOnlyDictionary<string, PrivateCopy> All => _copies;

    /// <summary>
    /// The copy of what was loaded from this path, even if another file is there now, or of this file under another name; null if
    /// there is none.
    /// </summary>
    internal PrivateCopy? Find(ExtensionFile file) =>
        _copies.GetValueOrDefault(file.Path) ?? _byFile.GetValueOrDefault(file.Identity);

    /// <summary>The same by the path alone.</summary>
    internal PrivateCopy? Find(string path)
        => _copies.GetValueOrDefault(path)
            ?? (Linux.Look(path) is LinuxFile file ? _byFile.GetValueOrDefault(file.Identity) : null);

    /// <summary>
    /// Called before the interpreter is freed, whoever made it: from here on threads that are not its own cannot enter it.
    /// </summary>
    internal void End()
    {
        if (_owner != null) CopyOwner.EndOf(_owner->Interpreter);
    }

    /// <summary>Hands the copies over to be unloaded once the interpreter has ended and its thread too.</summary>
    internal void Leave()
    {
        if (_owner == null) return;
        End();
        int[] threads = _earlierThreads is null ? [] : Linux.Threads();
        Unloading.Add(_owner, [.. _copies.Values], LoaderFaults.ForgetsThreads ? [] : threads.Except(_earlierThreads ?? []));
    }

    /// <summary>
    /// Copies a library, and what it needs and must have for itself, loads them all by one call of the dynamic linker, so that it
    /// searches symbols in the same order as it would in the originals, and redirects their calls.
    /// </summary>
    /// <exception cref="BadImageFormatException">The file is no shared library.</exception>
    /// <exception cref="IOException">The system refuses memory, or the dynamic linker the library: with its message.</exception>
    internal PrivateCopy Load(string path, void* interpreter)
    {
        if (_owner == null) _owner = CopyOwner.Create(interpreter, this);
        Dictionary<string, LibraryImage> images = [];
        List<PrivateCopy> loaded = [];
        try
        {
            LibraryImage root = Make(path, [], images);
            // Symbols that everybody sees come first, or else only if nothing of the originals is among them.
            bool isVisible = images.Values.Any(image => image.IsOriginalVisible);
            if (_earlierThreads is null && images.Values.Any(image => image.MayStartThreads)) _earlierThreads = Linux.Threads();
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
            // Constructors, whose calls are not redirected, may have made keys.
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

    /// <summary>The file of a copy with an SQLite that has been loaded since the last call, or null.</summary>
    internal string? TakeLockingLibrary()
    {
        string? library = _lockingLibrary;
        _lockingLibrary = null;
        return library;
    }

    /// <summary>
    /// What the dynamic linker is to return for a library that the interpreter opens by its name or path at run time: the handle
    /// of a private copy, which is the caller's to close; null if the library is shared, or is not found: then the dynamic linker
    /// is asked as ever.
    /// </summary>
    /// <param name="name">The path, or a name without a folder.</param>
    /// <param name="onlyLoaded">Whether nothing is to be loaded for it.</param>
    /// <param name="interpreter">The calling interpreter.</param>
    /// <exception cref="IOException">The system refuses memory, or the dynamic linker the library: with its message.</exception>
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

    /// <summary>Unloads a copy that was loaded by itself and of which nothing was kept.</summary>
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

    // The images are in the dictionary before what they need is looked at: libraries may need each other.
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
        // DT_RUNPATH is for a library's own needs; DT_RPATH, where there is no other, for those of its needs too.
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

    // A library that is loaded already satisfies needs of its name, which copies have not.
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
        // The longest first: one path may begin like another.
        foreach (LibraryImage image in images.OrderByDescending(image => image.Path.Length))
            message = message.Replace(image.Path, image.OriginalPath);
        return message;
    }
}

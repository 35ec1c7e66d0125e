using System.Runtime.InteropServices;
using System.Text;

namespace Symplast.Python.Extensions.Elf;

/// <summary>
/// A private copy of a shared library: an anonymous file with the library's bytes, edited so that the dynamic linker takes it for
/// a different library. After it is loaded, its unchanged pages are replaced by those of the original.
/// </summary>
/// <remarks>
/// <para>The edits: DT_SONAME is removed, or a later need of that name would get the copy. GNU_UNIQUE symbols, of which glibc
/// keeps one per process, become ordinary global ones. A needed library that is found relative to the original, or is private
/// itself, is named by its path. The new, longer names are in a new string table, in a segment of its own behind the others. The
/// program headers, which are one more then, come before that table.</para>
/// <para>glibc compares a path with those of loaded libraries before it looks at the file, and the system uses descriptors again.
/// So each copy gets a path that was never used: it contains a serial number in binary, with the digits written <c>/</c> and
/// <c>/.</c></para>
/// <para>Later that path may lead to another file, but debuggers, faulthandler and libraries that search files beside themselves
/// ask the dynamic linker for it. So it is overwritten by a spelling of the original's path that contains the same number. The
/// path must not be the original's own, or an interpreter that loads the original would get the copy. It is overwritten in place,
/// because the dynamic linker frees the string; so the first path must be long enough.</para>
/// </remarks>
internal sealed unsafe class LibraryImage : IDisposable
{
    // PATH_MAX.
    const int LongestPath = 4096;

    static long _serial;

    readonly OpenFile _original;
    readonly ElfFile _layout;
    readonly List<(string From, string To)> _renamed = [];

    // Offsets of the file's pages that differ from the original's.
    readonly HashSet<ulong> _edited = [];
    int _file = -1;

    /// <exception cref="IOException">There is no anonymous memory.</exception>
    internal LibraryImage(OpenFile original, ElfFile layout)
    {
        _original = original;
        _layout = layout;
        _file = Linux.CreateMemoryFile(System.IO.Path.GetFileName(original.Path));
        if (_file < 0) throw Failed("memory for a copy");
        // Full fence, more than is needed: only uniqueness counts, and nothing is published through the number.
        long serial = Interlocked.Increment(ref _serial);
        StringBuilder number = new();
        for (long rest = serial; rest != 0; rest >>= 1) number.Append((rest & 1) != 0 ? "/." : "/");
        ShownPath = $"/./.{number}{original.Path}";
        // Not /proc/self: a debugger opens the path, too, in its own process, and would wait for ever if the descriptor is a pipe
        // there. The link is read each time, because a forked child is another process.
        string descriptors = $"/proc/{new DirectoryInfo("/proc/self").LinkTarget ?? "self"}/fd{number}";
        Path = $"{descriptors}/{_file}";
        int missing = Encoding.UTF8.GetByteCount(ShownPath) - Path.Length;
        // Additional slashes in front of the descriptor's number, which do not change the path's meaning.
        if (missing > 0 && Path.Length + missing < LongestPath) Path = $"{descriptors}{new string('/', missing + 1)}{_file}";
    }

    /// <summary>The path by which the dynamic linker loads the copy. Valid until the image is disposed.</summary>
    internal string Path { get; }

    /// <summary>
    /// A spelling of the original's path that only this copy has. The dynamic linker reports it for the copy once that is loaded.
    /// </summary>
    internal string ShownPath { get; }

    /// <summary>After <see cref="Settle"/>: the bytes of memory that the copy does not share with the original.</summary>
    internal ulong OwnBytes { get; private set; }

    /// <summary>The path of the original library.</summary>
    internal string OriginalPath => _original.Path;

    /// <summary>The original's DT_SONAME; empty if it has none.</summary>
    internal string Name => _layout.Name;

    /// <summary>Whether the library may start threads that run its code.</summary>
    internal bool MayStartThreads =>
        _layout.Imports("pthread_create"u8) || _layout.Imports("thrd_create"u8)
        || _layout.ImportsWith("_ZNSt6thread15_M_start_thread"u8);

    /// <summary>
    /// Whether the library may leave a callback into its code that can be called after its interpreter and all threads that it
    /// has started have ended. Redirected functions leave none: keys of thread-specific data, and fork handlers.
    /// </summary>
    internal bool MayLeaveCalls
    {
        get
        {
            foreach (string name in (
                ReadOnlySpan<string>)["tss_create", "signal", "sigaction", "bsd_signal", "sysv_signal", "__sysv_signal",
                "Py_AtExit"])
                if (_layout.Imports(Encoding.ASCII.GetBytes(name))) return true;
            return false;
        }
    }

    /// <summary>Whether the library contains an SQLite.</summary>
    internal bool HasSqlite => _layout.Exports("sqlite3_open_v2"u8);

    /// <summary>
    /// Whether the original is loaded with RTLD_GLOBAL, so that all libraries see its symbols. The copy's calls would then go to
    /// the original.
    /// </summary>
    internal bool IsOriginalVisible
    {
        get
        {
            void* original = Linux.OpenLibrary(OriginalPath, Linux.BindNow | Linux.NoLoad);
            if (original == null) return false;
            byte* start = Linux.BaseOf(original);
            Symbol* symbols = _layout.Symbols(out uint count);
            bool isVisible = false;
            for (uint i = 1; i < count && !isVisible; i++)
            {
                if (symbols[i].IsUndefined || symbols[i].Binding != Symbol.Global) continue;
                fixed (byte* name = _layout.BytesAt(symbols[i].Name))
                    isVisible = Linux.FindSymbol(null, name) == start + symbols[i].Value;
            }
            Linux.CloseLibrary(original);
            return isVisible;
        }
    }

    /// <summary>Makes the dynamic linker find a needed library under a path. Called before <see cref="Write"/>.</summary>
    internal void Rename(string name, string path) => _renamed.Add((name, path));

    /// <summary>Writes the edited copy into the anonymous file.</summary>
    /// <exception cref="IOException">The system refuses, most often for lack of memory.</exception>
    internal void Write()
    {
        nuint page = Linux.PageSize;
        // Whole pages, so that the last page equals the original's, too.
        ulong size = Math.Min(_layout.LoadedSize + page - 1 & ~(page - 1), (ulong)_original.Size);
        long offset = 0;
        while ((ulong)offset < size)
            if (Linux.SendFile(_file, _original.Descriptor, &offset, (nuint)(size - (ulong)offset)) <= 0) throw Failed("copy");
        nuint start = ((nuint)size + page - 1) & ~(page - 1);
        nuint block = _renamed.Count == 0 ? 0 : BlockSize(page);
        OwnBytes += block;
        nuint room = start + block;
        if (Linux.Truncate(_file, (long)room) != 0) throw Failed("extend a copy of");
        byte* copy = Linux.Map(null, room, Linux.ProtectReadWrite, Linux.MapShared, _file, 0);
        if (copy == (byte*)-1) throw Failed("map a copy of");
        try
        {
            ElfFile edited = ElfFile.Of(copy, room);
            FileHeader* header = (FileHeader*)copy;
            NoteEdit(copy, header, (nuint)sizeof(FileHeader));
            NoteEdit(copy, edited.Dynamic, (nuint)(edited.DynamicCount * sizeof(DynamicEntry)));
            header->SectionHeaders = 0;
            header->SectionHeaderCount = header->SectionNames = 0;
            for (int i = 0; i < edited.DynamicCount && !LoaderFaults.LeavesName; i++)
                if (edited.Dynamic[i].Tag == DynamicEntry.SharedName) edited.Dynamic[i].Tag = DynamicEntry.Debug;
            if (!LoaderFaults.LeavesUniqueSymbols) MakeOrdinary(edited, copy);
            if (_renamed.Count != 0) AddStrings(edited, copy, start);
        }
        finally
        {
            Linux.Unmap(copy, room);
        }
    }

    /// <summary>
    /// Completes the copy after the dynamic linker has loaded it at this address: shares its unchanged pages and redirects its
    /// calls.
    /// </summary>
    /// <exception cref="IOException">The system refuses to change pages.</exception>
    internal void Settle(byte* loaded, Dictionary<string, nint> replacements)
    {
        for (int i = 0; i < _layout.SegmentCount; i++)
        {
            ProgramHeader segment = _layout.Segments[i];
            if (segment.Type == ProgramHeader.Load && (segment.Flags & ProgramHeader.Writable) != 0 || _layout.HasTextRelocations)
                OwnBytes += segment.MemorySize;
        }
        if (!_layout.HasTextRelocations) SharePages(loaded);
        if (!LoaderFaults.LeavesCalls && ImportSlots.Replace(_layout, loaded, Sealed(loaded), replacements) < 0)
            throw Failed("redirect calls of");
    }

    // The pages that the dynamic linker made read-only after relocation (PT_GNU_RELRO).
    PageRange Sealed(byte* loaded)
    {
        for (int i = 0; i < _layout.SegmentCount; i++)
        {
            ProgramHeader segment = _layout.Segments[i];
            if (segment.Type != ProgramHeader.RelocatedReadOnly) continue;
            nuint mask = Linux.PageSize - 1;
            nuint start = (nuint)segment.Address & ~mask, end = (nuint)(segment.Address + segment.MemorySize) & ~mask;
            return new PageRange(loaded + start, end > start ? end - start : 0);
        }
        return default;
    }

    // Maps the original's pages in place of the loaded copy's where both are equal, and frees the anonymous file's pages that are
    // no longer needed. Two segments may share a page of the file. So first each page of data is made private to the process by a
    // write; then unedited read-only pages are replaced; then only file pages that lie wholly in data are freed.
    void SharePages(byte* loaded)
    {
        PageRange sealedPages = Sealed(loaded);
        if (!sealedPages.TryProtect(Linux.ProtectReadWrite)) throw Failed("unseal a copy of");
        foreach (Pages pages in Segments(loaded, writable: true))
            for (nuint at = 0; at < pages.Length; at += Linux.PageSize)
                // Atomic, since threads that constructors have started may write to the same word. It orders nothing.
                Interlocked.Or(ref *(int*)(pages.Start + at), 0);
        if (!sealedPages.TryProtect(Linux.ProtectRead)) throw Failed("seal a copy of");
        foreach (Pages pages in Segments(loaded, writable: false)) ShareReadOnly(pages);
        foreach (Pages pages in Segments(loaded, writable: true))
            if (pages.Length > 2 * Linux.PageSize)
                Linux.Punch(_file, pages.Offset + Linux.PageSize, pages.Length - 2 * Linux.PageSize);
    }

    public void Dispose()
    {
        if (_file >= 0) Linux.Close(_file);
        _file = -1;
        _layout.Dispose();
        _original.Dispose();
    }

    // Whole pages that hold a segment's part of the file: their address, and their offset in the file.
    readonly record struct Pages(nint Address, ulong Offset, nuint Length, bool IsExecutable)
    {
        internal byte* Start => (byte*)Address;
    }

    List<Pages> Segments(byte* loaded, bool writable)
    {
        nuint mask = Linux.PageSize - 1;
        List<Pages> found = [];
        for (int i = 0; i < _layout.SegmentCount; i++)
        {
            ProgramHeader segment = _layout.Segments[i];
            if (segment.Type != ProgramHeader.Load || segment.FileSize == 0
                || (segment.Flags & ProgramHeader.Writable) != 0 != writable) continue;
            ulong start = segment.Address & ~mask, end = segment.Address + segment.FileSize + mask & ~mask;
            found.Add(new Pages(
                (nint)(loaded + start), segment.Offset & ~mask, (nuint)(end - start),
                (segment.Flags & ProgramHeader.Executable) != 0));
        }
        return found;
    }

    // The original's page replaces the copy's in one step, for other threads too. Constructors have run by now, and a page of
    // code that one has changed is kept.
    void ShareReadOnly(Pages pages)
    {
        nuint page = Linux.PageSize;
        int protection = pages.IsExecutable ? Linux.ProtectReadExecute : Linux.ProtectRead;
        bool[] written = PageTable.Written(pages.Start, pages.Length / page);
        for (nuint at = 0; at < pages.Length;)
        {
            nuint end = at;
            while (end < pages.Length && !written[end / page] && !_edited.Contains(pages.Offset + end)) end += page;
            if (end == at)
            {
                OwnBytes += page;
                at += page;
                continue;
            }
            _original.Map(pages.Offset + at, end - at, protection, Linux.MapPrivate | Linux.MapFixed, pages.Start + at);
            Linux.Punch(_file, pages.Offset + at, end - at);
            at = end;
        }
    }

    nuint BlockSize(nuint page)
    {
        ulong size = (ulong)((_layout.SegmentCount + 1) * sizeof(ProgramHeader)) + _layout.StringSize;
        foreach ((_, string to) in _renamed) size += (ulong)Encoding.UTF8.GetByteCount(to) + 1;
        return ((nuint)size + page - 1) & ~(page - 1);
    }

    void MakeOrdinary(ElfFile edited, byte* copy)
    {
        Symbol* symbols = edited.Symbols(out uint count);
        for (uint i = 0; i < count; i++)
        {
            if (symbols[i].Binding != Symbol.Unique) continue;
            symbols[i].Info = (byte)(Symbol.Global << 4 | symbols[i].Info & 15);
            NoteEdit(copy, &symbols[i], (nuint)sizeof(Symbol));
        }
    }

    void NoteEdit(byte* copy, void* start, nuint length)
    {
        nuint page = Linux.PageSize, first = (nuint)((byte*)start - copy);
        for (nuint at = first & ~(page - 1); at < first + length; at += page) _edited.Add(at);
    }

    void AddStrings(ElfFile edited, byte* copy, nuint start)
    {
        FileHeader* header = (FileHeader*)copy;
        ProgramHeader* table = (ProgramHeader*)(copy + start);
        int count = edited.SegmentCount;
        ulong address = 0;
        int last = 0;
        for (int i = 0; i < count; i++)
        {
            if (edited.Segments[i].Type != ProgramHeader.Load) continue;
            last = i;
            address = Math.Max(address, edited.Segments[i].Address + edited.Segments[i].MemorySize);
        }
        ulong alignment = Math.Max(edited.Segments[last].Alignment, Linux.PageSize);
        // The address and the offset in the file must agree modulo the alignment.
        address = (address + alignment - 1 & ~(alignment - 1)) + (start & alignment - 1);
        ulong tableSize = (ulong)((count + 1) * sizeof(ProgramHeader));
        byte* strings = copy + start + tableSize;
        Buffer.MemoryCopy(edited.Strings, strings, edited.StringSize, edited.StringSize);
        ulong used = edited.StringSize;
        foreach ((string from, string to) in _renamed)
        {
            byte[] text = Encoding.UTF8.GetBytes(to);
            text.CopyTo(new Span<byte>(strings + used, text.Length));
            strings[used + (ulong)text.Length] = 0;
            Replace(edited, copy, Encoding.UTF8.GetBytes(from), used);
            used += (ulong)text.Length + 1;
        }
        edited.Find(DynamicEntry.Strings)->Value = address + tableSize;
        edited.Find(DynamicEntry.StringSize)->Value = used;
        // PT_LOAD entries must be sorted by address.
        for (int i = 0, to = 0; i < count; i++, to++)
        {
            table[to] = edited.Segments[i];
            if (table[to].Type == ProgramHeader.HeaderTable)
            {
                table[to].Offset = start;
                table[to].Address = table[to].PhysicalAddress = address;
                table[to].FileSize = table[to].MemorySize = tableSize;
            }
            if (i == last)
            {
                table[++to] = new ProgramHeader
                {
                    Type = ProgramHeader.Load,
                    Flags = ProgramHeader.Readable,
                    Offset = start,
                    Address = address,
                    PhysicalAddress = address,
                    FileSize = tableSize + used,
                    MemorySize = tableSize + used,
                    Alignment = alignment,
                };
            }
        }
        header->ProgramHeaders = start;
        header->ProgramHeaderCount = (ushort)(count + 1);
    }

    void Replace(ElfFile edited, byte* copy, byte[] name, ulong offset)
    {
        for (int i = 0; i < edited.DynamicCount; i++)
            if (edited.Dynamic[i].Tag == DynamicEntry.Needed && IsNamed(edited, edited.Dynamic[i].Value, name))
                edited.Dynamic[i].Value = offset;
        DynamicEntry* needs = edited.Find(DynamicEntry.VersionNeeds), needCount = edited.Find(DynamicEntry.VersionNeedCount);
        ulong at = needs == null || needCount == null || LoaderFaults.LeavesVersions ? 0 : needs->Value;
        for (ulong i = 0; at != 0 && i < needCount->Value; i++)
        {
            VersionNeed* need = edited.AtAddress<VersionNeed>(at, 1);
            if (IsNamed(edited, need->File, name))
            {
                need->File = (uint)offset;
                NoteEdit(copy, need, (nuint)sizeof(VersionNeed));
            }
            if (need->Next == 0) break;
            at += need->Next;
        }
    }

    // Offsets of names that are already replaced lie behind the old string table.
    static bool IsNamed(ElfFile edited, ulong offset, byte[] name) =>
        offset < edited.StringSize && edited.BytesAt(offset).SequenceEqual(name);

    IOException Failed(string what) =>
        new($"cannot {what} {_original.Path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
}

namespace Symplast.Python.Extensions.Elf;

/// <summary>
/// The words of a loaded library through which it calls functions of other libraries. The dynamic linker has stored the
/// functions' addresses in them.
/// </summary>
internal static unsafe class ImportSlots
{
    // Three kinds of relocation, with different numbers on x86-64 and AArch64: a slot for calls, a slot for addresses, and an
    // address in data.
    const uint X64Call = 7, X64Address = 6, X64Data = 1;
    const uint Arm64Call = 1026, Arm64Address = 1025, Arm64Data = 257;

    /// <summary>
    /// Stores replacement addresses, by function name, in the import slots. Only the library's constructors may have run before.
    /// The library must have been loaded with all symbols bound (RTLD_NOW).
    /// </summary>
    /// <returns>The number of slots that were changed, or -1 if the system refused.</returns>
    internal static int Replace(ElfFile layout, byte* loaded, PageRange readOnly, Dictionary<string, nint> replacements)
    {
        bool isOpen = false;
        int replaced = 0;
        nuint mask = Linux.PageSize - 1;
        Symbol* symbols = layout.Symbols(out uint count);
        Dictionary<uint, nint> wanted = [];
        for (uint i = 1; i < count; i++)
        {
            if (!symbols[i].IsUndefined
                || !(layout.BytesAt(symbols[i].Name) is [(byte)'P', (byte)'y', ..] or [(byte)'d', (byte)'l', ..]
                or [(byte)'p', (byte)'t', ..] or [(byte)'_', (byte)'_', ..])) continue;
            if (replacements.TryGetValue(layout.StringAt(symbols[i].Name), out nint target)) wanted.Add(i, target);
        }
        if (wanted.Count == 0) return 0;
        foreach ((long table, long size) in (
            ReadOnlySpan<(long, long)>)[(DynamicEntry.Relocations, DynamicEntry.RelocationSize),
            (DynamicEntry.PltRelocations, DynamicEntry.PltRelocationSize)])
        {
            DynamicEntry* start = layout.Find(table), bytes = layout.Find(size);
            if (start == null || bytes == null) continue;
            ulong entries = bytes->Value / (ulong)sizeof(Relocation);
            Relocation* relocations = layout.AtAddress<Relocation>(start->Value, entries);
            for (ulong i = 0; i < entries; i++)
            {
                if (relocations[i].Type is not (X64Call or X64Address or X64Data or Arm64Call or Arm64Address or Arm64Data))
                    continue;
                if (!wanted.TryGetValue(relocations[i].Symbol, out nint target)) continue;
                nint* slot = (nint*)(loaded + relocations[i].Offset);
                if (!isOpen && readOnly.Contains(slot))
                {
                    if (!readOnly.TryProtect(Linux.ProtectReadWrite)) return -1;
                    isOpen = true;
                }
                // A text relocation: the address is part of the code.
                bool isCode = !layout.IsWritable(relocations[i].Offset);
                PageRange page = new((byte*)((nuint)slot & ~mask), isCode ? 2 * Linux.PageSize : 0);
                if (!page.TryProtect(Linux.ProtectReadWrite | Linux.ProtectExecute)) return -1;
                // Release: threads that constructors have started may call through the slot, and must find the thunk's code
                // written.
                Volatile.Write(ref *slot, target);
                if (!page.TryProtect(Linux.ProtectReadExecute)) return -1;
                replaced++;
            }
        }
        return isOpen && !readOnly.TryProtect(Linux.ProtectRead) ? -1 : replaced;
    }
}

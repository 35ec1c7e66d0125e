using System.Text;

namespace Symplast.Python.Extensions.Elf;

/// <summary>
/// A shared library's file as the dynamic linker reads it: the segments, the dynamic section and the tables that it names.
/// </summary>
/// <remarks>Every offset is checked against the file's size. Only the pages that are asked for are read.</remarks>
internal sealed unsafe class ElfFile : IDisposable
{
    readonly byte* _start;
    readonly nuint _size;
    readonly bool _owned;
    string[]? _needed;
    uint? _symbolCount;
    bool? _usesPython;

    ElfFile(byte* start, nuint size, bool owned)
    {
        _start = start;
        _size = size;
        _owned = owned;
        FileHeader* header = At<FileHeader>(0, 1);
        if (header->Signature != FileHeader.Magic || header->Class != FileHeader.Class64
            || header->Data != FileHeader.LittleEndian
            || header->Type != FileHeader.SharedObject || header->ProgramHeaderSize != sizeof(ProgramHeader)) throw Malformed();
        Segments = At<ProgramHeader>(header->ProgramHeaders, header->ProgramHeaderCount);
        SegmentCount = header->ProgramHeaderCount;
        ProgramHeader* dynamic = null;
        for (int i = 0; i < SegmentCount; i++)
        {
            if (Segments[i].Type == ProgramHeader.Dynamic) dynamic = &Segments[i];
            if (Segments[i].Type == ProgramHeader.Load && Segments[i].Offset + Segments[i].FileSize > size) throw Malformed();
        }
        if (dynamic == null) throw Malformed();
        Dynamic = At<DynamicEntry>(dynamic->Offset, dynamic->FileSize / (ulong)sizeof(DynamicEntry));
        ulong count = dynamic->FileSize / (ulong)sizeof(DynamicEntry);
        while ((ulong)DynamicCount < count && Dynamic[DynamicCount].Tag != DynamicEntry.End) DynamicCount++;
        DynamicEntry* strings = Find(DynamicEntry.Strings), length = Find(DynamicEntry.StringSize);
        if (strings == null || length == null) throw Malformed();
        StringSize = length->Value;
        Strings = AtAddress<byte>(strings->Value, StringSize);
    }

    /// <summary>The program headers.</summary>
    internal ProgramHeader* Segments { get; }
    internal int SegmentCount { get; }

    /// <summary>The dynamic section, without the entry that ends it.</summary>
    internal DynamicEntry* Dynamic { get; }
    internal int DynamicCount { get; }

    /// <summary>The string table of the dynamic section.</summary>
    internal byte* Strings { get; }
    internal ulong StringSize { get; }

    /// <summary>
    /// The number of bytes at the file's beginning that hold its segments. Debug information lies behind them and is not needed
    /// at run time.
    /// </summary>
    internal ulong LoadedSize
    {
        get
        {
            ulong end = 0;
            for (int i = 0; i < SegmentCount; i++)
                if (Segments[i].Type == ProgramHeader.Load) end = Math.Max(end, Segments[i].Offset + Segments[i].FileSize);
            return Math.Max(end, ((FileHeader*)_start)->ProgramHeaders + (ulong)(SegmentCount * sizeof(ProgramHeader)));
        }
    }

    /// <summary>Whether relocations change code, so that the code's pages in memory differ from those of the file.</summary>
    internal bool HasTextRelocations =>
        Find(DynamicEntry.TextRelocations) != null
            || Find(DynamicEntry.Flags) is var flags && flags != null && (flags->Value & DynamicEntry.HasTextRelocations) != 0;

    /// <summary>DT_SONAME, or "".</summary>
    internal string Name => Text(DynamicEntry.SharedName);

    /// <summary>DT_RPATH, or "".</summary>
    internal string SearchPath => Text(DynamicEntry.SearchPath);

    /// <summary>DT_RUNPATH, or "".</summary>
    internal string RunPath => Text(DynamicEntry.RunPath);

    /// <summary>The names of the libraries that this one needs (DT_NEEDED), in order.</summary>
    internal string[] Needed
    {
        get
        {
            if (_needed is not null) return _needed;
            List<string> names = [];
            for (int i = 0; i < DynamicCount; i++)
                if (Dynamic[i].Tag == DynamicEntry.Needed) names.Add(StringAt(Dynamic[i].Value));
            return _needed = [.. names];
        }
    }

    /// <summary>Whether the library imports a symbol of the Python C API.</summary>
    internal bool UsesPython => _usesPython ??= ImportsWith("Py"u8) || ImportsWith("_Py"u8);

    /// <summary>Maps an open file and checks that it is a shared library.</summary>
    /// <exception cref="BadImageFormatException">The file is not a shared library of 64 bits, or it is damaged.</exception>
    /// <exception cref="IOException">The file cannot be mapped.</exception>
    internal static ElfFile Open(OpenFile file)
    {
        byte* start = file.Map(0, (nuint)file.Size, Linux.ProtectRead, Linux.MapPrivate);
        try
        {
            return new ElfFile(start, (nuint)file.Size, owned: true);
        }
        catch
        {
            Linux.Unmap(start, (nuint)file.Size);
            throw;
        }
    }

    /// <summary>A library whose file is already in memory. The memory stays the caller's.</summary>
    internal static ElfFile Of(byte* start, nuint size) => new(start, size, owned: false);

    /// <summary>The first entry with a tag, or null.</summary>
    internal DynamicEntry* Find(long tag)
    {
        for (int i = 0; i < DynamicCount; i++)
            if (Dynamic[i].Tag == tag) return &Dynamic[i];
        return null;
    }

    /// <summary>The table in the file that is loaded at an address, relative to the library's base.</summary>
    internal T* AtAddress<T>(ulong address, ulong count) where T : unmanaged
    {
        for (int i = 0; i < SegmentCount; i++)
        {
            ProgramHeader* segment = &Segments[i];
            if (segment->Type == ProgramHeader.Load && address >= segment->Address
                && address - segment->Address < segment->FileSize)
                return At<T>(segment->Offset + (address - segment->Address), count);
        }
        throw Malformed();
    }

    /// <summary>Whether an address, relative to the library's base, is in a writable segment.</summary>
    internal bool IsWritable(ulong address)
    {
        for (int i = 0; i < SegmentCount; i++)
        {
            ProgramHeader* segment = &Segments[i];
            if (segment->Type == ProgramHeader.Load && address >= segment->Address
                && address - segment->Address < segment->MemorySize)
                return (segment->Flags & ProgramHeader.Writable) != 0;
        }
        return false;
    }

    /// <summary>The table of dynamic symbols.</summary>
    internal Symbol* Symbols(out uint count)
    {
        DynamicEntry* table = Find(DynamicEntry.Symbols);
        count = table == null ? 0 : _symbolCount ??= CountSymbols();
        return table == null ? null : AtAddress<Symbol>(table->Value, count);
    }

    /// <summary>The string at an offset of the string table.</summary>
    internal string StringAt(ulong offset) => Encoding.UTF8.GetString(BytesAt(offset));

    /// <summary>The bytes of the string at an offset of the string table, without the final zero.</summary>
    internal ReadOnlySpan<byte> BytesAt(ulong offset)
    {
        if (offset >= StringSize) throw Malformed();
        ReadOnlySpan<byte> rest = new(Strings + offset, (int)Math.Min(StringSize - offset, int.MaxValue));
        int end = rest.IndexOf((byte)0);
        return end < 0 ? throw Malformed() : rest[..end];
    }

    /// <summary>Whether the library imports this symbol.</summary>
    internal bool Imports(ReadOnlySpan<byte> name)
    {
        Symbol* symbols = Symbols(out uint count);
        for (uint i = 1; i < count; i++)
            if (symbols[i].IsUndefined && BytesAt(symbols[i].Name).SequenceEqual(name)) return true;
        return false;
    }

    /// <summary>Whether the library exports a symbol of this name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isPrefix">Whether a symbol counts whose name only begins with it.</param>
    internal bool Exports(ReadOnlySpan<byte> name, bool isPrefix = false)
    {
        Symbol* symbols = Symbols(out uint count);
        for (uint i = 1; i < count; i++)
            if (!symbols[i].IsUndefined
                && (isPrefix
                ? BytesAt(symbols[i].Name).StartsWith(name) : BytesAt(symbols[i].Name).SequenceEqual(name))) return true;
        return false;
    }

    public void Dispose()
    {
        if (_owned) Linux.Unmap(_start, _size);
    }

    /// <summary>Whether the library imports a symbol whose name begins with this prefix.</summary>
    internal bool ImportsWith(ReadOnlySpan<byte> prefix)
    {
        Symbol* symbols = Symbols(out uint count);
        for (uint i = 1; i < count; i++)
            if (symbols[i].IsUndefined && BytesAt(symbols[i].Name).StartsWith(prefix)) return true;
        return false;
    }

    // The section headers, which hold the number of symbols, may be missing. DT_HASH states the number. In DT_GNU_HASH the last
    // chain ends with the last symbol.
    uint CountSymbols()
    {
        DynamicEntry* old = Find(DynamicEntry.HashTable);
        if (old != null) return AtAddress<uint>(old->Value, 2)[1];
        DynamicEntry* table = Find(DynamicEntry.GnuHashTable);
        if (table == null) return 0;
        uint* head = AtAddress<uint>(table->Value, 4);
        uint buckets = head[0], first = head[1], filterWords = head[2];
        ulong bucketAddress = table->Value + 16 + 8UL * filterWords;
        uint* bucket = AtAddress<uint>(bucketAddress, buckets);
        uint last = 0;
        for (uint i = 0; i < buckets; i++) last = Math.Max(last, bucket[i]);
        if (last < first) return first;
        ulong chain = bucketAddress + 4UL * buckets + 4UL * (last - first);
        while ((*AtAddress<uint>(chain, 1) & 1) == 0)
        {
            chain += 4;
            last++;
        }
        return last + 1;
    }

    string Text(long tag)
    {
        DynamicEntry* entry = Find(tag);
        return entry == null ? "" : StringAt(entry->Value);
    }

    T* At<T>(ulong offset, ulong count) where T : unmanaged
    {
        if (offset > _size || count > (_size - offset) / (ulong)sizeof(T)) throw Malformed();
        return (T*)(_start + offset);
    }

    static BadImageFormatException Malformed() => new("it is no shared library that can be copied");
}

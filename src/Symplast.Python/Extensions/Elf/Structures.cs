using System.Runtime.InteropServices;

namespace Symplast.Python.Extensions.Elf;

#pragma warning disable CS1591 // The names say what the ELF specification calls them.

/// <summary>Elf64_Ehdr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FileHeader
{
    internal const uint Magic = 0x464C457F;
    internal const byte Class64 = 2, LittleEndian = 1;
    internal const ushort SharedObject = 3;

    internal uint Signature;
    internal byte Class, Data, IdentVersion, OsAbi;
    internal ulong Padding;
    internal ushort Type, Machine;
    internal uint Version;
    internal ulong Entry, ProgramHeaders, SectionHeaders;
    internal uint Flags;
    internal ushort HeaderSize, ProgramHeaderSize, ProgramHeaderCount, SectionHeaderSize, SectionHeaderCount, SectionNames;
}

/// <summary>Elf64_Phdr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProgramHeader
{
    internal const uint Load = 1, Dynamic = 2, HeaderTable = 6, RelocatedReadOnly = 0x6474E552;
    internal const uint Executable = 1, Writable = 2, Readable = 4;

    internal uint Type, Flags;
    internal ulong Offset, Address, PhysicalAddress, FileSize, MemorySize, Alignment;
}

/// <summary>Elf64_Dyn.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DynamicEntry
{
    internal const long End = 0, Needed = 1, PltRelocationSize = 2, HashTable = 4, Strings = 5, Symbols = 6, Relocations =
        7, RelocationSize = 8,
        StringSize = 10, SharedName = 14, SearchPath = 15, Debug = 21, TextRelocations = 22, PltRelocations = 23, RunPath =
            29, Flags = 30,
        GnuHashTable = 0x6FFFFEF5, VersionNeeds = 0x6FFFFFFE, VersionNeedCount = 0x6FFFFFFF;

    /// <summary>In the value of <see cref="Flags"/>: DF_TEXTREL.</summary>
    internal const ulong HasTextRelocations = 4;

    internal long Tag;
    internal ulong Value;
}

/// <summary>Elf64_Sym.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Symbol
{
    internal const int Global = 1, Unique = 10;

    internal uint Name;
    internal byte Info, Other;
    internal ushort Section;
    internal ulong Value, Size;

    internal readonly int Binding => Info >> 4;
    internal readonly bool IsUndefined => Section == 0;
}

/// <summary>Elf64_Rela.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Relocation
{
    internal ulong Offset, Info;
    internal long Addend;

    internal readonly uint Type => (uint)Info;
    internal readonly uint Symbol => (uint)(Info >> 32);
}

/// <summary>Elf64_Verneed.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionNeed
{
    internal ushort Version, Count;
    internal uint File, Auxiliary, Next;
}

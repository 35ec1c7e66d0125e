namespace Symplast.Python.Extensions.Elf;

/// <summary>Whole pages of memory; none if the size is 0.</summary>
internal readonly unsafe struct PageRange(byte* start, nuint size)
{
    internal byte* Start => start;
    internal nuint Size => size;

    internal bool Contains(void* address) => (byte*)address >= start && (byte*)address < start + size;

    /// <summary>Whether all of it has this protection now.</summary>
    internal bool TryProtect(int protection) => size == 0 || Linux.Protect(start, size, protection) == 0;
}

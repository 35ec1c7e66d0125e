namespace Symplast.Python.Extensions.Elf;

/// <summary>A range of whole pages of memory. It is empty if the size is 0.</summary>
internal readonly unsafe struct PageRange(byte* start, nuint size)
{
    internal byte* Start => start;
    internal nuint Size => size;

    internal bool Contains(void* address) => (byte*)address >= start && (byte*)address < start + size;

    /// <summary>Sets the protection of all pages. Returns whether the system has done so.</summary>
    internal bool TryProtect(int protection) => size == 0 || Linux.Protect(start, size, protection) == 0;
}

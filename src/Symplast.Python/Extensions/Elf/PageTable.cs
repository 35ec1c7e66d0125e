using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Symplast.Python.Extensions.Elf;

/// <summary>What the system's table of this process's pages tells.</summary>
internal static unsafe class PageTable
{
    // Documented in the kernel's admin-guide/mm/pagemap: in memory or swapped out; a page of a file.
    const ulong IsThere = 1UL << 63 | 1UL << 62, IsOfFile = 1UL << 61;

    /// <summary>
    /// For each page of a private mapping of a file whether it was written to, and so is the process's own; true for all of them
    /// where the system does not tell. No page is read into memory for that.
    /// </summary>
    internal static bool[] Written(byte* start, nuint count)
    {
        ulong[] entries = new ulong[count];
        try
        {
            using SafeFileHandle table = File.OpenHandle("/proc/self/pagemap");
            Span<byte> rest = MemoryMarshal.AsBytes(entries.AsSpan());
            long offset = (long)((nuint)start / Linux.PageSize * sizeof(ulong));
            while (rest.Length > 0)
            {
                int read = RandomAccess.Read(table, rest, offset);
                if (read <= 0) break;
                rest = rest[read..];
                offset += read;
            }
            if (rest.Length == 0)
                return Array.ConvertAll(entries, static entry => (entry & IsThere) != 0 && (entry & IsOfFile) == 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
        bool[] all = new bool[count];
        Array.Fill(all, true);
        return all;
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Symplast.Python.Extensions.Elf;

/// <summary>Reads /proc/self/pagemap.</summary>
internal static unsafe class PageTable
{
    // The bits are documented in the kernel's admin-guide/mm/pagemap. The page is in memory or swapped out; the page is of a
    // file.
    const ulong IsThere = 1UL << 63 | 1UL << 62, IsOfFile = 1UL << 61;

    /// <summary>
    /// For each page of a private file mapping, whether it was written to and so is the process's own. All true if the system
    /// does not tell. No page is read into memory for this.
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

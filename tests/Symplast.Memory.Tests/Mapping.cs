using System.Globalization;

namespace Symplast.Memory.Tests;

/// <summary>What the kernel says of the process's pages, so that a test can see a forbidden access without making it.</summary>
internal static unsafe class Mapping
{
    internal const string ReadWrite = "rw-p";
    internal const string ReadOnly = "r--p";
    internal const string Inaccessible = "---p";

    /// <summary>
    /// Permissions of the page of <paramref name="address"/>, as in /proc/self/maps; null if nothing is mapped there.
    /// </summary>
    internal static string? PermissionsAt(byte* address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int dash = line.IndexOf('-');
            int space = line.IndexOf(' ');
            nuint start = nuint.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber);
            nuint end = nuint.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber);
            if ((nuint)address >= start && (nuint)address < end) return line.Substring(space + 1, 4);
        }
        return null;
    }

    /// <summary>The two-letter flags of every mapping of the process (VmFlags of /proc/self/smaps).</summary>
    internal static IEnumerable<string[]> Flags() =>
        File.ReadLines("/proc/self/smaps")
            .Where(line => line.StartsWith("VmFlags:", StringComparison.Ordinal))
            .Select(line => line["VmFlags:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

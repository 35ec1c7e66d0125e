namespace Symplast.Memory;

/// <summary>
/// The debug mode <c>SYMPLAST_DEBUG=readonly</c>: pool pages are read-only except for the writer that is filling them, so that
/// any stray store into a frozen object is a segmentation fault at the instruction that stores.
/// </summary>
public static unsafe class PoolProtection
{
    const nuint PageSize = 4096;

    /// <summary>Whether the mode is on. Set once, before the first pool exists.</summary>
    public static bool ReadOnly { get; set; }

    /// <summary>
    /// What a writer's region must be aligned to: its own pages in read-only mode, whole bytes of marks otherwise.
    /// </summary>
    internal static nuint RegionAlignment => ReadOnly ? PageSize : 64;

    internal static void Lock(byte* start, byte* end) => Protect(start, end, Libc.ProtRead);

    internal static void Unlock(byte* start, byte* end) => Protect(start, end, Libc.ProtReadWrite);

    static void Protect(byte* start, byte* end, int protection)
    {
        if (!ReadOnly || end == start) return;
        nuint length = ((nuint)(end - start) + PageSize - 1) & ~(PageSize - 1);
        if (Libc.Protect(start, length, protection) != 0)
            throw new InvalidOperationException("mprotect refused to change a pool's pages");
    }
}

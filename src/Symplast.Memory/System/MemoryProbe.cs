namespace Symplast.Memory;

/// <summary>
/// Asks the system whether it would give memory now, for what cannot be told that there is none once it has begun.
/// </summary>
public static unsafe class MemoryProbe
{
    /// <summary>
    /// Whether <paramref name="bytes"/> more could be had at this moment, within the limits of the process. Touches nothing of
    /// it.
    /// </summary>
    public static bool Has(nuint bytes)
    {
        byte* start = Libc.Map(null, bytes, Libc.ProtReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        if (start == Libc.MapFailed) return false;
        Libc.Unmap(start, bytes);
        return true;
    }
}

namespace Symplast.Memory;

/// <summary>
/// Asks the system whether memory is available, before operations that cannot report a lack of memory once they have begun.
/// </summary>
public static unsafe class MemoryProbe
{
    /// <summary>
    /// Whether <paramref name="bytes"/> more are available at this moment, within the limits of the process. Touches none of this
    /// memory.
    /// </summary>
    public static bool Has(nuint bytes)
    {
        byte* start = Libc.Map(null, bytes, Libc.ProtReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        if (start == Libc.MapFailed) return false;
        Libc.Unmap(start, bytes);
        return true;
    }
}

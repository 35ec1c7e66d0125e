namespace Symplast.Memory;

/// <summary>The steps of the protocol of a buffer's life, each with its fault.</summary>
internal static class BufferAtomics
{
    internal static long AddExport(ref long life, long found)
    {
        if (!Interleaving.Omits(BufferStep.ExportingIsOneStep))
            return Interlocked.CompareExchange(ref life, found + BufferLife.OneExport, found);
        life = found + BufferLife.OneExport;
        return found;
    }

    internal static long MarkGone(ref long life, long found)
    {
        if (!Interleaving.Omits(BufferStep.LettingGoIsOneStep))
            return Interlocked.CompareExchange(ref life, (found & ~BufferLife.Phase) | BufferLife.Gone, found);
        life = (life & ~BufferLife.Phase) | BufferLife.Gone;
        return found;
    }
}

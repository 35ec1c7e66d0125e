using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The steps without which the protocol of a buffer's life would be wrong. Tests compile another file in the place of this one,
/// in which each can be weakened, moved or left out.
/// </summary>
internal static class BufferAtomics
{
    /// <summary>Counts one more export if the word is what was found. What it was.</summary>
    // Full fence; pairs with those in Retire and MarkGone: they find this export, or it finds theirs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long AddExport(ref long life, long found) =>
        Interlocked.CompareExchange(ref life, found + BufferLife.OneExport, found);

    /// <summary>Says that no section looks any more, if the word is what was found. What it was.</summary>
    // Full fence; pairs with AddExport and EndExport.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long MarkGone(ref long life, long found) =>
        Interlocked.CompareExchange(ref life, (found & ~BufferLife.Phase) | BufferLife.Gone, found);
}

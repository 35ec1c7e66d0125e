using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// One word that threads change atomically: a 64-bit integer (<see cref="AtomicInteger"/>) or a value
/// (<see cref="AtomicReference"/>). Blocks are aligned to 16 bytes, and the word has 64 bytes on either side, so its cache line
/// usually holds no other memory that changes.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe struct AtomicCell
{
    internal const int WaitersOffset = 80;

    // A flag in Header.Extra.
    internal const ushort IsReference = 1;

    [FieldOffset(0)]
    internal SharedObject Object;

    [FieldOffset(64)]
    internal ulong Word;

    /// <summary>The integer of a wide cell; see <see cref="AtomicInteger"/>.</summary>
    [FieldOffset(72)]
    internal long Wide;

    /// <summary>The number of threads that wait for a change, or are about to; see <see cref="CellWaiting"/>.</summary>
    [FieldOffset(WaitersOffset)]
    internal int Waiters;

    /// <summary>Whether the cell holds a value and not an integer.</summary>
    public static bool HoldsReference(AtomicCell* cell) => cell->Object.Head.Extra == IsReference;

    /// <summary>The entry for both kinds of cells in the table of structures.</summary>
    internal static Structure Structure => new(&AtomicReference.ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o)
    {
        AtomicCell* cell = (AtomicCell*)o;
        Epoch.Enter(me);
        bool isReference = !PoolHeap.IsDeleted(Heap.Of(cell)) && HoldsReference(cell);
        Epoch.Exit(me);
        return isReference ? AtomicReference.Delete(me, cell) : AtomicInteger.Delete(me, cell);
    }

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        AtomicCell* cell = (AtomicCell*)o;
        // Acquire: pairs with the exchanges of the word.
        if (HoldsReference(cell)) parts.Value(new Value(Volatile.Read(ref cell->Word)));
    }

    internal static AtomicCell* Create(Participant* me, PoolHeap* heap, ushort extra, ulong word, long wide = 0)
    {
        AtomicCell* cell = (AtomicCell*)Heap.AllocateObject(me, heap, (nuint)sizeof(AtomicCell));
        if (cell == null) return null;
        *cell = default;
        cell->Word = word;
        cell->Wide = wide;
        SharedObject.Begin((SharedObject*)cell, HeaderKind.Cell, extra);
        return cell;
    }
}

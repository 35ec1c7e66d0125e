using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A snapshot of a large map that is being made while others write: which parts of the log have been copied, and where to. The
/// numbers of the first part of each segment follow, then the parts. From the instant of the snapshot on, whoever is about to
/// change the value of an entry first copies the part that the entry is in, unless it is copied already: so each part is copied
/// as it was at that instant.
/// </summary>
public unsafe struct MapCopy
{
    /// <summary>Number of entries at the instant of which the snapshot is.</summary>
    public ulong Count;

    /// <summary>In <see cref="Places"/>: the segment was gone when the copy was prepared.</summary>
    internal const uint None = uint.MaxValue;

    /// <summary>In <see cref="Places"/>: the segment was packed by then, and is one part.</summary>
    internal const uint Whole = 1u << 31;

    /// <summary>Gets the entries of each part at a place of its own.</summary>
    internal MapSnapshot* Target;

    /// <summary>What is copied, and the number of this root. It may be gone when all parts are copied.</summary>
    internal LargeTable* Source;
    internal uint Generation;

    /// <summary>The snapshot has the entries with ids below; 0 until the instant of which it is.</summary>
    internal uint Tail;

    /// <summary>There are places for so many entries.</summary>
    internal uint Limit;
    internal int Segments;

    /// <summary>Number of parts, each of some neighbouring entries, or none.</summary>
    public uint Parts;

    /// <summary>How many of them have to be copied.</summary>
    internal uint Left;

    internal static uint* Places(MapCopy* copy) => (uint*)(copy + 1);

    internal static Value* Items(MapCopy* copy, uint part, int bits) =>
        MapSnapshot.Items(copy->Target) + ((ulong)part << bits << 1);

    internal static MapCopyPart* Part(MapCopy* copy, uint number) =>
        (MapCopyPart*)(Places(copy) + copy->Segments + (copy->Segments & 1)) + number;

    // Places for all entries, and for some that may come until the instant. Inside a section. Null if there is no memory.
    internal static MapCopy* New(Participant* me, PoolHeap* heap, LargeTable* large, int spare)
    {
        int last = Log.SegmentOf(Volatile.Read(ref large->Tail));
        int count = last + 1 + spare;
        uint parts = CountParts(large, last, count, null);
        nuint size = (nuint)sizeof(MapCopy) + ((nuint)count + 1) * sizeof(uint) + (nuint)parts * (nuint)sizeof(MapCopyPart);
        MapCopy* copy = (MapCopy*)Heap.Allocate(me, heap, size);
        if (copy == null) return null;
        uint limit = Log.FirstIdOf(large, count);
        *copy = new MapCopy { Source = large, Generation = large->Generation, Segments = count, Limit = limit };
        // A segment may have gone or been packed since, but none come.
        copy->Parts = copy->Left = CountParts(large, last, count, copy);
        Debug.Assert(copy->Parts <= parts);
        copy->Target = (MapSnapshot*)Heap.Allocate(
            me, heap, (nuint)sizeof(MapSnapshot) + ((nuint)copy->Parts << MapSizes.PartBits) * 2 * (nuint)sizeof(Value));
        if (copy->Target != null) return copy;
        Heap.Free(me, copy);
        return null;
    }

    // How many parts there are in the segments, those included that are to come. Notes them in the copy, if there is one.
    internal static uint CountParts(LargeTable* large, int last, int count, MapCopy* copy)
    {
        SegmentList* segments = (SegmentList*)Volatile.Read(ref *(nint*)&large->Segments);
        uint parts = 0;
        for (int i = 0; i < count; i++)
        {
            nint item = i < last ? Volatile.Read(ref SegmentList.Items(segments)[i]) : 0;
            if (item == SegmentList.Gone)
            {
                if (copy != null) Places(copy)[i] = None;
                continue;
            }
            if (copy != null) Places(copy)[i] = SegmentList.IsPacked(item) ? parts | Whole : parts;
            uint first = Log.FirstIdOf(large, i), limit = first + (uint)Log.LengthOf(large, i);
            // A packed one has no more entries than a part.
            uint each = SegmentList.IsPacked(item) ? limit - first : 1u << MapSizes.PartBits;
            for (; first < limit; first += each, parts++)
            {
                if (copy != null)
                    *Part(copy, parts) = new MapCopyPart { First = first, Limit = Math.Min(first + each, limit) };
            }
        }
        return parts;
    }

    // Whether it was prepared for this root. Under the map's lock, or by the only writer.
    internal static bool IsOf(MapCopy* copy, nint root) =>
        LargeTable.IsRoot(root) && LargeTable.OfRoot(root)->Generation == copy->Generation;

    internal static void Free(Participant* me, MapCopy* copy)
    {
        Heap.Free(me, copy->Target);
        Heap.Free(me, copy);
    }

    // Before the value of an entry is changed; with no lock but the shard's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Preserve(LargeTable* large, uint id)
    {
        MapCopy* copy = MapAtomics.LoadCopy(large);
        if (copy != null && id < copy->Tail) CopyPart(copy, PartOf(large, copy, id));
    }

    // Whether the value of an entry may be changed. Under the lock of the order one cannot wait until it may.
    internal static bool IsPreserved(LargeTable* large, uint id)
    {
        MapCopy* copy = MapAtomics.LoadCopy(large);
        return copy == null || id >= copy->Tail || Volatile.Read(ref Part(copy, PartOf(large, copy, id))->Copied) != 0;
    }

    internal static uint PartOf(LargeTable* large, MapCopy* copy, uint id)
    {
        int segment = Log.SegmentOf(id);
        // The segment was there when the caller's section began, which was after the places were counted.
        Debug.Assert(Places(copy)[segment] != None);
        uint place = Places(copy)[segment];
        return (place & Whole) != 0
            ? place & ~Whole : place + (id - Log.FirstIdOf(large, segment) >> MapSizes.PartBits);
    }

    // Does nothing, and looks at nothing of the map, if the part is copied: then the map may be gone.
    internal static void CopyPart(MapCopy* copy, uint number)
    {
        MapCopyPart* part = Part(copy, number);
        Interleaving.Point();
        // Acquire: pairs with the release below, so that the caller's change comes after the copying.
        if (Volatile.Read(ref part->Copied) != 0) return;
        ObjectLock.Enter(&part->Lock);
        if (part->Copied == 0)
        {
            uint count = CopyEntries(copy, part, Items(copy, number, MapSizes.PartBits));
            Interleaving.Point();
            // Release: pairs with the acquire above.
            Volatile.Write(ref part->Copied, count + 1);
            // Full fence: pairs with the acquire in IsComplete.
            Interlocked.Decrement(ref copy->Left);
        }
        ObjectLock.Exit(&part->Lock);
    }

    // As if it was copied, and had no entries, if it is not: then its entries may change.
    internal static void PassOver(MapCopy* copy, uint number)
    {
        MapCopyPart* part = Part(copy, number);
        Interleaving.Point();
        // Acquire: pairs with the release in CopyPart, so that the copies are there.
        if (Volatile.Read(ref part->Copied) != 0) return;
        MapAtomics.EnterPart(part);
        if (part->Copied == 0)
        {
            Interleaving.Point();
            // Nothing is published by it.
            Volatile.Write(ref part->Copied, 1);
            // Full fence: pairs with the acquire in IsComplete.
            Interlocked.Decrement(ref copy->Left);
        }
        MapAtomics.ExitPart(part);
    }

    // The map's own references keep keys and values alive, because nobody takes one of them out before the part is copied. Values
    // may move meanwhile.
    internal static uint CopyEntries(MapCopy* copy, MapCopyPart* part, Value* to)
    {
        uint count = 0;
        uint limit = Math.Min(part->Limit, copy->Tail);
        for (uint id = part->First; id < limit; id++)
        {
            MapEntry* entry = Log.EntryAt(copy->Source, id);
            if (entry == null)
            {
                id = Log.GapEnd(copy->Source, id) - 1;
                continue;
            }
            Interleaving.Point();
            Value value = MapEntry.ValueOf(entry);
            if (value == ValuePlace.Removed) continue;
            Reference.Take(entry->Key);
            Reference.Take(value);
            to[2 * count] = entry->Key;
            to[2 * count + 1] = value;
            count++;
        }
        return count;
    }

    // Acquire: pairs with the decrement in CopyPart.
    internal static bool IsComplete(MapCopy* copy) => copy == null || Volatile.Read(ref copy->Left) == 0;

    // Copies what is left of a snapshot, so that the whole log may change.
    internal static void CopyRest(MapCopy* copy)
    {
        for (uint i = 0; !IsComplete(copy) && i < copy->Parts; i++) CopyPart(copy, i);
    }
}

/// <summary>Some neighbouring entries of one segment, which are copied together.</summary>
internal struct MapCopyPart
{
    internal int Lock;

    /// <summary>0 until they are copied, then 1 + how many were live.</summary>
    internal uint Copied;

    /// <summary>The id of the first, and the one after the last.</summary>
    internal uint First;
    internal uint Limit;
}

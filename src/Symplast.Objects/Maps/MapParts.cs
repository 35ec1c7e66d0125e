namespace Symplast.Objects;

/// <summary>Shows the blocks and values of a map, one after the other.</summary>
internal static unsafe class MapParts
{
    /// <summary>See <see cref="Parts"/>; inside a section.</summary>
    internal static void Visit(Header* o, in PartVisitor parts)
    {
        OrderedMap* map = (OrderedMap*)o;
        // Acquire: pairs with the exchanges of the root. A root, and what is found in it, was the map's in this section, so it
        // stays.
        nint root = Volatile.Read(ref map->Root);
        if (LargeTable.IsRoot(root)) Visit(LargeTable.OfRoot(root), parts);
        else if (root != 0) Visit((SmallTable*)root, parts);
    }

    internal static void Visit(SmallTable* small, in PartVisitor parts)
    {
        parts.Block(small);
        for (int i = 0; i < small->Capacity; i++)
        {
            // Acquire: pairs with the release of the tag, which comes after the entry.
            if (Volatile.Read(ref small->Tags[i]) == 0) continue;
            parts.Value(SmallTable.Keys(small)[i]);
            if (SmallTable.TryRead(small, i, out Value value)) parts.Value(value);
        }
    }

    internal static void Visit(LargeTable* large, in PartVisitor parts)
    {
        parts.Block(large);
        // Acquire: pairs with the exchange that puts a larger directory in its place.
        ShardDirectory* directory = (ShardDirectory*)Volatile.Read(ref *(nint*)&large->Directory);
        if (directory != &large->First) parts.Block(directory);
        Shard* last = null;
        for (int i = 0; i < 1 << directory->Depth; i++)
        {
            // Acquire: pairs with the exchange of whoever splits it. Those of one shard are neighbours.
            Shard* shard = ShardDirectory.ShardOf(Volatile.Read(ref ShardDirectory.Items(directory)[i]));
            if (shard != last) parts.Block(shard);
            last = shard;
        }
        // Acquire: not older than the list of segments that it fits in.
        uint tail = Volatile.Read(ref large->Tail);
        // Acquire: pairs with the exchange in Log.GrowList.
        SegmentList* segments = (SegmentList*)Volatile.Read(ref *(nint*)&large->Segments);
        parts.Block(segments);
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            // Acquire: pairs with the release in AddSegment, and with the exchange in TryPublish.
            nint item = Volatile.Read(ref SegmentList.Items(segments)[i]);
            if (item is 0 or SegmentList.Gone) continue;
            parts.Block(Log.HeadOf(large, item, i));
            MapEntry* entries = Log.EntriesOf(large, item, i, tail, out uint count);
            for (uint j = 0; j < count; j++) Visit(entries + j, parts);
        }
    }

    internal static void Visit(MapEntry* entry, in PartVisitor parts)
    {
        // Acquire: pairs with the release of whoever fills the entry, key first. If it is not removed at this moment, key and
        // value outlast the section.
        Value value = MapEntry.ValueOf(entry);
        if (value.IsEmpty || value.IsMark) return;
        parts.Value(entry->Key);
        parts.Value(value);
    }
}

namespace Symplast.Objects;

// What a map consists of and holds.
public unsafe partial struct OrderedMap
{
    /// <summary>What the table of kinds knows of maps and sets.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (OrderedMap*)o);

    /// <summary>See <see cref="Parts"/>; inside a section.</summary>
    internal static void VisitParts(Header* o, in PartVisitor parts)
    {
        OrderedMap* map = (OrderedMap*)o;
        // Acquire: pairs with the exchanges of the root. A root, and what is found in it, was the map's in this section, so it
        // stays.
        nint root = Volatile.Read(ref map->Root);
        if (OrderedMap.IsLarge(root)) Visit(OrderedMap.Large(root), parts);
        else if (root != 0) Visit((SmallMap*)root, parts);
    }

    static void Visit(SmallMap* small, in PartVisitor parts)
    {
        parts.Block(small);
        for (int i = 0; i < small->Capacity; i++)
        {
            // Acquire: pairs with the release of the tag, which comes after the entry.
            if (Volatile.Read(ref small->Tags[i]) == 0) continue;
            parts.Value(SmallMap.Keys(small)[i]);
            if (TryRead(small, i, out Value value)) parts.Value(value);
        }
    }

    static void Visit(LargeMap* large, in PartVisitor parts)
    {
        parts.Block(large);
        // Acquire: pairs with the exchange that puts a larger directory in its place.
        MapDirectory* directory = (MapDirectory*)Volatile.Read(ref *(nint*)&large->Directory);
        if (directory != &large->First) parts.Block(directory);
        MapShard* last = null;
        for (int i = 0; i < 1 << directory->Depth; i++)
        {
            // Acquire: pairs with the exchange of whoever splits it. Those of one shard are neighbours.
            MapShard* shard = MapDirectory.Shard(Volatile.Read(ref MapDirectory.Items(directory)[i]));
            if (shard != last) parts.Block(shard);
            last = shard;
        }
        // Acquire: not older than the list of segments that it fits in.
        uint tail = Volatile.Read(ref large->Tail);
        // Acquire: pairs with the exchange in GrowSegments.
        MapSegments* segments = (MapSegments*)Volatile.Read(ref *(nint*)&large->Segments);
        parts.Block(segments);
        for (int i = 0; (ulong)i < segments->Capacity; i++)
        {
            // Acquire: pairs with the release in AddSegment, and with the exchange in TryPublish.
            nint item = Volatile.Read(ref MapSegments.Items(segments)[i]);
            if (item is 0 or MapSegments.Gone) continue;
            parts.Block(HeadOf(large, item, i));
            MapEntry* entries = EntriesOf(large, item, i, tail, out uint count);
            for (uint j = 0; j < count; j++) Visit(entries + j, parts);
        }
    }

    static void Visit(MapEntry* entry, in PartVisitor parts)
    {
        // Acquire: pairs with the release of whoever fills the entry, key first. If it is not removed at this moment, key and
        // value outlast the section.
        Value value = ValueOf(entry);
        if (value.IsEmpty || value.IsMark) return;
        parts.Value(entry->Key);
        parts.Value(value);
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// What a record with very many attributes has for a body: a map of them, all of whose writers hold the record's lock.
/// </summary>
internal unsafe struct RecordTable
{
    /// <summary>Without a shape, number or slots.</summary>
    internal RecordBody Body;

    internal OrderedMap Map;

    /// <summary>The map; null if the body is none of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Acquire: the first load of the body's, pairs with the exchange in ShapeChange.Replace. Whether it is a table never changes.
    internal static OrderedMap* MapOf(RecordBody* body) =>
        Volatile.Read(ref *(nint*)&body->Shape) == 0 ? &((RecordTable*)body)->Map : null;

    /// <summary>
    /// Gives a record with a shape a table, and one attribute more, which is not there. Under the record's lock, inside a section
    /// in which the pool was not deleted.
    /// </summary>
    internal static Status Create(Participant* me, Record* record, RecordBody* body, in Probe name, Value value)
    {
        PoolHeap* heap = Heap.Of(record);
        RecordTable* table = (RecordTable*)Heap.Allocate(me, heap, (nuint)sizeof(RecordTable));
        if (table == null) return Status.NoMemory;
        table->Body = default;
        if (!OrderedMap.TryBegin(me, heap, &table->Map))
        {
            Heap.Free(me, table);
            return Status.NoMemory;
        }
        Status status = Fill(me, body, &table->Map);
        if (status == Status.Done) status = OrderedMap.Exchange(me, &table->Map, name, value, out _);
        if (status != Status.Done)
        {
            // Its references are not the last ones.
            OrderedMap.End(me, &table->Map, null);
            Heap.Free(me, table);
            return status;
        }
        ShapeChange.Replace(me, record, body, &table->Body);
        // They are not the last ones either.
        Shape* shape = body->Shape;
        for (int i = 0; i < shape->Count; i++) Reference.Drop(me, RecordBody.Slots(body)[i]);
        Shapes.GiveUpPrivate(me, shape);
        return Status.Done;
    }

    internal static Status Count(Participant* me, OrderedMap* table, out int count)
    {
        Status status = OrderedMap.Count(me, table, out ulong found);
        count = (int)found;
        return status;
    }

    static Status Fill(Participant* me, RecordBody* body, OrderedMap* map)
    {
        Shape* shape = body->Shape;
        Status status = MapDraft.Begin(me, map, (ulong)shape->Count, out MapDraft draft);
        if (status != Status.Done) return status;
        for (int i = 0; i < shape->Count; i++)
        {
            Value name = Shape.Names(shape)[i], value = RecordBody.Slots(body)[i];
            if (!MapDraft.Append(me, map, ref draft, Probe.Of(name).Hash, name, value))
            {
                MapDraft.Discard(me, ref draft);
                return Status.NoMemory;
            }
            Reference.Take(name);
            Reference.Take(value);
        }
        return MapDraft.Publish(me, map, ref draft);
    }
}

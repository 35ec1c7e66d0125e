namespace Symplast.Objects;

// Records that are used as dictionaries. All inside a section in which the pool was not deleted, and but for counting under the
// record's lock.
public unsafe partial struct Record
{
    // Gives a record with a shape a table, and one attribute more, which is not there.
    static Status Tabulate(Participant* me, Record* record, RecordBody* body, in Probe name, Value value)
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
        Replace(me, record, body, &table->Body);
        // They are not the last ones either.
        Shape* shape = body->Shape;
        for (int i = 0; i < shape->Count; i++) Reference.Drop(me, RecordBody.Slots(body)[i]);
        RetireShape(me, shape);
        return Status.Done;
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

    static Status CountTable(Participant* me, OrderedMap* table, out int count)
    {
        Status status = OrderedMap.Count(me, table, out ulong found);
        count = (int)found;
        return status;
    }

    // What a deleted record had. The references are dropped, or go to a list of what dies.
    static void GiveUp(Participant* me, Record* record, RecordBody* body, Release* release)
    {
        OrderedMap* table = RecordTable.MapOf(body);
        if (table != null) OrderedMap.End(me, table, release);
        else
        {
            Shape* shape = body->Shape;
            for (int i = 0; i < shape->Count; i++)
            {
                if (release == null) Reference.Drop(me, RecordBody.Slots(body)[i]);
                else release->Drop(me, RecordBody.Slots(body)[i]);
            }
            RetireShape(me, shape);
        }
        RetireBody(me, record, body);
    }
}

namespace Symplast.Objects;

/// <summary>
/// Adds and removes attributes of a record, which changes its shape. Under the record's lock, inside a section in which the pool
/// was not deleted.
/// </summary>
internal static unsafe class ShapeChange
{
    // Adds an attribute that is not there.
    internal static Status Add(Participant* me, Record* record, RecordBody* body, in Probe name, Value value)
    {
        PoolHeap* heap = Heap.Of(record);
        Shape* old = body->Shape;
        if (old->Count >= ShapeSizes.MostNames) return RecordTable.Create(me, record, body, name, value);
        Status status = Status.Missing;
        Shape* shape = null;
        if (old->Id != 0) status = Shapes.Extend(me, heap, old, name, out shape);
        if (status == Status.Missing) status = ExtendPrivately(me, heap, old, name, out shape);
        if (status != Status.Done) return status;
        int slot = old->Count;
        if (slot == body->Capacity)
        {
            RecordBody* larger = RecordBody.Allocate(me, heap, Math.Max(2 * slot, Record.FirstCapacity));
            if (larger == null)
            {
                Shapes.GiveUpPrivate(me, shape, isUnseen: true);
                return Status.NoMemory;
            }
            for (int i = 0; i < slot; i++) RecordBody.Slots(larger)[i] = RecordBody.Slots(body)[i];
            Reference.Take(value);
            RecordBody.Slots(larger)[slot] = value;
            larger->Shape = shape;
            larger->ShapeId = shape->Id;
            Replace(me, record, body, larger);
        }
        else
        {
            Reference.Take(value);
            RecordAtomics.AddAttribute(body, shape, value);
        }
        Invariants.Check(record, &Record.HasItsShape);
        Shapes.GiveUpPrivate(me, old);
        return Status.Done;
    }

    // Takes the attribute of a slot out; its value stays in the old body, with its reference.
    internal static Status Remove(Participant* me, Record* record, RecordBody* body, int slot)
    {
        PoolHeap* heap = Heap.Of(record);
        Shape* old = body->Shape;
        int count = old->Count;
        RecordBody* next = RecordBody.Allocate(me, heap, (int)body->Capacity);
        if (next == null) return Status.NoMemory;
        Shape* shape = old->Id != 0 && slot == count - 1 ? old->Parent : Shapes.Private(me, heap, old, slot, default, 0);
        if (shape == null)
        {
            Heap.Free(me, next);
            return Status.NoMemory;
        }
        for (int i = 0, to = 0; i < count; i++)
        {
            if (i != slot) RecordBody.Slots(next)[to++] = RecordBody.Slots(body)[i];
        }
        next->Shape = shape;
        next->ShapeId = shape->Id;
        Replace(me, record, body, next);
        Invariants.Check(record, &Record.HasItsShape);
        Shapes.GiveUpPrivate(me, old);
        return Status.Done;
    }

    internal static void Replace(Participant* me, Record* record, RecordBody* body, RecordBody* next)
    {
        Interleaving.Point();
        // Full fence: pairs with the acquire in Record.BodyOf; the old body, and its shape, are unlinked before their tags are
        // read.
        Interlocked.Exchange(ref *(nint*)&record->Body, (nint)next);
        Record.RetireBody(me, record, body);
    }

    static Status ExtendPrivately(Participant* me, PoolHeap* heap, Shape* shape, in Probe name, out Shape* extended)
    {
        extended = null;
        Value text = name.ToValue(me, heap);
        if (text.IsEmpty) return Status.NoMemory;
        extended = Shapes.Private(me, heap, shape, -1, text, name.Hash);
        Reference.Drop(me, text);
        return extended == null ? Status.NoMemory : Status.Done;
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Changes of a record, under its lock.
public unsafe partial struct Record
{
    /// <summary>Sets an attribute, which need not be there.</summary>
    public static Status Set(Participant* me, Record* record, in Probe name, Value value)
    {
        Value old = default;
        Epoch.Enter(me);
        Status status = Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null) status = OrderedMap.Exchange(me, table, name, value, out old);
        else if (status == Status.Done)
        {
            int slot = Shape.Find(body->Shape, name);
            if (slot >= 0) old = Exchange(body, slot, value);
            else status = Put(me, record, body, name, value);
        }
        Unlock(record, body);
        Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Sets the value in a slot if the record has that shape, else Missing.</summary>
    public static Status SetCached(Participant* me, Record* record, ulong shapeId, int slot, Value value)
    {
        Epoch.Enter(me);
        Reference.Take(value);
        Status status = StoreCached(me, record, shapeId, slot, value);
        if (status != Status.Done) Reference.Drop(me, value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>The same, and takes over the reference to the value if it is done. Inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status StoreCached(Participant* me, Record* record, ulong shapeId, int slot, Value value)
    {
        if (PoolHeap.IsDeleted(Heap.Of(record))) return Status.Deleted;
        ObjectLock.Enter(&record->Object.Lock);
        Status status = Status.Deleted;
        Value old = default;
        if (!SharedObject.IsDeleted((SharedObject*)record))
        {
            RecordBody* body = record->Body;
            status = Status.Missing;
            if (body->ShapeId == shapeId)
            {
                old = RecordBody.Slots(body)[slot];
                Store(body, slot, value);
                status = Status.Done;
            }
        }
        ObjectLock.Exit(&record->Object.Lock);
        Reference.Drop(me, old);
        return status;
    }

    /// <summary>
    /// Adds the attribute that one shape has more than another, if the record has the other: Missing if it has not, or there is
    /// no room for it. Takes over the reference to the value if it is done. The shapes are of one tree, which stays as long as
    /// there is a record with the number of one of its shapes. Inside a section.
    /// </summary>
    public static Status Append(Participant* me, Record* record, ulong shapeId, Shape* extended, Value value)
    {
        Status status = Lock(record, out RecordBody* body);
        if (status == Status.Done)
        {
            if (body->ShapeId != shapeId || extended->Count > body->Capacity) status = Status.Missing;
            else
            {
                RecordAtomics.AddAttribute(body, extended, value);
                Invariants.Check(record, &HasItsShape);
            }
        }
        Unlock(record, body);
        return status;
    }

    /// <summary>
    /// The shape that a record was found to have, if it is one with one attribute more than the one with a number; else null.
    /// Inside the view's section.
    /// </summary>
    public static Shape* StepFrom(ulong shapeId, RecordView after)
    {
        if (after.ShapeId == 0 || shapeId == 0) return null;
        // Acquire: pairs with the release in AddAttribute. It may be a longer one by now.
        Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&after.Body->Shape);
        return shape->Id == after.ShapeId && shape->Parent != null && shape->Parent->Id == shapeId ? shape : null;
    }

    /// <summary>
    /// Replaces the value of an attribute if it equals <paramref name="expected"/>; Missing if it does not, or there is no such
    /// attribute. <paramref name="seen"/> is what was there (empty if nothing), without a reference.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, Record* record, in Probe name, in Probe expected, Value value, out Value seen)
    {
        ConditionalReplacement update = new(expected, value);
        return Update(me, record, name, ref update, out seen, out _);
    }

    /// <summary>Adds to the number that an attribute is; <paramref name="sum"/> comes without a reference.</summary>
    public static Status Add(Participant* me, Record* record, in Probe name, Value delta, out Value sum)
    {
        Addition update = new(delta);
        return Update(me, record, name, ref update, out _, out sum);
    }

    /// <summary>
    /// Adds to the number in a slot; false, and nothing is done, if the record has not, or not any more, the shape with that
    /// number: the status is Missing then, or Deleted. <paramref name="sum"/> comes without a reference. Inside a section.
    /// </summary>
    public static bool TryAddCached(
        Participant* me, Record* record, ulong shapeId, int slot, Value delta, out Value sum, out Status status)
    {
        Addition update = new(delta);
        return TryUpdateCached(me, record, shapeId, slot, ref update, out sum, out status);
    }

    /// <summary>
    /// The same for replacing the value in a slot if it equals <paramref name="expected"/>, else the status is Missing.
    /// </summary>
    public static bool TryCompareExchangeCached(
        Participant* me, Record* record, ulong shapeId, int slot, in Probe expected, Value value, out Status status)
    {
        ConditionalReplacement update = new(expected, value);
        return TryUpdateCached(me, record, shapeId, slot, ref update, out _, out status);
    }

    /// <summary>Removes an attribute. Missing if there is none of this name.</summary>
    public static Status Remove(Participant* me, Record* record, in Probe name)
    {
        Epoch.Enter(me);
        Status status = Take(me, record, name, out Value value);
        if (status == Status.Done) Reference.Drop(me, value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Removes an attribute; its value comes with the reference that the record held.</summary>
    public static Status Take(Participant* me, Record* record, in Probe name, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null) status = OrderedMap.TakeAlone(me, table, name, out value);
        else if (status == Status.Done)
        {
            int slot = Shape.Find(body->Shape, name);
            status = slot < 0 ? Status.Missing : Without(me, record, body, slot);
            // The old body stays as it is for as long as this section is open.
            if (status == Status.Done) value = RecordBody.Slots(body)[slot];
        }
        Unlock(record, body);
        Epoch.Exit(me);
        return status;
    }

    static Status Update<TUpdate>(
        Participant* me, Record* record, in Probe name, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        Epoch.Enter(me);
        Status status = Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null) status = OrderedMap.Update(me, table, name, ref update, out old, out next);
        else if (status == Status.Done)
        {
            int slot = Shape.Find(body->Shape, name);
            status = slot < 0 ? Status.Missing : UpdateSlot(me, record, body, slot, ref update, out old, out next);
        }
        Unlock(record, body);
        if (status == Status.Done) Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryUpdateCached<TUpdate>(
        Participant* me, Record* record, ulong shapeId, int slot, ref TUpdate update, out Value next, out Status status)
        where TUpdate : struct, IUpdate
    {
        Value old = next = default;
        status = Lock(record, out RecordBody* body);
        bool isKnown = status == Status.Done && RecordAtomics.HasShape(body, shapeId);
        if (isKnown) status = UpdateSlot(me, record, body, slot, ref update, out old, out next);
        else if (status == Status.Done) status = Status.Missing;
        Unlock(record, body);
        if (isKnown && status == Status.Done) Reference.Drop(me, old);
        return isKnown;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status UpdateSlot<TUpdate>(
        Participant* me, Record* record, RecordBody* body, int slot, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = RecordBody.Slots(body)[slot];
        Status status = update.Next(me, Heap.Of(record), old, out next);
        if (status == Status.Done) Store(body, slot, next);
        return status;
    }

    // Adds an attribute that is not there.
    static Status Put(Participant* me, Record* record, RecordBody* body, in Probe name, Value value)
    {
        PoolHeap* heap = Heap.Of(record);
        Shape* old = body->Shape;
        if (old->Count >= ShapeSizes.MostNames) return Tabulate(me, record, body, name, value);
        Status status = Status.Missing;
        Shape* shape = null;
        if (old->Id != 0) status = Shapes.Extend(me, heap, old, name, out shape);
        if (status == Status.Missing) status = ExtendPrivately(me, heap, old, name, out shape);
        if (status != Status.Done) return status;
        int slot = old->Count;
        if (slot == body->Capacity)
        {
            RecordBody* larger = NewBody(me, heap, Math.Max(2 * slot, FirstCapacity));
            if (larger == null)
            {
                DiscardShape(me, shape);
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
        Invariants.Check(record, &HasItsShape);
        RetireShape(me, old);
        return Status.Done;
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

    // Takes the attribute of a slot out; its value stays in the old body, with its reference.
    static Status Without(Participant* me, Record* record, RecordBody* body, int slot)
    {
        PoolHeap* heap = Heap.Of(record);
        Shape* old = body->Shape;
        int count = old->Count;
        RecordBody* next = NewBody(me, heap, (int)body->Capacity);
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
        Invariants.Check(record, &HasItsShape);
        RetireShape(me, old);
        return Status.Done;
    }

    static RecordBody* NewBody(Participant* me, PoolHeap* heap, int capacity)
    {
        RecordBody* body = (RecordBody*)Heap.Allocate(me, heap, RecordBody.SizeOf(capacity));
        if (body != null) body->Capacity = capacity;
        return body;
    }

    static void Replace(Participant* me, Record* record, RecordBody* body, RecordBody* next)
    {
        Interleaving.Point();
        // Full fence: pairs with the acquire in Begin; the old body, and its shape, are unlinked before their tags are read.
        Interlocked.Exchange(ref *(nint*)&record->Body, (nint)next);
        RetireBody(me, record, body);
    }

    // The first body is a part of the record.
    static void RetireBody(Participant* me, Record* record, RecordBody* body)
    {
        if (body != Record.FirstBody(record)) Heap.Retire(me, body);
    }

    // A shape that its record no longer has; those of trees stay.
    static void RetireShape(Participant* me, Shape* shape)
    {
        if (shape->Id != 0) return;
        for (int i = 0; i < shape->Count; i++) Reference.Drop(me, Shape.Names(shape)[i]);
        Heap.Retire(me, shape);
    }

    // A shape that no record got.
    static void DiscardShape(Participant* me, Shape* shape)
    {
        if (shape->Id != 0) return;
        for (int i = 0; i < shape->Count; i++) Reference.Drop(me, Shape.Names(shape)[i]);
        Heap.Free(me, shape);
    }

    // The body of a record that is deleted herewith; null if it was before.
    static RecordBody* TakeBody(Record* record)
    {
        RecordBody* body = null;
        if (PoolHeap.IsDeleted(Heap.Of(record))) return null;
        ObjectLock.Enter(&record->Object.Lock);
        if (!SharedObject.IsDeleted((SharedObject*)record))
        {
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted. Under the lock, so who holds it next sees it.
            Volatile.Write(ref record->Object.Head.DeletedFlag, 1);
            Interleaving.Point();
            // Full fence: pairs with the acquire in Begin.
            body = (RecordBody*)Interlocked.Exchange(ref *(nint*)&record->Body, 0);
        }
        ObjectLock.Exit(&record->Object.Lock);
        return body;
    }

    static Value Exchange(RecordBody* body, int slot, Value value)
    {
        Reference.Take(value);
        Value old = RecordBody.Slots(body)[slot];
        Store(body, slot, value);
        return old;
    }

    internal static void Store(RecordBody* body, int slot, Value value)
    {
        Interleaving.Point();
        // Release: pairs with the acquire in Load. The fence before what was there is retired is in the drop of its reference.
        Volatile.Write(ref *(ulong*)(RecordBody.Slots(body) + slot), value.Bits);
    }

    // Takes the lock, which the caller must give back if there is a body. Of a pool that was deleted there is not even a lock.
    static Status Lock(Record* record, out RecordBody* body)
    {
        body = null;
        if (PoolHeap.IsDeleted(Heap.Of(record))) return Status.Deleted;
        ObjectLock.Enter(&record->Object.Lock);
        if (!SharedObject.IsDeleted((SharedObject*)record)) body = record->Body;
        else ObjectLock.Exit(&record->Object.Lock);
        return body == null ? Status.Deleted : Status.Done;
    }

    static void Unlock(Record* record, RecordBody* body)
    {
        if (body != null) ObjectLock.Exit(&record->Object.Lock);
    }
}

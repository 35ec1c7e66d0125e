using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Records: objects whose attributes have slots by their shape (<see cref="NamedAttributes"/>, <see cref="RecordView"/>,
/// <see cref="CachedSlots"/>). Reading is lock-free, writing takes the record's lock.
/// </summary>
/// <remarks>
/// <para>In a body a slot belongs to the same attribute for ever. Another attribute: its value is stored, then the longer shape,
/// then that one's number. A reader who finds a shape, or its number, in a body therefore finds the value of any attribute of
/// that shape in its slot, whatever others add.</para>
/// <para>When the body is full, or an attribute is removed (which moves those after it), a copy takes the body's place
/// (read-copy-update); writers change values under the lock only, so the copy misses none, and a reader who still has the old one
/// reads what was true when it was replaced, which is after the reader began.</para>
/// <para>Removing the attribute that was added last goes back to the parent shape; any other leaves the tree for a private shape
/// (<see cref="Shape"/>).</para>
/// <para>A record that gets more attributes than shapes have is used as a dictionary. It gets a table for a body, as it would get
/// a larger one, and keeps it: a map (<see cref="OrderedMap"/>), which its readers read without the lock. Writers hold it,
/// so that everything is as it is at one instant under the lock. A record that is deleted loses its body first, then the table
/// ends: who still finds something there began before.</para>
/// </remarks>
public unsafe struct Record
{
    internal SharedObject Object;

    /// <summary>Shape and values; null once deleted.</summary>
    internal RecordBody* Body;

    internal static RecordBody* FirstBody(Record* record) => (RecordBody*)(record + 1);

    /// <summary>Attributes that a record has room for at least.</summary>
    public const int FirstCapacity = 4;

    /// <summary>What the table of kinds knows of records.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (Record*)o);

    /// <summary>
    /// A new record without attributes, and with room for some, with one reference, the caller's; null if there is no memory.
    /// <paramref name="root"/> is its class's tree of shapes. Inside a section in which the pool was not deleted.
    /// </summary>
    public static Record* Create(Participant* me, PoolHeap* heap, Shape* root, int capacity = FirstCapacity)
    {
        Record* record = Prepare(me, heap, root, capacity);
        if (record != null) SharedObject.Begin((SharedObject*)record, HeaderKind.Record);
        return record;
    }

    /// <summary>
    /// A new record with all the attributes of a shape of its class's tree, and one reference, the caller's; it takes over those
    /// to the values. Null if there is no memory. Inside a section in which the pool was not deleted.
    /// </summary>
    public static Record* Create(Participant* me, PoolHeap* heap, Shape* shape, Value* values)
    {
        Record* record = Prepare(me, heap, shape, Math.Max(shape->Count, FirstCapacity));
        if (record == null) return null;
        for (int i = 0; i < shape->Count; i++) RecordBody.Slots(record->Body)[i] = values[i];
        SharedObject.Begin((SharedObject*)record, HeaderKind.Record);
        return record;
    }

    // A record that lacks its slots' values, and is no object yet.
    static Record* Prepare(Participant* me, PoolHeap* heap, Shape* shape, int capacity)
    {
        Record* record = (Record*)Heap.AllocateObject(me, heap, (nuint)sizeof(Record) + RecordBody.SizeOf(capacity));
        if (record == null) return null;
        *record = default;
        record->Body = FirstBody(record);
        *record->Body = new RecordBody { Shape = shape, ShapeId = shape->Id, Capacity = capacity };
        return record;
    }

    /// <summary>
    /// Deletes the record by hand: later operations answer Deleted, and so does a second call. What it held is released.
    /// </summary>
    public static Status Delete(Participant* me, Record* record)
    {
        Epoch.Enter(me);
        RecordBody* body = TakeBody(record);
        if (body != null) GiveUp(me, record, body, null);
        Epoch.Exit(me);
        return body == null ? Status.Deleted : Status.Done;
    }

    /// <summary>Whether all invariants hold. Only while nobody changes the record.</summary>
    public static bool IsValid(Record* record)
    {
        if (record->Object.Lock != 0) return false;
        RecordBody* body = record->Body;
        if (record->Object.Head.DeletedFlag != 0) return body == null;
        OrderedMap* table = RecordTable.MapOf(body);
        return table == null ? HasItsShape(record) : body->ShapeId == 0 && MapCheck.IsValid(table);
    }

    /// <summary>Whether the body is of its shape. Under the record's lock, of one that has no table.</summary>
    internal static bool HasItsShape(Record* record)
    {
        RecordBody* body = record->Body;
        Shape* shape = body->Shape;
        if (shape->Id != body->ShapeId || shape->Count > body->Capacity) return false;
        for (int i = 0; i < shape->Count; i++)
        {
            if (RecordBody.Slots(body)[i].Kind is ValueKind.Empty or ValueKind.Mark) return false;
            if (Shape.Find(shape, Probe.Of(Shape.Names(shape)[i])) != i) return false;
            if (shape->Id != 0 && i < shape->Count - 1 && Shape.Names(shape)[i] != Shape.Names(shape->Parent)[i]) return false;
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Begin(Record* record, out RecordBody* body)
    {
        body = BodyOf(record);
        return body == null ? Status.Deleted : Status.Done;
    }

    // Null if the record or its pool is deleted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static RecordBody* BodyOf(Record* record)
    {
        if (SharedObject.IsDeleted((SharedObject*)record)) return null;
        Interleaving.Point();
        // Acquire: pairs with the exchange in ShapeChange.Replace; the first load of the section's pointers.
        return (RecordBody*)Volatile.Read(ref *(nint*)&record->Body);
    }

    // Takes the lock, which the caller must give back if there is a body. Of a pool that was deleted there is not even a lock.
    internal static Status Lock(Record* record, out RecordBody* body)
    {
        body = null;
        if (PoolHeap.IsDeleted(Heap.Of(record))) return Status.Deleted;
        ObjectLock.Enter(&record->Object.Lock);
        if (!SharedObject.IsDeleted((SharedObject*)record)) body = record->Body;
        else ObjectLock.Exit(&record->Object.Lock);
        return body == null ? Status.Deleted : Status.Done;
    }

    internal static void Unlock(Record* record, RecordBody* body)
    {
        if (body != null) ObjectLock.Exit(&record->Object.Lock);
    }

    // The first body is a part of the record.
    internal static void RetireBody(Participant* me, Record* record, RecordBody* body)
    {
        if (body != FirstBody(record)) Heap.Retire(me, body);
    }

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        Record* record = (Record*)o;
        // Acquire: pairs with the exchange that puts a copy in its place.
        RecordBody* body = (RecordBody*)Volatile.Read(ref *(nint*)&record->Body);
        if (body == null) return;
        if (body != FirstBody(record)) parts.Block(body);
        OrderedMap* table = RecordTable.MapOf(body);
        if (table != null)
        {
            MapParts.Visit((Header*)table, parts);
            return;
        }
        // Acquire: pairs with the release in RecordAtomics.AddAttribute; the values of its slots are there.
        Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&body->Shape);
        for (int i = 0; i < shape->Count; i++) parts.Value(RecordBody.Load(body, i));
    }

    /// <summary>Releases what a record holds whose last reference is gone. Others may still be reading it.</summary>
    static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        Record* record = (Record*)header;
        RecordBody* body = TakeBody(record);
        fixed (Release* rest = &release)
        {
            if (body != null) GiveUp(me, record, body, rest);
        }
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
            // Full fence: pairs with the acquire in BodyOf.
            body = (RecordBody*)Interlocked.Exchange(ref *(nint*)&record->Body, 0);
        }
        ObjectLock.Exit(&record->Object.Lock);
        return body;
    }

    // What a deleted record had. The references are dropped, or go to a list of what dies.
    static void GiveUp(Participant* me, Record* record, RecordBody* body, Release* release)
    {
        OrderedMap* table = RecordTable.MapOf(body);
        if (table != null) OrderedMap.End(me, table, release);
        else
        {
            Shape* shape = body->Shape;
            for (int i = 0; i < shape->Count; i++) Release.Drop(me, RecordBody.Slots(body)[i], release);
            Shapes.GiveUpPrivate(me, shape);
        }
        RetireBody(me, record, body);
    }
}

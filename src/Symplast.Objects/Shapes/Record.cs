using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The shape of a record and the values of its attributes, which follow the struct; or the beginning of a
/// <see cref="RecordTable"/>.
/// </summary>
internal unsafe struct RecordBody
{
    /// <summary>Null if it is a table, which it is from the beginning or never.</summary>
    internal Shape* Shape;

    /// <summary>The shape's number, so that a reader who knows it needs not look at the shape.</summary>
    internal ulong ShapeId;

    internal long Capacity;

    internal static nuint SizeOf(int capacity) => (nuint)sizeof(RecordBody) + (nuint)capacity * (nuint)sizeof(Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* Slots(RecordBody* body) => (Value*)(body + 1);
}

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
    // Acquire: the first load of the body's, pairs with the exchange in Replace. Which of the two it is never changes.
    internal static OrderedMap* MapOf(RecordBody* body) =>
        Volatile.Read(ref *(nint*)&body->Shape) == 0 ? &((RecordTable*)body)->Map : null;
}

/// <summary>
/// A record as a reader found it: its shape's number, and the body that has it. For the length of the reader's section.
/// </summary>
public readonly unsafe ref struct RecordView
{
    internal readonly RecordBody* Body;

    /// <summary>The number of the shape; 0 if it must not be kept, or the record is deleted.</summary>
    public readonly ulong ShapeId;

    internal RecordView(RecordBody* body, ulong shapeId)
    {
        Body = body;
        ShapeId = shapeId;
    }
}

/// <summary>
/// Records: objects whose attributes have slots by their shape. All methods are thread-safe and enter a section of their own;
/// reading is lock-free, writing takes the record's lock.
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
public unsafe partial struct Record
{
    internal SharedObject Object;

    /// <summary>Shape and values; null once deleted.</summary>
    internal RecordBody* Body;

    internal static RecordBody* FirstBody(Record* record) => (RecordBody*)(record + 1);

    /// <summary>Attributes that a record has room for at least.</summary>
    public const int FirstCapacity = 4;

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
        record->Body = Record.FirstBody(record);
        *record->Body = new RecordBody { Shape = shape, ShapeId = shape->Id, Capacity = capacity };
        return record;
    }

    /// <summary>The value of an attribute, without a reference. Missing if there is none of this name.</summary>
    public static Status Get(Participant* me, Record* record, in Probe name, out Value value) =>
        Get(me, record, name, out value, out _, out _);

    /// <summary>
    /// The same; with a shape number and a slot for <see cref="GetCached"/>. The number is 0 if they must not be kept; the slot
    /// of what records of that shape do not have is -1.
    /// </summary>
    public static Status Get(Participant* me, Record* record, in Probe name, out Value value, out ulong shapeId, out int slot)
    {
        Epoch.Enter(me);
        value = default;
        shapeId = 0;
        slot = -1;
        Status status = Begin(record, out RecordBody* body);
        if (status == Status.Done)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in RecordAtomics.AddAttribute; the shape is filled in, and the values of its slots
            // are there.
            Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&body->Shape);
            if (shape == null) status = OrderedMap.Get(me, RecordTable.MapOf(body), name, out value);
            else
            {
                slot = Shape.Find(shape, name);
                shapeId = shape->Id;
                if (slot < 0) status = Status.Missing;
                else value = Load(body, slot);
            }
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// The value in a slot if the record has that shape, else Missing: the attribute may be there all the same.
    /// </summary>
    public static Status GetCached(Participant* me, Record* record, ulong shapeId, int slot, out Value value)
    {
        Debug.Assert(shapeId != 0);
        Epoch.Enter(me);
        value = default;
        Status status = Begin(record, out RecordBody* body);
        if (status == Status.Done)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in RecordAtomics.AddAttribute.
            if (Volatile.Read(ref body->ShapeId) == shapeId) value = Load(body, slot);
            else status = Status.Missing;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// What <see cref="GetCached"/> does in two steps, for who knows slots by shapes: looks which shape the record has. Inside a
    /// section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordView View(Record* record)
    {
        RecordBody* body = BodyOf(record);
        if (body == null) return default;
        Interleaving.Point();
        // Acquire: pairs with the release in RecordAtomics.AddAttribute.
        return new RecordView(body, Volatile.Read(ref body->ShapeId));
    }

    /// <summary>
    /// The value in a slot of the shape that a view has a number of, without a reference. Inside the view's section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Value Load(RecordView view, int slot)
    {
        Debug.Assert(view.ShapeId != 0);
        return Load(view.Body, slot);
    }

    /// <summary>Number of attributes.</summary>
    public static Status Count(Participant* me, Record* record, out int count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = Begin(record, out RecordBody* body);
        if (status == Status.Done)
        {
            // Acquire: pairs with the release in RecordAtomics.AddAttribute.
            Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&body->Shape);
            if (shape != null) count = shape->Count;
            else status = CountTable(me, RecordTable.MapOf(body), out count);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// The attributes as they are at one instant, in the order of insertion: at most <paramref name="capacity"/>, names and
    /// values each with a reference that is the caller's. <paramref name="count"/> is how many there are. Costs writers the lock
    /// for so long.
    /// </summary>
    public static Status TakeAll(Participant* me, Record* record, Value* names, Value* values, int capacity, out int count)
    {
        count = 0;
        Epoch.Enter(me);
        Status status = Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null)
        {
            CountTable(me, table, out count);
            PrivateSnapshots.TakeAll(table->Root, names, values, 1, (ulong)capacity);
        }
        else if (status == Status.Done)
        {
            count = body->Shape->Count;
            for (int i = 0; i < Math.Min(count, capacity); i++)
            {
                names[i] = Shape.Names(body->Shape)[i];
                values[i] = RecordBody.Slots(body)[i];
                Reference.Take(names[i]);
                Reference.Take(values[i]);
            }
        }
        Unlock(record, body);
        Epoch.Exit(me);
        return status;
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
    static Status Begin(Record* record, out RecordBody* body)
    {
        body = BodyOf(record);
        return body == null ? Status.Deleted : Status.Done;
    }

    // Null if the record or its pool is deleted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static RecordBody* BodyOf(Record* record)
    {
        if (SharedObject.IsDeleted((SharedObject*)record)) return null;
        Interleaving.Point();
        // Acquire: pairs with the exchange in Replace; the first load of the section's pointers.
        return (RecordBody*)Volatile.Read(ref *(nint*)&record->Body);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Load(RecordBody* body, int slot)
    {
        Interleaving.Point();
        // Acquire: pairs with the release in Store, so that what the value points to is filled in.
        return new Value(Volatile.Read(ref *(ulong*)(RecordBody.Slots(body) + slot)));
    }
}

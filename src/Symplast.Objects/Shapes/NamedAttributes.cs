namespace Symplast.Objects;

/// <summary>
/// The attributes of a record by their names. All methods are thread-safe and enter a section of their own. Reading is
/// lock-free, writing takes the record's lock.
/// </summary>
public static unsafe class NamedAttributes
{
    /// <summary>The value of an attribute, without a reference. Missing if there is none of this name.</summary>
    public static Status Get(Participant* me, Record* record, in Probe name, out Value value) =>
        Get(me, record, name, out value, out _, out _);

    /// <summary>
    /// The value of an attribute, with a shape number and a slot for <see cref="RecordView"/> and <see cref="CachedSlots"/>. The
    /// number is 0 if they must not be kept; the slot of what records of that shape do not have is -1.
    /// </summary>
    public static Status Get(Participant* me, Record* record, in Probe name, out Value value, out ulong shapeId, out int slot)
    {
        Epoch.Enter(me);
        value = default;
        shapeId = 0;
        slot = -1;
        Status status = Record.Begin(record, out RecordBody* body);
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
                else value = RecordBody.Load(body, slot);
            }
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Number of attributes.</summary>
    public static Status Count(Participant* me, Record* record, out int count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = Record.Begin(record, out RecordBody* body);
        if (status == Status.Done)
        {
            // Acquire: pairs with the release in RecordAtomics.AddAttribute.
            Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&body->Shape);
            if (shape != null) count = shape->Count;
            else status = RecordTable.Count(me, RecordTable.MapOf(body), out count);
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
        Status status = Record.Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null)
        {
            RecordTable.Count(me, table, out count);
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
        Record.Unlock(record, body);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Sets an attribute, which need not be there.</summary>
    public static Status Set(Participant* me, Record* record, in Probe name, Value value)
    {
        Value old = default;
        Epoch.Enter(me);
        Status status = Record.Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null) status = OrderedMap.Exchange(me, table, name, value, out old);
        else if (status == Status.Done)
        {
            int slot = Shape.Find(body->Shape, name);
            if (slot >= 0) old = RecordBody.Exchange(body, slot, value);
            else status = ShapeChange.Add(me, record, body, name, value);
        }
        Record.Unlock(record, body);
        Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
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
        Status status = Record.Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null) status = OrderedMap.TakeAlone(me, table, name, out value);
        else if (status == Status.Done)
        {
            int slot = Shape.Find(body->Shape, name);
            status = slot < 0 ? Status.Missing : ShapeChange.Remove(me, record, body, slot);
            // The old body stays as it is for as long as this section is open.
            if (status == Status.Done) value = RecordBody.Slots(body)[slot];
        }
        Record.Unlock(record, body);
        Epoch.Exit(me);
        return status;
    }

    static Status Update<TUpdate>(
        Participant* me, Record* record, in Probe name, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        Epoch.Enter(me);
        Status status = Record.Lock(record, out RecordBody* body);
        OrderedMap* table = status == Status.Done ? RecordTable.MapOf(body) : null;
        if (table != null) status = OrderedMap.Update(me, table, name, ref update, out old, out next);
        else if (status == Status.Done)
        {
            int slot = Shape.Find(body->Shape, name);
            status = slot < 0 ? Status.Missing : CachedSlots.Update(me, record, body, slot, ref update, out old, out next);
        }
        Record.Unlock(record, body);
        if (status == Status.Done) Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
    }
}

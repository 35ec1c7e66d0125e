using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Changes attributes of a record whose slots the caller knows by the number of the record's shape, as an inline cache does. All
/// methods are thread-safe and take the record's lock.
/// </summary>
public static unsafe class CachedSlots
{
    /// <summary>
    /// Sets the value in a slot if the record has that shape, else Missing. Takes over the reference to the value if it is done.
    /// Inside a section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Store(Participant* me, Record* record, ulong shapeId, int slot, Value value)
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
                RecordBody.Store(body, slot, value);
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
        Status status = Record.Lock(record, out RecordBody* body);
        if (status == Status.Done)
        {
            if (body->ShapeId != shapeId || extended->Count > body->Capacity) status = Status.Missing;
            else
            {
                RecordAtomics.AddAttribute(body, extended, value);
                Invariants.Check(record, &Record.HasItsShape);
            }
        }
        Record.Unlock(record, body);
        return status;
    }

    /// <summary>
    /// Adds to the number in a slot; false, and nothing is done, if the record has not, or not any more, the shape with that
    /// number: the status is Missing then, or Deleted. <paramref name="sum"/> comes without a reference. Inside a section.
    /// </summary>
    public static bool TryAdd(
        Participant* me, Record* record, ulong shapeId, int slot, Value delta, out Value sum, out Status status)
    {
        Addition update = new(delta);
        return TryUpdate(me, record, shapeId, slot, ref update, out sum, out status);
    }

    /// <summary>
    /// Replaces the value in a slot if it equals <paramref name="expected"/>; else the status is Missing. False, and nothing is
    /// done, if the record does not have the shape with that number: the status is Missing then, or Deleted. Inside a section.
    /// </summary>
    public static bool TryCompareExchange(
        Participant* me, Record* record, ulong shapeId, int slot, in Probe expected, Value value, out Status status)
    {
        ConditionalReplacement update = new(expected, value);
        return TryUpdate(me, record, shapeId, slot, ref update, out _, out status);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryUpdate<TUpdate>(
        Participant* me, Record* record, ulong shapeId, int slot, ref TUpdate update, out Value next, out Status status)
        where TUpdate : struct, IValueChange
    {
        Value old = next = default;
        status = Record.Lock(record, out RecordBody* body);
        bool isKnown = status == Status.Done && RecordAtomics.HasShape(body, shapeId);
        if (isKnown) status = Update(me, record, body, slot, ref update, out old, out next);
        else if (status == Status.Done) status = Status.Missing;
        Record.Unlock(record, body);
        if (isKnown && status == Status.Done) Reference.Drop(me, old);
        return isKnown;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Update<TUpdate>(
        Participant* me, Record* record, RecordBody* body, int slot, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IValueChange
    {
        old = RecordBody.Slots(body)[slot];
        Status status = update.Next(me, Heap.Of(record), old, out next);
        if (status == Status.Done) RecordBody.Store(body, slot, next);
        return status;
    }
}

namespace Symplast.Objects;

// Elements and ranges that are named relative to the end, by what they hold, or by what they were: looked up at the moment of the
// change.
public unsafe partial struct SharedVector
{
    /// <summary>The element at a negative index, counted from the end. Missing if there is none. Lock-free.</summary>
    public static Status GetFromEnd(Participant* me, SharedVector* vector, long index, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        VectorRoot* root = PoolHeap.IsDeleted(Heap.Of(vector)) ? null : CurrentRoot(vector);
        while (root != null)
        {
            Interleaving.Point();
            // Acquire: as in Read.
            long bounds = Volatile.Read(ref root->Bounds);
            if (bounds == VectorRoot.Gone)
            {
                root = CurrentRoot(vector);
                continue;
            }
            long place = VectorRoot.EndOf(bounds) + index;
            if (place < VectorRoot.FirstOf(bounds))
            {
                status = Status.Missing;
                break;
            }
            Value found = Load(VectorRoot.PlaceOf(root, place));
            if (found == Moved)
            {
                // Copied there before the mark, at the same place. None, if the mark is of a later root that shares the bucket.
                // Acquire: as in Successor.
                VectorRoot* forward = (VectorRoot*)Volatile.Read(ref *(nint*)&root->Forward);
                if (forward == null)
                {
                    root = CurrentRoot(vector);
                    continue;
                }
                found = Load(VectorRoot.PlaceOf(forward, place));
            }
            if (found == Dead) break;
            Interleaving.Point();
            // Acquire, after that in Load. The same bounds: the index meant this element between the two, and what was copied is
            // still what it was.
            if (Volatile.Read(ref root->Bounds) != bounds) continue;
            value = found;
            status = Status.Done;
            break;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// The elements from <paramref name="start"/> on, as many as asked for, as they are at one instant, each with a reference
    /// that is the caller's. Missing unless the vector has the length that the caller knows.
    /// </summary>
    public static Status TakeRangeOf(Participant* me, SharedVector* vector, long length, long start, Value* values, long count)
    {
        Epoch.Enter(me);
        Status status = TakeRange(me, vector, start, values, count, out long taken, out long actual, out _);
        if (status == Status.Done && actual != length)
        {
            for (long i = 0; i < taken; i++) Reference.Drop(me, values[i]);
            status = Status.Missing;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Puts an element before the one at an index, as Python's insert does: from the end if that is negative, and no farther than
    /// the ends.
    /// </summary>
    public static Status InsertNear(Participant* me, SharedVector* vector, long index, Value value) =>
        Splice(me, vector, new SliceRange(index, index), &value, 1, null);

    /// <summary>
    /// Takes an element out, with the reference that the vector held; from the end if the index is negative. Missing if there is
    /// none.
    /// </summary>
    public static Status TakeElement(Participant* me, SharedVector* vector, long index, out Value value) =>
        TakeElement(me, vector, index, default, out value);

    /// <summary>The same, unless the guard refuses the element.</summary>
    public static Status TakeElement(Participant* me, SharedVector* vector, long index, in ValueGuard guard, out Value value)
    {
        Value taken = default;
        Status status = Splice(me, vector, new GuardedRange(index, guard), null, 0, &taken);
        value = taken;
        return status;
    }

    /// <summary>Drops an element, from the end if the index is negative. Missing if there is none.</summary>
    public static Status RemoveElement(Participant* me, SharedVector* vector, long index) =>
        Splice(me, vector, new ElementRange(index), null, 0, null);

    /// <summary>
    /// Replaces the elements from one index to another, as Python's slices mean them, by others, at one instant.
    /// </summary>
    public static Status ReplaceSlice(Participant* me, SharedVector* vector, long start, long stop, Value* values, long count) =>
        Splice(me, vector, new SliceRange(start, stop), values, count, null);

    /// <summary>The same with values whose references become the vector's if it is done; else they stay the caller's.</summary>
    public static Status GiveSlice(Participant* me, SharedVector* vector, long start, long stop, Value* values, long count) =>
        Splice(me, vector, new SliceRange(start, stop), values, count, null, areOwned: true);

    /// <summary>Replaces all elements by others, unless the vector changed since a snapshot: Missing then.</summary>
    public static Status ReplaceUnchanged(
        Participant* me, SharedVector* vector, in VectorSnapshot seen, Value* values, long count) =>
        Splice(me, vector, new UnchangedRange(seen.Version), values, count, null);

    /// <summary>
    /// Drops the first element that equals <paramref name="wanted"/>. Missing if there is none; WrongKind if an element before it
    /// can only be compared by a higher floor.
    /// </summary>
    public static Status Remove(Participant* me, SharedVector* vector, in Probe wanted) =>
        Splice(me, vector, new EqualRange(wanted), null, 0, null);

    /// <summary>
    /// Drops the element at an index if it is this very value, to which the caller holds a reference; Missing if it is not.
    /// </summary>
    public static Status RemoveSame(Participant* me, SharedVector* vector, long index, Value expected) =>
        Splice(me, vector, new SameRange(index, expected), null, 0, null);

    // An element counted from the end: under the lock, since an open vector can grow meanwhile.
    static Status UpdateFromEnd<TUpdate>(
        Participant* me, SharedVector* vector, long index, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        bool hasCollided = !ObjectLock.TryEnter(&vector->Object.Lock);
        if (hasCollided) ObjectLock.EnterContended(&vector->Object.Lock);
        VectorRoot* root = vector->Root;
        // What is still negative is Missing.
        if (root != null) index += VectorRoot.LengthOf(root->Bounds);
        return UpdateLocked(me, vector, index, ref update, hasCollided, out old, out next);
    }
}

namespace Symplast.Objects;

/// <summary>
/// A vector that any number of threads use at once: elements never move while the vector only grows; reading locks and writes
/// nothing. All methods are thread-safe; each enters a section of its own.
/// </summary>
/// <remarks>
/// <para>Buckets of doubling size behind a root (Dechev, Pirkelbauer, Stroustrup, "Lock-free dynamically resizable arrays",
/// OPODIS 2006); writers that change the length hold the vector's lock. A root is in one of two states:</para>
/// <para><b>Guarded.</b> Elements are set under the lock. Whatever changes the length or the order works on words that nobody
/// else writes: append (store the word, then publish the bounds), pop at either end (publish the bounds), and copy-and-swap of
/// the root for the rest, which shares the buckets before the first change.</para>
/// <para><b>Open.</b> Elements are set by compare-and-swap without the lock; the length only grows. A guarded root is opened in
/// place after <see cref="SharedVector.Patience"/> + length/4 collisions, so that what closing it again costs is paid for. As
/// long as threads do not meet, the lock is cheaper, and nothing has to be closed.</para>
/// <para><b>The bounds</b>, one word, are the places of the first element and after the last one: element i is at place first +
/// i. In one root the first only grows, by removing the first element; a root in whose place more room before the first element
/// is needed is replaced, by one that shares all buckets if there is such room, else by a copy with room for half as many
/// elements again. When what lies before the first element is as long as the vector, removing copies. So both cost little on
/// average.</para>
/// <para><b>Closing</b>, under the lock, makes of an open root a guarded one with the same elements: buckets of the same layout
/// are allocated and the new root is published in <see cref="VectorRoot.Forward"/>; then each word is copied and, if it is still
/// the same, exchanged for the mark Moved (C. Click's freezing; NonBlocking's Boxed.Freeze). A reader that finds Moved reads at
/// the same index of the forward root; a setter waits for the lock. No set is lost: its exchange comes before the freezing one,
/// which then sees it and copies again, or fails.</para>
/// <para><b>Reading</b>: bounds, word, bounds again, all from one root. A root that was replaced has the bounds Gone from before
/// the next change on, and the first place never comes back to what it was, so a reader that finds the same first place, and the
/// index in range both times, read a word that was the element at a moment between. (Once is not enough: after a pop, append
/// writes the word before it publishes the bounds.)</para>
/// <para><b>Deleting</b>: the root is taken out and the flag set under the lock; then every word is exchanged for the mark Dead,
/// and who exchanged a value drops it.</para>
/// <para>Setting under the lock always would be simpler; but two threads that set different elements would wait for each other.
/// Setting without it always would make each insertion pay an interlocked operation for every element.</para>
/// </remarks>
public unsafe struct SharedVector
{
    internal SharedObject Object;

    /// <summary>Changes under the lock, since the vector was made. Under the lock.</summary>
    internal long Version;

    /// <summary>Under the lock: how often a thread that would set an element found it taken since the root was guarded.</summary>
    internal long Collisions;

    /// <summary>How many such there must be, besides a quarter of the length, before elements are set without the lock.</summary>
    internal int Patience;

    /// <summary>Whether elements that are set count as collisions always: for tests.</summary>
    internal bool IsHasty;

    /// <summary>Binary logarithm of the first bucket's size.</summary>
    internal int FirstShift;

    /// <summary>
    /// Who changed the version last. Under the lock. The lock, which writers take, lies in another cache line than what all
    /// readers read.
    /// </summary>
    internal Participant* Writer;

    /// <summary>What readers begin with; null once deleted.</summary>
    internal VectorRoot* Root;

    const int DefaultShift = 3;
    const int DefaultPatience = 64;

    /// <summary>What the table of kinds knows of vectors.</summary>
    internal static Structure Structure => new(&VectorDismantling.ReleaseContents, &VectorParts.Visit, &DeleteObject);

    /// <summary>
    /// A new, empty vector with one reference, the caller's; null if there is no memory. Inside a section in which the pool was
    /// not deleted.
    /// </summary>
    public static SharedVector* Create(Participant* me, PoolHeap* heap) =>
        Create(me, heap, DefaultShift, DefaultPatience, isHasty: false);

    /// <summary>For tests: with a first bucket of another size, and another patience, for which each set counts.</summary>
    internal static SharedVector* Create(Participant* me, PoolHeap* heap, int firstShift, int patience, bool isHasty = true)
    {
        SharedVector* vector = (SharedVector*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedVector));
        if (vector == null) return null;
        VectorRoot* root = VectorAllocation.NewRoot(me, heap, firstShift, VectorAllocation.FirstCapacity);
        if (root == null)
        {
            Heap.Free(me, vector);
            return null;
        }
        *vector = default;
        vector->Root = root;
        vector->FirstShift = firstShift;
        vector->Patience = patience;
        vector->IsHasty = isHasty;
        SharedObject.Begin((SharedObject*)vector, HeaderKind.Vector);
        return vector;
    }

    /// <summary>The number of elements.</summary>
    public static Status Count(Participant* me, SharedVector* vector, out long count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = Status.Deleted;
        while (!PoolHeap.IsDeleted(Heap.Of(vector)))
        {
            VectorRoot* root = VectorPublication.Current(vector);
            if (root == null) break;
            Interleaving.Point();
            // Acquire: pairs with the release in Publish. Gone: another root is there by now.
            long bounds = Volatile.Read(ref root->Bounds);
            if (bounds == VectorRoot.Gone) continue;
            count = VectorRoot.EndOf(bounds) - VectorRoot.FirstOf(bounds);
            status = Status.Done;
            break;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>The element at an index, from 0. Missing if there is none. Lock-free.</summary>
    public static Status Get(Participant* me, SharedVector* vector, long index, out Value value)
    {
        Epoch.Enter(me);
        Status status = VectorReading.Read(vector, index, out value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>The element at a negative index, counted from the end. Missing if there is none. Lock-free.</summary>
    public static Status GetFromEnd(Participant* me, SharedVector* vector, long index, out Value value) =>
        VectorReading.GetFromEnd(me, vector, index, out value);

    /// <summary>
    /// The first index from <paramref name="start"/> on, below <paramref name="end"/>, whose element equals
    /// <paramref name="wanted"/>; Missing if there is none. Lock-free; each element is looked at once, at a moment of its own.
    /// </summary>
    public static Status IndexOf(Participant* me, SharedVector* vector, in Probe wanted, long start, long end, out long index) =>
        VectorReading.IndexOf(me, vector, wanted, start, end, out index);

    /// <summary>
    /// Up to <paramref name="capacity"/> elements from <paramref name="start"/> on, without references, so inside a section of
    /// the caller's. Each is read at a moment of its own; TakeRange reads all at one moment. Lock-free.
    /// </summary>
    public static Status Read(Participant* me, SharedVector* vector, long start, Value* values, int capacity, out int count) =>
        VectorReading.Read(me, vector, start, values, capacity, out count);

    /// <summary>
    /// The elements from <paramref name="start"/> on as they are at one instant, each with a reference that is the caller's: at
    /// most <paramref name="capacity"/>. Missing if the vector is shorter than <paramref name="start"/>. Costs writers the lock
    /// for so long, readers nothing.
    /// </summary>
    public static Status TakeRange(
        Participant* me, SharedVector* vector, long start, Value* values, long capacity, out long count) =>
        VectorReading.TakeRange(me, vector, start, values, capacity, out count, out _, out _);

    /// <summary>
    /// The elements from <paramref name="start"/> on, as many as asked for, as they are at one instant, each with a reference
    /// that is the caller's. Missing unless the vector has the length that the caller knows.
    /// </summary>
    public static Status TakeRangeOf(Participant* me, SharedVector* vector, long length, long start, Value* values, long count) =>
        VectorReading.TakeRangeOf(me, vector, length, start, values, count);

    /// <summary>The elements as they are at one instant. Costs writers the lock for the time of a copy, readers nothing.
    /// <see cref="VectorSnapshot.Release"/> ends it.</summary>
    public static Status Snapshot(Participant* me, SharedVector* vector, out VectorSnapshot snapshot) =>
        VectorSnapshot.Take(me, vector, out snapshot);

    /// <summary>Replaces the element at an index, from the end if that is negative. Missing if there is none.</summary>
    public static Status Set(Participant* me, SharedVector* vector, long index, Value value)
    {
        Replacement update = new(value);
        return VectorUpdates.Update(me, vector, index, ref update, out _, out _);
    }

    /// <summary>
    /// Replaces the element at an index, from the end if that is negative, if it equals <paramref name="expected"/>; Missing if
    /// it does not, or there is none. <paramref name="seen"/> is what was there (empty if there is none), without a reference.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, SharedVector* vector, long index, in Probe expected, Value value, out Value seen)
    {
        ConditionalReplacement update = new(expected, value);
        return VectorUpdates.Update(me, vector, index, ref update, out seen, out _);
    }

    /// <summary>Adds to the number at an index, from the end if negative; <paramref name="sum"/> has no reference.</summary>
    public static Status Add(Participant* me, SharedVector* vector, long index, Value delta, out Value sum)
    {
        Addition update = new(delta);
        return VectorUpdates.Update(me, vector, index, ref update, out _, out sum);
    }

    /// <summary>Adds an element at the end.</summary>
    public static Status Append(Participant* me, SharedVector* vector, Value value)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)vector))
        {
            ObjectLock.Enter(&vector->Object.Lock);
            // Null once deleted, under the lock.
            VectorRoot* root = vector->Root;
            if (root != null) status = VectorEnds.Append(me, vector, root, value);
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Adds elements at the end, at one instant.</summary>
    public static Status Extend(Participant* me, SharedVector* vector, Value* values, long count)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)vector))
        {
            ObjectLock.Enter(&vector->Object.Lock);
            if (vector->Root != null) status = VectorEnds.Extend(me, vector, vector->Root, values, count);
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Takes the last element out, with the vector's reference. Missing if the vector is empty, Refused if the guard does not
    /// accept the element.
    /// </summary>
    public static Status TakeLast(Participant* me, SharedVector* vector, in ValueGuard guard, out Value value) =>
        VectorEnds.TakeLast(me, vector, guard, out value);

    /// <summary>
    /// Puts an element before the one at an index, as Python's insert does: from the end if that is negative, and no farther than
    /// the ends.
    /// </summary>
    public static Status InsertNear(Participant* me, SharedVector* vector, long index, Value value) =>
        VectorSplices.Splice(me, vector, new SliceRange(index, index), &value, 1, null);

    /// <summary>
    /// Takes an element, from the end if the index is negative, with the vector's reference. Missing if there is none, Refused if
    /// the guard does not accept it.
    /// </summary>
    public static Status TakeElement(Participant* me, SharedVector* vector, long index, in ValueGuard guard, out Value value)
    {
        value = default;
        fixed (Value* taken = &value) return VectorSplices.Splice(me, vector, new ElementRange(index, guard), null, 0, taken);
    }

    /// <summary>Drops an element, from the end if the index is negative. Missing if there is none.</summary>
    public static Status RemoveElement(Participant* me, SharedVector* vector, long index) =>
        VectorSplices.Splice(me, vector, new ElementRange(index), null, 0, null);

    /// <summary>Replaces the elements between two indexes, as Python's slices mean them, by others, at one instant.</summary>
    public static Status ReplaceSlice(Participant* me, SharedVector* vector, long start, long stop, Value* values, long count) =>
        VectorSplices.Splice(me, vector, new SliceRange(start, stop), values, count, null);

    /// <summary>
    /// Replaces the elements between two indexes, at one instant. The references to the values become the vector's if it is done;
    /// else they stay the caller's.
    /// </summary>
    public static Status GiveSlice(Participant* me, SharedVector* vector, long start, long stop, Value* values, long count) =>
        VectorSplices.Splice(me, vector, new SliceRange(start, stop), values, count, null, areOwned: true);

    /// <summary>Replaces all elements by others, unless the vector changed since a snapshot: Missing then.</summary>
    public static Status ReplaceUnchanged(
        Participant* me, SharedVector* vector, in VectorSnapshot seen, Value* values, long count) =>
        VectorSplices.Splice(me, vector, new UnchangedRange(seen.Version), values, count, null);

    /// <summary>
    /// Drops the first element that equals <paramref name="wanted"/>. Missing if there is none; WrongKind if an element before it
    /// can only be compared by a higher floor.
    /// </summary>
    public static Status Remove(Participant* me, SharedVector* vector, in Probe wanted) =>
        VectorSplices.Splice(me, vector, new EqualRange(wanted), null, 0, null);

    /// <summary>Drops the element at an index of a snapshot, unless the vector changed since; Missing then.</summary>
    public static Status RemoveUnchanged(Participant* me, SharedVector* vector, long index, in VectorSnapshot seen) =>
        VectorSplices.Splice(me, vector, new UnchangedElement(index, seen.Version), null, 0, null);

    /// <summary>Drops the element at an index if it is this value, to which the caller has a reference; else Missing.</summary>
    public static Status RemoveSame(Participant* me, SharedVector* vector, long index, Value expected) =>
        VectorSplices.Splice(me, vector, new SameRange(index, expected), null, 0, null);

    /// <summary>Drops all elements.</summary>
    public static Status Clear(Participant* me, SharedVector* vector) => VectorSplices.Clear(me, vector);

    /// <summary>Turns the order round.</summary>
    public static Status Reverse(Participant* me, SharedVector* vector) => VectorSplices.Reverse(me, vector);

    /// <summary>
    /// Sorts, stably. Missing if another thread changed the vector meanwhile, or the comparison failed: nothing changed then, and
    /// the caller may try again. Not inside a section, since foreign code compares: it sees and may change the vector.
    /// </summary>
    public static Status Sort<TOrder>(Participant* me, SharedVector* vector, ref TOrder order)
        where TOrder : struct, IValueOrder => VectorSorting.Sort(me, vector, ref order);

    /// <summary>
    /// Sorts, stably, a vector of numbers that are inline, or of text, or of bytes; the other way round, if so wanted. WrongKind
    /// if it is of others, or has a NaN; Missing if another thread changed it meanwhile. Nothing changed then. Not inside a
    /// section.
    /// </summary>
    public static Status SortPlain(Participant* me, SharedVector* vector, bool isReversed) =>
        VectorSorting.SortPlain(me, vector, isReversed);

    /// <summary>
    /// Whether a participant was the last to change the vector, but for elements that were set without the lock. A hint: others
    /// may have changed it since.
    /// </summary>
    public static bool WasChangedBy(Participant* me, SharedVector* vector) => vector->Writer == me;

    /// <summary>Deletes by hand and releases what the vector held. Later operations answer Deleted, as a second call.</summary>
    public static Status Delete(Participant* me, SharedVector* vector) => VectorDismantling.Delete(me, vector);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedVector*)o);

    /// <summary>Whether all invariants hold. Only while nobody changes the vector.</summary>
    public static bool IsValid(SharedVector* vector)
    {
        VectorRoot* root = vector->Root;
        if (vector->Object.Lock != 0) return false;
        if (vector->Object.Head.DeletedFlag != 0) return root == null;
        if (root->FirstShift != vector->FirstShift || !VectorRoot.IsFilled(root)) return false;
        for (long place = VectorRoot.FirstOf(root->Bounds); place < VectorRoot.EndOf(root->Bounds); place++)
        {
            Value value = *VectorRoot.PlaceOf(root, place);
            if (value.IsCounted && value.Head->Count <= 0) return false;
        }
        return true;
    }
}

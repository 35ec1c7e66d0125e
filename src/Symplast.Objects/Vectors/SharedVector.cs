using System.Runtime.CompilerServices;

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
public unsafe partial struct SharedVector
{
    internal SharedObject Object;

    /// <summary>Changes under the lock, since the vector was made. Under the lock.</summary>
    internal long Version;

    /// <summary>
    /// How often, since the root was guarded, a thread that wanted to set an element found the lock taken. Under the lock.
    /// </summary>
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

    const int FirstCapacity = 4;
    const int DefaultShift = 3;
    const int DefaultPatience = 64;

    internal static Value Moved => Value.Mark(1);

    internal static Value Dead => Value.Mark(2);

    /// <summary>
    /// A new, empty vector with one reference, the caller's; null if there is no memory. Inside a section in which the pool was
    /// not deleted.
    /// </summary>
    public static SharedVector* Create(Participant* me, PoolHeap* heap) =>
        Create(me, heap, DefaultShift, DefaultPatience, isHasty: false);

    /// <summary>
    /// The same with a first bucket of another size, and another patience, for which each set counts: for tests.
    /// </summary>
    internal static SharedVector* Create(Participant* me, PoolHeap* heap, int firstShift, int patience, bool isHasty = true)
    {
        SharedVector* vector = (SharedVector*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedVector));
        if (vector == null) return null;
        VectorRoot* root = NewRoot(me, heap, firstShift, FirstCapacity);
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
            VectorRoot* root = CurrentRoot(vector);
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
        Status status = Read(vector, index, out value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Replaces the element at an index, from the end if that is negative. Missing if there is none.</summary>
    public static Status Set(Participant* me, SharedVector* vector, long index, Value value)
    {
        Replacement update = new(value);
        return Update(me, vector, index, ref update, out _, out _);
    }

    /// <summary>
    /// Replaces the element at an index, from the end if that is negative, if it equals <paramref name="expected"/>; Missing if
    /// it does not, or there is none. <paramref name="seen"/> is what was there (empty if there is none), without a reference.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, SharedVector* vector, long index, in Probe expected, Value value, out Value seen)
    {
        ConditionalReplacement update = new(expected, value);
        return Update(me, vector, index, ref update, out seen, out _);
    }

    /// <summary>
    /// Adds to the number at an index, from the end if that is negative; <paramref name="sum"/> comes without a reference.
    /// </summary>
    public static Status Add(Participant* me, SharedVector* vector, long index, Value delta, out Value sum)
    {
        Addition update = new(delta);
        return Update(me, vector, index, ref update, out _, out sum);
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
            if (root != null) status = Append(me, vector, root, value);
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
            if (vector->Root != null) status = Extend(me, vector, vector->Root, values, count);
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Takes the last element out, with the reference that the vector held. Missing if the vector is empty.</summary>
    public static Status TakeLast(Participant* me, SharedVector* vector, out Value value) =>
        TakeLast(me, vector, default, out value);

    /// <summary>The same, unless the guard refuses the element.</summary>
    public static Status TakeLast(Participant* me, SharedVector* vector, in ValueGuard guard, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        if (status == Status.Done)
        {
            long bounds = root->Bounds;
            long end = VectorRoot.EndOf(bounds);
            if (end == VectorRoot.FirstOf(bounds)) status = Status.Missing;
            else if (!guard.Accepts(*VectorRoot.PlaceOf(root, end - 1))) status = Status.Refused;
            else
            {
                value = *VectorRoot.PlaceOf(root, end - 1);
                Publish(root, bounds - VectorRoot.OneMore);
                Change(me, vector);
                // The last bucket and the one before are empty.
                if (VectorRoot.BucketOf(end - 1, root->FirstShift) < root->Used - 2) Shrink(me, vector, root);
            }
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Read(SharedVector* vector, long index, out Value value)
    {
        value = default;
        // Whether the vector itself was deleted is for the root to say: the flag lies beside the lock.
        if (PoolHeap.IsDeleted(Heap.Of(vector))) return Status.Deleted;
        if (index < 0) return Status.Missing;
        VectorRoot* root = CurrentRoot(vector);
        while (root != null)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in Publish, so that the bucket and the word are there.
            long bounds = Volatile.Read(ref root->Bounds);
            long place = VectorRoot.FirstOf(bounds) + index;
            if (place >= VectorRoot.EndOf(bounds))
            {
                if (bounds != VectorRoot.Gone) return Status.Missing;
                root = CurrentRoot(vector);
                continue;
            }
            Value found = Load(VectorRoot.PlaceOf(root, place));
            if (found.IsMark)
            {
                if (found == Dead) return Status.Deleted;
                root = Successor(vector, root);
                continue;
            }
            Interleaving.Point();
            long after = VectorAtomics.BoundsAgain(root, bounds);
            if (after == bounds || (VectorRoot.FirstOf(after) == VectorRoot.FirstOf(bounds) && place < VectorRoot.EndOf(after)))
            {
                value = found;
                return Status.Done;
            }
        }
        return Status.Deleted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static VectorRoot* CurrentRoot(SharedVector* vector)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchange in Replace; the first load of the section's pointers.
        return (VectorRoot*)Volatile.Read(ref *(nint*)&vector->Root);
    }

    // After a Moved: the root that is being filled, or the vector's present one if that happened long ago.
    static VectorRoot* Successor(SharedVector* vector, VectorRoot* root)
    {
        // Acquire: pairs with the release in Close, which comes before every Moved.
        VectorRoot* forward = (VectorRoot*)Volatile.Read(ref *(nint*)&root->Forward);
        return forward != null ? forward : CurrentRoot(vector);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Load(Value* place)
    {
        Interleaving.Point();
        // Acquire: pairs with the release in Store and the exchange in TrySet, so that what the value points to is filled
        // in.
        return new Value(Volatile.Read(ref *(ulong*)place));
    }

    internal static void Store(Value* place, Value value)
    {
        Interleaving.Point();
        // Release: pairs with the acquire in Load.
        Volatile.Write(ref *(ulong*)place, value.Bits);
    }
}

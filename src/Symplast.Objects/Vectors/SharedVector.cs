using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>A vector in a pool. Its operations are in <see cref="SharedVector{THook}"/>.</summary>
public unsafe struct SharedVector
{
    internal SharedObject Object;

    /// <summary>What readers begin with; null once deleted.</summary>
    internal VectorRoot* Root;

    /// <summary>Changes under the lock, since the vector was made. Under the lock.</summary>
    internal long Version;

    /// <summary>Elements set under the lock since the root was guarded. Under the lock.</summary>
    internal long GuardedSets;

    /// <summary>How many such there must be, besides a quarter of the length, before elements are set without the lock.</summary>
    internal int Patience;

    /// <summary>Binary logarithm of the first bucket's size.</summary>
    internal int FirstShift;
}

/// <summary>The length and the buckets of a vector; pointers to the buckets follow the struct. Bucket k holds 2^(k + FirstShift) values.</summary>
internal unsafe struct VectorRoot
{
    internal const long Gone = -1;

    /// <summary>Number of elements; <see cref="Gone"/> once another root has taken this one's place.</summary>
    internal long Length;

    /// <summary>The root that is being filled in this one's place, with the same elements at the same indexes.</summary>
    internal VectorRoot* Forward;

    /// <summary>1 if elements are set by compare-and-swap, 0 if they are set under the lock.</summary>
    internal int Open;

    internal int FirstShift;

    /// <summary>Number of buckets that exist.</summary>
    internal int Used;

    /// <summary>Number of bucket pointers that have room.</summary>
    internal int Capacity;

    internal static Value** Buckets(VectorRoot* root) => (Value**)(root + 1);

    internal static nuint SizeOf(int capacity) => (nuint)sizeof(VectorRoot) + (nuint)capacity * (nuint)sizeof(Value*);

    /// <summary>The bucket of an index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int BucketOf(long index, int firstShift) =>
        63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)index + (1UL << firstShift)) - firstShift;

    /// <summary>The first index of a bucket.</summary>
    internal static long StartOf(int bucket, int firstShift) => (1L << bucket + firstShift) - (1L << firstShift);

    /// <summary>Number of values in a bucket.</summary>
    internal static long SizeOf(int bucket, int firstShift) => 1L << bucket + firstShift;

    /// <summary>The place of an element, which must be in a bucket that exists.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* PlaceOf(VectorRoot* root, long index)
    {
        int bucket = BucketOf(index, root->FirstShift);
        return Buckets(root)[bucket] + (index - StartOf(bucket, root->FirstShift));
    }
}

/// <summary>
/// A vector that any number of threads use at once: elements never move while the vector only grows; reading locks and writes nothing. All methods
/// are thread-safe; each enters a section of its own.
/// </summary>
/// <remarks>
/// <para>Buckets of doubling size behind a root (Dechev, Pirkelbauer, Stroustrup, "Lock-free dynamically resizable arrays", OPODIS 2006); writers
/// that change the length hold the vector's lock. A root is in one of two states:</para>
/// <para><b>Guarded.</b> Elements are set under the lock. Whatever changes the length or the order works on words that nobody else writes: append
/// (store the word, then publish the length), pop (publish the length), and copy-and-swap of the root for the rest, which shares the buckets before
/// the first change.</para>
/// <para><b>Open.</b> Elements are set by compare-and-swap without the lock; the length only grows. A guarded root is opened in place after
/// <see cref="SharedVector.Patience"/> + length/4 sets, so that what closing it again costs is paid for.</para>
/// <para><b>Closing</b>, under the lock, makes of an open root a guarded one with the same elements: buckets of the same layout are allocated and the
/// new root is published in <see cref="VectorRoot.Forward"/>; then each word is copied and, if it is still the same, exchanged for the mark Moved (C.
/// Click's freezing; NonBlocking's Boxed.Freeze). A reader that finds Moved reads at the same index of the forward root; a setter waits for the lock.
/// No set is lost: its exchange comes before the freezing one, which then sees it and copies again, or fails.</para>
/// <para><b>Reading</b>: length, word, length again, all from one root. A root that was replaced has the length Gone from before the next change on,
/// so a reader that finds the index in range both times read a word that was the element at a moment between. (Once is not enough: after a pop,
/// append writes the word before it publishes the length.)</para>
/// <para><b>Deleting</b>: the flag is set and the root taken out under the lock; then every word is exchanged for the mark Dead, and who exchanged a
/// value drops it.</para>
/// <para>Setting under the lock always would be simpler, and copies would cost a fifth; but two threads that set different elements would wait for
/// each other. Setting without it always would make each insertion pay an interlocked operation for every element.</para>
/// </remarks>
public static unsafe partial class SharedVector<THook> where THook : struct, IInterleaving
{
    const int FirstCapacity = 4;
    const int DefaultShift = 3;
    const int DefaultPatience = 64;

    static Value Moved => Value.Mark(1);

    static Value Dead => Value.Mark(2);

    /// <summary>A new, empty vector with one reference, the caller's; null if there is no memory. Inside a section in which the pool was not
    /// deleted.</summary>
    public static SharedVector* Create(Participant* me, PoolHeap* heap) => Create(me, heap, DefaultShift, DefaultPatience);

    /// <summary>The same with a first bucket of another size, and another patience: for tests.</summary>
    internal static SharedVector* Create(Participant* me, PoolHeap* heap, int firstShift, int patience)
    {
        SharedVector* vector = (SharedVector*)Heap.Allocate(me, heap, (nuint)sizeof(SharedVector));
        if (vector == null) return null;
        VectorRoot* root = NewRoot(me, heap, firstShift, FirstCapacity);
        if (root == null)
        {
            Heap.Free(me, vector);
            return null;
        }
        *vector = default;
        vector->Object.Head.Count = 1;
        vector->Object.Head.Kind = HeaderKind.Vector;
        vector->Root = root;
        vector->FirstShift = firstShift;
        vector->Patience = patience;
        return vector;
    }

    /// <summary>The number of elements.</summary>
    public static Status Count(Participant* me, SharedVector* vector, out long count)
    {
        Epoch.Enter(me);
        count = 0;
        Status status = Status.Deleted;
        while (!SharedObject.IsDeleted((SharedObject*)vector))
        {
            VectorRoot* root = CurrentRoot(vector);
            if (root == null) break;
            THook.Point();
            // Acquire: pairs with the release in Publish. Gone: another root is there by now.
            count = Volatile.Read(ref root->Length);
            if (count == VectorRoot.Gone) continue;
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

    /// <summary>Replaces the element at an index. Missing if there is none.</summary>
    public static Status Set(Participant* me, SharedVector* vector, long index, Value value)
    {
        Replacement update = new(value);
        return Update(me, vector, index, ref update, out _, out _);
    }

    /// <summary>
    /// Replaces the element at an index if it equals <paramref name="expected"/>; Missing if it does not, or there is none. <paramref name="seen"/>
    /// is what was there (empty if there is none), without a reference.
    /// </summary>
    public static Status CompareExchange(Participant* me, SharedVector* vector, long index, in Probe expected, Value value, out Value seen)
    {
        ConditionalReplacement update = new(expected, value);
        return Update(me, vector, index, ref update, out seen, out _);
    }

    /// <summary>Adds to the number at an index; <paramref name="sum"/> comes without a reference.</summary>
    public static Status Add(Participant* me, SharedVector* vector, long index, Value delta, out Value sum)
    {
        Addition update = new(delta);
        return Update(me, vector, index, ref update, out _, out sum);
    }

    /// <summary>Adds an element at the end.</summary>
    public static Status Append(Participant* me, SharedVector* vector, Value value) => Extend(me, vector, &value, 1);

    /// <summary>Adds elements at the end, at one instant.</summary>
    public static Status Extend(Participant* me, SharedVector* vector, Value* values, long count)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(vector)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        ObjectLock.Enter<THook>(&vector->Object.Lock);
        Status status = SharedObject.IsDeleted((SharedObject*)vector) ? Status.Deleted : Extend(me, vector, vector->Root, values, count);
        ObjectLock.Exit<THook>(&vector->Object.Lock);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Takes the last element out, with the reference that the vector held. Missing if the vector is empty.</summary>
    public static Status TakeLast(Participant* me, SharedVector* vector, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        if (status == Status.Done)
        {
            if (root->Length == 0) status = Status.Missing;
            else
            {
                value = *VectorRoot.PlaceOf(root, root->Length - 1);
                Publish(root, root->Length - 1);
                vector->Version++;
                Shrink(me, vector, root);
            }
        }
        if (root != null) ObjectLock.Exit<THook>(&vector->Object.Lock);
        Epoch.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Read(SharedVector* vector, long index, out Value value)
    {
        value = default;
        if (SharedObject.IsDeleted((SharedObject*)vector)) return Status.Deleted;
        if (index < 0) return Status.Missing;
        VectorRoot* root = CurrentRoot(vector);
        while (root != null)
        {
            THook.Point();
            // Acquire: pairs with the release in Publish, so that the bucket and the word are there.
            long length = Volatile.Read(ref root->Length);
            if (index < length)
            {
                Value found = Load(VectorRoot.PlaceOf(root, index));
                if (found == Dead) return Status.Deleted;
                if (found == Moved)
                {
                    root = Successor(vector, root);
                    continue;
                }
                THook.Point();
                // Acquire, after that in Load: whoever wrote the word after another change had first published the length, or Gone.
                if (!THook.Omits(VectorStep.LengthIsReadAgain)) length = Volatile.Read(ref root->Length);
                if (index < length)
                {
                    value = found;
                    return Status.Done;
                }
            }
            if (length != VectorRoot.Gone) return Status.Missing;
            root = CurrentRoot(vector);
        }
        return Status.Deleted;
    }

    static Status Update<TUpdate>(Participant* me, SharedVector* vector, long index, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        Epoch.Enter(me);
        if (!TryUpdateOpen(me, vector, index, ref update, out old, out next, out Status status))
        {
            ObjectLock.Enter<THook>(&vector->Object.Lock);
            // Under the lock no root is closed and none deleted.
            if (!TryUpdateOpen(me, vector, index, ref update, out old, out next, out status))
            {
                status = UpdateGuarded(me, vector, index, ref update, out old, out next);
            }
            ObjectLock.Exit<THook>(&vector->Object.Lock);
        }
        if (status == Status.Done) Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
    }

    // False if the lock is needed.
    static bool TryUpdateOpen<TUpdate>(Participant* me, SharedVector* vector, long index, ref TUpdate update, out Value old, out Value next, out Status status)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        status = Status.Deleted;
        if (SharedObject.IsDeleted((SharedObject*)vector)) return true;
        VectorRoot* root = CurrentRoot(vector);
        if (root == null) return true;
        THook.Point();
        // Acquire: pairs with the release in UpdateGuarded. The length is read after it: an open root does not lose elements.
        if (Volatile.Read(ref root->Open) == 0) return false;
        THook.Point();
        // Acquire: pairs with the release in Publish.
        long length = Volatile.Read(ref root->Length);
        if (length == VectorRoot.Gone) return false;
        if ((ulong)index >= (ulong)length)
        {
            status = Status.Missing;
            return true;
        }
        Value* place = VectorRoot.PlaceOf(root, index);
        PoolHeap* heap = Heap.Of(vector);
        while (true)
        {
            old = Load(place);
            if (old == Moved || old == Dead) return false;
            status = update.Next(me, heap, old, out next);
            if (status != Status.Done) return true;
            THook.Point();
            // Full fence: pairs with the freezing exchange in Close and that of Delete; publishes what the value points to for Load.
            if (Interlocked.CompareExchange(ref *(ulong*)place, next.Bits, old.Bits) == old.Bits) return true;
            if (THook.Omits(VectorStep.SettingCompares))
            {
                Store(place, next);
                return true;
            }
            Reference.Drop(me, next);
        }
    }

    static Status UpdateGuarded<TUpdate>(Participant* me, SharedVector* vector, long index, ref TUpdate update, out Value old, out Value next)
        where TUpdate : struct, IUpdate
    {
        old = next = default;
        if (SharedObject.IsDeleted((SharedObject*)vector)) return Status.Deleted;
        VectorRoot* root = vector->Root;
        if ((ulong)index >= (ulong)root->Length) return Status.Missing;
        Value* place = VectorRoot.PlaceOf(root, index);
        old = *place;
        Status status = update.Next(me, Heap.Of(vector), old, out next);
        if (status != Status.Done) return status;
        Store(place, next);
        vector->Version++;
        if (++vector->GuardedSets > vector->Patience + root->Length / 4)
        {
            THook.Point();
            // Release: pairs with the acquire in TryUpdateOpen; what was set under the lock comes before.
            Volatile.Write(ref root->Open, 1);
        }
        return status;
    }

    static VectorRoot* CurrentRoot(SharedVector* vector)
    {
        THook.Point();
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
        THook.Point();
        // Acquire: pairs with the release in Store and the exchange in TryUpdateOpen, so that what the value points to is filled in.
        return new Value(Volatile.Read(ref *(ulong*)place));
    }

    static void Store(Value* place, Value value)
    {
        THook.Point();
        // Release: pairs with the acquire in Load.
        Volatile.Write(ref *(ulong*)place, value.Bits);
    }
}

using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Operations on arrays. All are thread-safe and lock-free, and enter their own sections. Elements are words
/// (<see cref="Elements"/>). A negative index counts from the end. If there is no element at the index, the status is Missing.
/// </summary>
/// <remarks>
/// An array is live or deleted (by hand, or because its last reference is gone). The exchange of the flag decides which thread
/// deletes the array and retires the buffer. An operation that found the array live may finish after another thread has deleted
/// it. This cannot be distinguished from an operation before the deletion.
/// </remarks>
public unsafe struct SharedArray
{
    internal SharedObject Object;
    internal SharedBuffer* Buffer;
    internal nint Length;

    /// <summary>The kind of the elements. Called inside a section in which the array was not deleted.</summary>
    public static ElementKind KindOf(SharedArray* array) => (ElementKind)array->Object.Head.Extra;

    /// <summary>
    /// Returns a new array of zeros with one reference, the caller's, or null if there is no memory. Called inside a section in
    /// which the pool was not deleted.
    /// </summary>
    /// <param name="me">The calling thread.</param>
    /// <param name="heap">The pool.</param>
    /// <param name="kind">The kind of the elements.</param>
    /// <param name="tag">The tag, which views of the array have, too.</param>
    /// <param name="count">The number of elements, 0 or more.</param>
    public static SharedArray* Create(Participant* me, PoolHeap* heap, ElementKind kind, int tag, nint count)
    {
        SharedArray* array = (SharedArray*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedArray));
        if (array == null) return null;
        nuint bytes = (nuint)count <= nuint.MaxValue >> 4 ? (nuint)count * (nuint)Elements.SizeOf(kind) : nuint.MaxValue >> 1;
        SharedBuffer* buffer = SharedBuffer.Create(me, heap, bytes);
        if (buffer == null)
        {
            AllocationFailure failure = me->Failure;
            Heap.Free(me, array);
            me->Failure = failure;
            return null;
        }
        buffer->Count = count;
        *array = default;
        array->Object.Tag = tag;
        array->Buffer = buffer;
        array->Length = count;
        SharedObject.Begin((SharedObject*)array, HeaderKind.Array, (ushort)kind);
        return array;
    }

    /// <summary>The entry for arrays in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedArray*)o);

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        SharedArray* array = (SharedArray*)o;
        // If the array is live now, the buffer stays in memory until the section ends.
        if (!SharedObject.IsDeleted((SharedObject*)array)) parts.Buffer(array->Buffer);
    }

    /// <summary>Gets the number of elements.</summary>
    public static Status Count(Participant* me, SharedArray* array, out nint count)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)array);
        count = isDeleted ? 0 : array->Length;
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>Gets the kind of the elements.</summary>
    public static Status Kind(Participant* me, SharedArray* array, out ElementKind kind)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)array);
        kind = isDeleted ? default : SharedArray.KindOf(array);
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>Gets an element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Get(Participant* me, SharedArray* array, nint index, out ulong word, out ElementKind kind)
    {
        word = 0;
        Epoch.Enter(me);
        Status status = Find(array, index, out byte* place, out kind);
        if (status == Status.Done)
        {
            Interleaving.Point();
            word = Read(place, Elements.SizeOf(kind));
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Replaces an element. <paramref name="old"/> is the previous element.</summary>
    public static Status Exchange(Participant* me, SharedArray* array, nint index, ulong word, out ulong old)
    {
        old = 0;
        Epoch.Enter(me);
        Status status = Find(array, index, out byte* place, out ElementKind kind);
        if (status == Status.Done)
        {
            Interleaving.Point();
            old = Exchange(place, Elements.SizeOf(kind), word);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Replaces an element if its word is <paramref name="expected"/>. <paramref name="seen"/> is the word that was there; if it
    /// equals <paramref name="expected"/>, the element was replaced.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, SharedArray* array, nint index, ulong expected, ulong word, out ulong seen)
    {
        seen = 0;
        Epoch.Enter(me);
        Status status = Find(array, index, out byte* place, out ElementKind kind);
        if (status == Status.Done)
        {
            Interleaving.Point();
            seen = CompareExchange(place, Elements.SizeOf(kind), word, expected);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Adds to an integer. If an element cannot hold the sum, the status is Overflow and nothing changes. WrongKind for floats.
    /// </summary>
    public static Status Add(Participant* me, SharedArray* array, nint index, Int128 number, out ulong sum)
    {
        sum = 0;
        Epoch.Enter(me);
        Status status = Find(array, index, out byte* place, out ElementKind kind);
        if (status == Status.Done) status = Elements.IsReal(kind) ? Status.WrongKind : Add(place, kind, number, 0, ref sum);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Adds to a float in double precision, and rounds to the precision of an element. WrongKind for integers.</summary>
    public static Status AddReal(Participant* me, SharedArray* array, nint index, double number, out ulong sum)
    {
        sum = 0;
        Epoch.Enter(me);
        Status status = Find(array, index, out byte* place, out ElementKind kind);
        if (status == Status.Done) status = Elements.IsReal(kind) ? Add(place, kind, 0, number, ref sum) : Status.WrongKind;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Exports the elements until <see cref="ArrayView.End"/>.</summary>
    public static Status Export(Participant* me, SharedArray* array, out ArrayView view)
    {
        view = default;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)array) && SharedBuffer.TryExport(array->Buffer))
        {
            view = new ArrayView
            {
                Buffer = array->Buffer,
                Count = array->Length,
                Kind = SharedArray.KindOf(array),
                Tag =
                array->Object.Tag
            };
            status = Status.Done;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Deletes the array by hand. Later operations return Deleted, and so does a second call. Exported elements stay.
    /// </summary>
    public static Status Delete(Participant* me, SharedArray* array)
    {
        Epoch.Enter(me);
        bool first = !PoolHeap.IsDeleted(Heap.Of(array)) && Kill(me, array);
        Epoch.Exit(me);
        return first ? Status.Done : Status.Deleted;
    }

    /// <summary>Releases the elements of an array whose last reference is gone.</summary>
    static void ReleaseContents(Participant* me, Header* header, ref Release _) => Kill(me, (SharedArray*)header);

    /// <summary>Whether all invariants hold. Called only while no other thread uses the array.</summary>
    public static bool IsValid(SharedArray* array) =>
        array->Object.Head.DeletedFlag != 0
            || (array->Buffer->Count == array->Length && array->Length >= 0 && SharedArray.KindOf(array) <= ElementKind.Float64);

    // Deletes the array. Returns false if it was deleted before.
    static bool Kill(Participant* me, SharedArray* array)
    {
        Interleaving.Point();
        bool first = ArrayAtomics.Delete(array);
        Interleaving.Point();
        if (first) SharedBuffer.Retire(me, array->Buffer);
        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Find(SharedArray* array, nint index, out byte* place, out ElementKind kind)
    {
        place = null;
        kind = default;
        if (SharedObject.IsDeleted((SharedObject*)array)) return Status.Deleted;
        kind = SharedArray.KindOf(array);
        nint count = array->Length;
        if (index < 0) index += count;
        if ((nuint)index >= (nuint)count) return Status.Missing;
        place = SharedBuffer.Data(array->Buffer) + index * Elements.SizeOf(kind);
        return Status.Done;
    }

    static Status Add(byte* place, ElementKind kind, Int128 integer, double real, ref ulong sum)
    {
        int size = Elements.SizeOf(kind);
        Interleaving.Point();
        ulong seen = Read(place, size);
        while (true)
        {
            ulong next;
            if (Elements.IsReal(kind)) next = Elements.OfReal(kind, Elements.Real(kind, seen) + real);
            else if (!Elements.TryAdd(kind, seen, integer, out next)) return Status.Overflow;
            Interleaving.Point();
            ulong found = ArrayAtomics.StoreSum(place, size, next, seen);
            if (found == seen)
            {
                sum = next;
                return Status.Done;
            }
            seen = found;
        }
    }

    // Acquire: pairs with the exchanges below. Memory that a thread wrote before it changed the element is visible.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Read(byte* place, int size) => size switch
    {
        1 => Volatile.Read(ref *place),
        2 => Volatile.Read(ref *(ushort*)place),
        4 => Volatile.Read(ref *(uint*)place),
        _ => Volatile.Read(ref *(ulong*)place),
    };

    // Full fence; pairs with the acquire in Read.
    static ulong Exchange(byte* place, int size, ulong word) => size switch
    {
        1 => Interlocked.Exchange(ref *place, (byte)word),
        2 => Interlocked.Exchange(ref *(ushort*)place, (ushort)word),
        4 => Interlocked.Exchange(ref *(uint*)place, (uint)word),
        _ => Interlocked.Exchange(ref *(ulong*)place, word),
    };

    // Full fence; pairs with the acquire in Read.
    internal static ulong CompareExchange(byte* place, int size, ulong word, ulong expected) => size switch
    {
        1 => Interlocked.CompareExchange(ref *place, (byte)word, (byte)expected),
        2 => Interlocked.CompareExchange(ref *(ushort*)place, (ushort)word, (ushort)expected),
        4 => Interlocked.CompareExchange(ref *(uint*)place, (uint)word, (uint)expected),
        _ => Interlocked.CompareExchange(ref *(ulong*)place, word, expected),
    };
}

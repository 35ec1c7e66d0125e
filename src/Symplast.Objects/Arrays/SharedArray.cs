using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Operations on arrays. All are thread-safe, lock-free, and enter a section of their own. Elements are words
/// (<see cref="Elements"/>); an index below 0 counts from the end; without such an element the answer is Missing.
/// </summary>
/// <remarks>
/// States of an array: there, deleted (by hand, or dying). The exchange of the flag decides who deletes, and retires the buffer.
/// An operation that found the array not deleted may finish after another thread deleted it; nobody can tell that from its having
/// been first.
/// </remarks>
public unsafe struct SharedArray
{
    internal SharedObject Object;
    internal SharedBuffer* Buffer;
    internal nint Length;

    /// <summary>What the elements are. Inside a section in which it was not deleted.</summary>
    public static ElementKind KindOf(SharedArray* array) => (ElementKind)array->Object.Head.Extra;

    /// <summary>
    /// A new array of zeros with one reference, the caller's; null if there is no memory. Inside a section in which the pool was
    /// not deleted.
    /// </summary>
    /// <param name="me">The calling thread.</param>
    /// <param name="heap">The pool.</param>
    /// <param name="kind">What the elements are.</param>
    /// <param name="tag">The tag, which views of the array have too.</param>
    /// <param name="count">How many there are, 0 or more.</param>
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

    /// <summary>What the table of kinds knows of arrays.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedArray*)o);

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        SharedArray* array = (SharedArray*)o;
        // The buffer stays for the section if the array is there now.
        if (!SharedObject.IsDeleted((SharedObject*)array)) parts.Buffer(array->Buffer);
    }

    /// <summary>How many elements there are.</summary>
    public static Status Count(Participant* me, SharedArray* array, out nint count)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)array);
        count = isDeleted ? 0 : array->Length;
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>What the elements are.</summary>
    public static Status Kind(Participant* me, SharedArray* array, out ElementKind kind)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)array);
        kind = isDeleted ? default : SharedArray.KindOf(array);
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>An element.</summary>
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

    /// <summary>Replaces an element; <paramref name="old"/> is what was there.</summary>
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
    /// Replaces an element if its bits are those of <paramref name="expected"/>; <paramref name="seen"/> is what was there.
    /// Whether it is <paramref name="expected"/> says whether that was so.
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
    /// Adds to an integer; Overflow, and nothing has changed, if an element cannot hold the sum, WrongKind if it is a float.
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

    /// <summary>Adds to a float, as a double, and rounds to what an element holds; WrongKind if it is an integer.</summary>
    public static Status AddReal(Participant* me, SharedArray* array, nint index, double number, out ulong sum)
    {
        sum = 0;
        Epoch.Enter(me);
        Status status = Find(array, index, out byte* place, out ElementKind kind);
        if (status == Status.Done) status = Elements.IsReal(kind) ? Add(place, kind, 0, number, ref sum) : Status.WrongKind;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Exports the elements; <see cref="ArrayView.End"/> ends that.</summary>
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
    /// Deletes the array by hand: later operations answer Deleted, and so does a second call. What is exported stays as it is.
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

    /// <summary>Whether all invariants hold. Only while nobody uses the array.</summary>
    public static bool IsValid(SharedArray* array) =>
        array->Object.Head.DeletedFlag != 0
            || (array->Buffer->Count == array->Length && array->Length >= 0 && SharedArray.KindOf(array) <= ElementKind.Float64);

    // False if it was deleted before.
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

    // Acquire: pairs with the exchanges below; what a thread wrote before it changed the element is visible.
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

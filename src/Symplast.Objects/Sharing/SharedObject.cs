using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>The beginning of every mutable structure.</summary>
public unsafe struct SharedObject
{
    /// <summary>The kinds of objects are less than this.</summary>
    internal const int KindLimit = 32;

    internal Header Head;

    /// <summary>A futex word, 0 if no thread holds or awaits the lock. See <see cref="ObjectLock"/>.</summary>
    internal int Lock;

    /// <summary>A number that the floor above gives the object, such as that of its class.</summary>
    public int Tag;

    /// <summary>The link in the list of dying objects. As long as the object lives, its <see cref="NoteOf"/>.</summary>
    internal Header* NextDead;

    /// <summary>
    /// Whether the object or its pool was deleted by hand. Callers cast the pointer and do not take the address of a field, for
    /// which the compiler would first load from the pointer.
    /// </summary>
    // The pool comes first: after its deletion, a pin keeps the address but not the memory. Acquire: pairs with the release of
    // the thread that deletes.
    public static bool IsDeleted(SharedObject* o) =>
        PoolHeap.IsDeleted(Heap.Of(o)) || Volatile.Read(ref o->Head.DeletedFlag) != 0;

    /// <summary>A word for the use of the floor above, initially 0. Valid as long as the object has references.</summary>
    public static ref ulong NoteOf(SharedObject* o) => ref *(ulong*)&o->NextDead;

    /// <summary>
    /// Turns a block of <see cref="Heap.AllocateObject"/> into an object with one reference, the caller's. All other fields must
    /// be complete, and the creation must not fail any more, because from here on <see cref="ObjectWalk"/> finds the object.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Begin(SharedObject* o, HeaderKind kind, ushort extra = 0)
    {
        Header head = new() { Count = 1, Kind = kind, Extra = extra };
        // Release: pairs with the acquires in HeapWalk and ObjectWalk.
        Volatile.Write(ref *(ulong*)o, *(ulong*)&head);
    }

    /// <summary>
    /// Whether a block that <see cref="HeapWalk"/> has met is an object with references that was not deleted by hand.
    /// </summary>
    internal static bool IsLive(void* block)
    {
        // Acquire: pairs with the release in Begin.
        ulong word = Volatile.Read(ref *(ulong*)block);
        Header* head = (Header*)&word;
        return head->Count > 0 && head->Kind is >= HeaderKind.OrderedMap and < (HeaderKind)KindLimit && head->DeletedFlag == 0;
    }
}

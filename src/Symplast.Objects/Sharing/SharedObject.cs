using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>What every mutable structure begins with.</summary>
public unsafe struct SharedObject
{
    /// <summary>All kinds of objects are below.</summary>
    internal const int KindLimit = 32;

    internal Header Head;

    /// <summary>A futex word: 0 when nobody holds or awaits the lock. See <see cref="ObjectLock"/>.</summary>
    internal int Lock;

    /// <summary>A number that the floor above gives the object: its class.</summary>
    public int Tag;

    /// <summary>Link of the list of dying objects; while it lives, its <see cref="NoteOf"/>.</summary>
    internal Header* NextDead;

    /// <summary>Whether it was deleted by hand, or its pool was. The pointer is to be cast, not taken of a field, for which the
    /// compiler loads from it first.</summary>
    // The pool comes first: when it was deleted, a pin keeps the address, but not the memory. Acquire: pairs with the release of
    // whoever deletes.
    public static bool IsDeleted(SharedObject* o) =>
        PoolHeap.IsDeleted(Heap.Of(o)) || Volatile.Read(ref o->Head.DeletedFlag) != 0;

    /// <summary>A word that the floor above may use as it likes, 0 at first; for as long as the object has references.</summary>
    public static ref ulong NoteOf(SharedObject* o) => ref *(ulong*)&o->NextDead;

    /// <summary>
    /// Makes a block of <see cref="Heap.AllocateObject"/> an object with one reference, the maker's. All else of it is filled in,
    /// and its making cannot fail any more: from here on <see cref="ObjectWalk"/> finds it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Begin(SharedObject* o, HeaderKind kind, ushort extra = 0)
    {
        Header head = new() { Count = 1, Kind = kind, Extra = extra };
        // Release: pairs with the acquires in HeapWalk and ObjectWalk.
        Volatile.Write(ref *(ulong*)o, *(ulong*)&head);
    }

    /// <summary>Whether a block that <see cref="HeapWalk"/> came to is an object that has references and was not deleted by
    /// hand.</summary>
    internal static bool IsLive(void* block)
    {
        // Acquire: pairs with the release in Begin.
        ulong word = Volatile.Read(ref *(ulong*)block);
        Header* head = (Header*)&word;
        return head->Count > 0 && head->Kind is >= HeaderKind.OrderedMap and < (HeaderKind)KindLimit && head->DeletedFlag == 0;
    }
}

namespace Symplast.Objects;

/// <summary>What every mutable structure begins with.</summary>
public unsafe struct SharedObject
{
    internal Header Head;

    /// <summary>A futex word: 0 when nobody holds or awaits the lock. See <see cref="ObjectLock"/>.</summary>
    internal int Lock;

    /// <summary>A number that the floor above gives the object: its class.</summary>
    public int Tag;

    /// <summary>Link of the list of dying objects.</summary>
    internal Header* NextDead;

    /// <summary>Whether it was deleted by hand, or its pool was. The pointer is to be cast, not taken of a field, for which the compiler loads from it first.</summary>
    // The pool comes first: when it was deleted, a pin keeps the address, but not the memory. Acquire: pairs with the release of whoever deletes.
    public static bool IsDeleted(SharedObject* o) => PoolHeap.IsDeleted(Heap.Of(o)) || Volatile.Read(ref o->Head.DeletedFlag) != 0;
}

namespace Symplast.Objects;

/// <summary>What every mutable structure begins with.</summary>
public unsafe struct SharedObject
{
    internal Header Head;

    /// <summary>A futex word: 0 free, 1 held, 2 held and perhaps waited for. See <see cref="ObjectLock"/>.</summary>
    internal int Lock;

    internal int Reserved;

    /// <summary>Link of the list of dying objects.</summary>
    internal Header* NextDead;

    /// <summary>Whether it was deleted by hand, or its pool was.</summary>
    // Acquire: pairs with the release of whoever deletes.
    internal static bool IsDeleted(SharedObject* o) => Volatile.Read(ref o->Head.DeletedFlag) != 0 || PoolHeap.IsDeleted(Heap.Of(o));
}

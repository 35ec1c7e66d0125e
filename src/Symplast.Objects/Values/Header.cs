namespace Symplast.Objects;

/// <summary>The kind of a block in a pool, stored in its header.</summary>
public enum HeaderKind : byte
{
    /// <summary>No header: freed or foreign memory.</summary>
    None,

    /// <summary>Text, bytes, a big integer or a complex number: a <see cref="Blob"/>.</summary>
    Blob,

    /// <summary>A <see cref="TupleBlob"/>.</summary>
    Tuple,

    /// <summary>An ordered map.</summary>
    OrderedMap,

    /// <summary>A sorted map.</summary>
    SortedMap,

    /// <summary>A vector.</summary>
    Vector,

    /// <summary>A set.</summary>
    Set,

    /// <summary>An object with a shape.</summary>
    Record,

    /// <summary>A cell that holds one value: atomic integer or reference.</summary>
    Cell,

    /// <summary>A queue.</summary>
    Queue,

    /// <summary>An array of numbers.</summary>
    Array,

    /// <summary>A lock, reentrant or not.</summary>
    Lock,

    /// <summary>A flag that is waited for.</summary>
    Event,

    /// <summary>A semaphore, bounded or not.</summary>
    Semaphore,

    /// <summary>What the holders of a lock wait for.</summary>
    Condition,

    /// <summary>A place that threads pass together.</summary>
    Barrier,
}

/// <summary>
/// The header of every counted block. When the count falls to 0, the block is freed after a grace period. A count of 0 never
/// rises again.
/// </summary>
public struct Header
{
    /// <summary>The number of references from other blocks and from handles. See <see cref="Reference"/>.</summary>
    internal int Count;

    /// <summary>The kind of the block.</summary>
    public HeaderKind Kind;

    /// <summary>1 if the object was deleted by hand, else 0.</summary>
    internal byte DeletedFlag;

    /// <summary>Bits for the use of the kind.</summary>
    internal ushort Extra;
}

namespace Symplast.Objects;

/// <summary>What a block of a pool is, as its header says.</summary>
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
}

/// <summary>
/// What every counted block begins with. The block is freed when its count falls to 0, after a grace period; a count of 0 never
/// rises again.
/// </summary>
public struct Header
{
    /// <summary>Flag in <see cref="Extra"/>: an object that serves another one, or a view; it does not count among those that are
    /// alive.</summary>
    internal const ushort Hidden = 1 << 15;

    /// <summary>Number of references: from other blocks of the pool, and from handles. See <see cref="Reference"/>.</summary>
    internal int Count;

    /// <summary>What it is.</summary>
    public HeaderKind Kind;

    /// <summary>1 once the object was deleted by hand.</summary>
    internal byte DeletedFlag;

    /// <summary>For the kind's own use, but for <see cref="Hidden"/>.</summary>
    internal ushort Extra;
}

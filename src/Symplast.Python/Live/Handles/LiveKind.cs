namespace Symplast.Python.Live;

/// <summary>
/// The kinds of live objects. A kind has a name here if code outside its folder asks for it; <see cref="Kinds.Add"/> numbers the
/// others.
/// </summary>
internal enum LiveKind
{
    /// <summary>No kind of ours: freed or foreign memory.</summary>
    None,

    /// <summary><c>symplast.Dict</c>.</summary>
    Dict,

    /// <summary><c>symplast.SortedDict</c>.</summary>
    SortedDict,

    /// <summary><c>symplast.List</c>.</summary>
    List,

    /// <summary><c>symplast.Set</c>.</summary>
    Set,

    /// <summary><c>symplast.Object</c> and its subclasses.</summary>
    Object,

    /// <summary><c>symplast.AtomicInt</c>.</summary>
    AtomicInt,

    /// <summary><c>symplast.AtomicRef</c>.</summary>
    AtomicRef,

    /// <summary><c>symplast.Array</c>.</summary>
    Array,

    /// <summary><c>symplast.Lock</c>.</summary>
    Lock,

    /// <summary><c>symplast.RLock</c>.</summary>
    RLock,

    /// <summary>The first number for a kind without a name here.</summary>
    Unnamed,

    /// <summary>All kinds are below.</summary>
    Limit = 32,
}

using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The kinds of live objects that have Python types.</summary>
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

    /// <summary><c>symplast.Queue</c>.</summary>
    Queue,

    /// <summary><c>symplast.Array</c>.</summary>
    Array,

    /// <summary>Number of kinds.</summary>
    Count,
}

/// <summary>Which kind a shared object is.</summary>
internal static unsafe class LiveKinds
{
    /// <summary>The kind of a block, inside a section.</summary>
    internal static LiveKind Of(Header* shared) => shared->Kind switch
    {
        HeaderKind.OrderedMap => LiveKind.Dict,
        HeaderKind.SortedMap => LiveKind.SortedDict,
        HeaderKind.Vector => LiveKind.List,
        HeaderKind.Set => LiveKind.Set,
        HeaderKind.Record => LiveKind.Object,
        HeaderKind.Cell => AtomicCell.HoldsReference((AtomicCell*)shared) ? LiveKind.AtomicRef : LiveKind.AtomicInt,
        HeaderKind.Queue => LiveKind.Queue,
        HeaderKind.Array => LiveKind.Array,
        _ => LiveKind.None,
    };

    /// <summary>The name of the Python type.</summary>
    internal static string Name(LiveKind kind) => kind.ToString();
}

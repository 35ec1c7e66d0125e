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

    /// <summary>The name of the Python type of an object, inside a section: of a class of live objects module and qualified name.</summary>
    internal static string TypeNameOf(Header* shared) => NameOf(NumberOf(shared));

    /// <summary>A number for the type of an object, inside a section: the kind, or for classes of live objects one after all kinds.</summary>
    internal static int NumberOf(Header* shared)
    {
        LiveKind kind = Of(shared);
        return kind == LiveKind.Object ? (int)LiveKind.Count + ((SharedObject*)shared)->Tag : (int)kind;
    }

    /// <summary>What such a number stands for. The class of an object that is just being made is not known yet.</summary>
    internal static string NameOf(int number)
    {
        if (number < (int)LiveKind.Count) return ((LiveKind)number).ToString();
        (string? module, string? name) = ClassTable.NameOf(number - (int)LiveKind.Count);
        return name is null ? nameof(LiveKind.Object) : $"{module}.{name}";
    }
}

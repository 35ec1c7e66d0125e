using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>What kind of container a frame is working through.</summary>
internal enum FrameKind : byte
{
    /// <summary>A list, which becomes a tuple.</summary>
    List,

    /// <summary>A tuple.</summary>
    Tuple,

    /// <summary>A dict or frozendict.</summary>
    Dict,

    /// <summary>A set or frozenset.</summary>
    Set,

    /// <summary>A slice.</summary>
    Slice,
}

/// <summary>One container that is being frozen: the explicit stack that takes the place of recursion is made of these.</summary>
internal unsafe struct FreezeFrame
{
    /// <summary>The original; the frame holds a reference.</summary>
    internal PyObject* Original;

    /// <summary>
    /// The copy, of which the parts before Index are filled in. For a dict this is the dict, not the proxy around it.
    /// </summary>
    internal PyObject* Copy;

    /// <summary>Next item, or slot of the original's table.</summary>
    internal nint Index;

    /// <summary>Size of the original when the frame began; if it differs later, someone changed it meanwhile.</summary>
    internal nint Size;

    /// <summary>The original's table when the frame began (dict, set).</summary>
    internal void* Table;

    /// <summary>Entries in use or deleted in that table (dict), or its mask (set).</summary>
    internal nint TableSize;

    /// <summary>Next entry of the copy's table (dict).</summary>
    internal nint Filled;

    /// <summary>Number of conversions (subclass to base, default=) in the whole freeze when the frame began.</summary>
    internal long Conversions;

    /// <summary>How often other code could run in the whole freeze until the frame began.</summary>
    internal long Callouts;

    /// <summary>
    /// Stack index of the outermost unfinished container that something below this frame refers to; large if none.
    /// </summary>
    internal int Reaches;

    /// <summary>Kind of container.</summary>
    internal FrameKind Kind;

    /// <summary>Kind of the original's table when the frame began (dict).</summary>
    internal byte TableKind;

    /// <summary>What the copy is marked as once it is finished.</summary>
    internal ObjectMark Mark;

    /// <summary>In a dict: the key at Index is done and the value is next.</summary>
    internal bool AtValue;

    /// <summary>Some part cannot be hashed, so neither can the whole.</summary>
    internal bool Unhashable;

    /// <summary>Index and order of the original's table can be kept as they are.</summary>
    internal bool KeepsTable;

    /// <summary>The original is what default= returned.</summary>
    internal bool IsConverted;

    /// <summary>
    /// The original is what default= returned for an object whose attributes it holds; keys are shown as attributes in error
    /// paths.
    /// </summary>
    internal bool IsAttributes;
}

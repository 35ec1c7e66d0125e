using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>What kind of container a frame is working through.</summary>
internal enum FrameKind : byte
{
    List,
    Tuple,
    Dict,     // or frozendict
    Set,      // or frozenset
    Slice,
}

/// <summary>One container that is being frozen: the explicit stack that takes the place of recursion is made of these.</summary>
internal unsafe struct FreezeFrame
{
    internal PyObject* Original;    // with a reference
    internal PyObject* Copy;        // filled in up to Index; of a dict the dict itself, not the proxy around it
    internal nint Index;            // next item, or slot of the original's table
    internal nint Size;             // of the original when the frame began; another size means that other code changed it
    internal void* Table;           // the original's table when the frame began (dict, set)
    internal nint TableSize;        // entries in use or deleted in that table (dict), or its mask (set)
    internal nint Filled;           // next entry of the copy's table (dict)
    internal long Conversions;      // in the whole freeze when the frame began
    internal long Callouts;         // likewise
    internal int Reaches;           // stack index of the outermost unfinished container that a part refers to; large if none
    internal FrameKind Kind;
    internal byte TableKind;        // of the original's table when the frame began (dict)
    internal ObjectMark Mark;       // of the copy once it is finished
    internal bool AtValue;          // in a dict: the key at Index is done and the value is next
    internal bool Unhashable;       // some part cannot be hashed, so neither can the whole
    internal bool KeepsTable;       // index and order of the original's table can be kept as they are
    internal bool IsConverted;      // the original is what default= returned
    internal bool IsAttributes;     // and holds the attributes of an object, as which error paths show its keys
}

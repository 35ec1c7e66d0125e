using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>The kind of a container in progress.</summary>
internal enum FrameKind : byte
{
    List,
    Tuple,
    Dict,     // also frozendict
    Set,      // also frozenset
    Slice,
}

/// <summary>A container in progress: an element of the explicit stack that replaces recursion.</summary>
internal unsafe struct FreezeFrame
{
    internal PyObject* Original;    // an owned reference
    internal PyObject* Copy;        // filled up to Index; for a dict the dict itself, not the mappingproxy in front of it
    internal nint Index;            // the next item, or slot of the original's table
    internal nint Size;             // the original's size when the frame began; another size means that other code changed it
    internal void* Table;           // the original's table when the frame began (dict, set)
    internal nint TableSize;        // the number of entries of that table, used or deleted (dict), or its mask (set)
    internal nint Filled;           // the next entry of the copy's table (dict)
    internal long Conversions;      // Freezer.Conversions when the frame began
    internal long Callouts;         // Freezer.Callouts when the frame began
    internal int Reaches;           // stack index of the outermost unfinished container that a part refers to, or Nothing
    internal FrameKind Kind;
    internal byte TableKind;        // the kind of the original's table when the frame began (dict)
    internal ObjectMark Mark;       // the mark that the copy gets when it is finished
    internal bool AtValue;          // in a dict: the key at Index is done, and its value is next
    internal bool Unhashable;       // a part cannot be hashed, so the copy cannot be hashed
    internal bool KeepsTable;       // the copy can keep the index and the order of the original's table
    internal bool IsConverted;      // the original was returned by default=
    internal bool IsAttributes;     // ... and is an object's __dict__, so paths show its keys as attributes
}

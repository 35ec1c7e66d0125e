using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>A dict; with a hash behind it, a frozendict (3.15).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyDictObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of items.</summary>
    public nint Used;

    /// <summary>3.12, 3.13: version; later: bits of watchers.</summary>
    public ulong Tag;

    /// <summary>The table.</summary>
    public PyDictKeys* Keys;

    /// <summary>Values of a split table (instance dictionaries), else null.</summary>
    public void* Values;
}

/// <summary>A frozendict (3.15).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyFrozenDictObject
{
    /// <summary>The dict.</summary>
    public PyDictObject Dict;

    /// <summary>Hash, -1 until it is asked for.</summary>
    public nint Hash;
}

/// <summary>
/// The table of a dict: these fields, then 2^Log2IndexBytes bytes of indices (1, 2, 4 or 8 bytes each; -1 empty, -2 dummy), then
/// room for two thirds of 2^Log2Size entries.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyDictKeys
{
    /// <summary>Kind of a table with any keys: entries are <see cref="PyDictEntry"/>.</summary>
    public const byte General = 0;

    /// <summary>Kind of a table with str keys only: entries are <see cref="PyDictStringEntry"/>.</summary>
    public const byte Strings = 1;

    /// <summary>PERTURB_SHIFT: how many bits of the hash each further probe takes in.</summary>
    public const int PerturbShift = 5;

    /// <summary>References; 1 for a table that one dict owns.</summary>
    public nint RefCount;

    /// <summary>log2 of the number of index slots.</summary>
    public byte Log2Size;

    /// <summary>log2 of the bytes of the index.</summary>
    public byte Log2IndexBytes;

    /// <summary>Kind of the table.</summary>
    public byte Kind;

    byte _padding;

    /// <summary>Version for specialised bytecode, 0: none.</summary>
    public uint Version;

    /// <summary>Entries still free.</summary>
    public nint Usable;

    /// <summary>Entries in use or deleted.</summary>
    public nint EntryCount;

    /// <summary>Entries that a table of 2^log2 slots has room for.</summary>
    public static nint Capacity(int log2) => (nint)(((nuint)2 << log2) / 3);

    /// <summary>log2 of the index's bytes for 2^log2 slots.</summary>
    public static int IndexBytesLog2(int log2) => log2 + (log2 < 8 ? 0 : log2 < 16 ? 1 : log2 < 32 ? 2 : 3);

    /// <summary>Start of the index of a table.</summary>
    public static byte* Index(PyDictKeys* keys) => (byte*)(keys + 1);

    /// <summary>Start of the entries of a table.</summary>
    public static byte* Entries(PyDictKeys* keys) => Index(keys) + ((nuint)1 << keys->Log2IndexBytes);
}

/// <summary>Entry of a general table.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyDictEntry
{
    /// <summary>Hash of the key.</summary>
    public nint Hash;

    /// <summary>The key.</summary>
    public PyObject* Key;

    /// <summary>The value; null if the entry was deleted.</summary>
    public PyObject* Value;
}

/// <summary>Entry of a table with str keys, which cache their hash themselves.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyDictStringEntry
{
    /// <summary>The key.</summary>
    public PyObject* Key;

    /// <summary>The value; null if the entry was deleted.</summary>
    public PyObject* Value;
}

public partial struct Layout
{
    /// <summary>Whether frozendict exists (3.15+); before, mappingproxy over a dict takes its place.</summary>
    public bool HasFrozenDict = minor >= 15;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*> PyDict_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int> PyDict_SetItem;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyDict_GetItemWithError;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int> PyDict_SetItemString;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*> PyDict_GetItemString;
    public delegate* unmanaged[Cdecl]<PyObject*, nint*, PyObject**, PyObject**, int> PyDict_Next;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyDict_DelItem;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyDict_Clear;
    [Symbol("PyFrozenDict_New", IsOptional = true)]
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrozenDict_New;
    [Symbol("_PyDict_NewPresized", IsOptional = true)]
    public delegate* unmanaged[Cdecl]<nint, PyObject*> _PyDict_NewPresized;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyDict_Contains;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyDict_Copy;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyDict_Items;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyDict_Update;

    /// <summary>PyDict_Next for a dict, in a walk over many items.</summary>
    [Symbol("PyDict_Next")]
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nint*, PyObject**, PyObject**, int> NextItem;
    public PyObject* PyDict_Type;
    public PyObject* PyODict_Type;
    [Symbol("PyFrozenDict_Type", IsOptional = true)]
    public PyObject* PyFrozenDict_Type;
}

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

/// <summary>A set or frozenset.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PySetObject
{
    /// <summary>Slots of the table inside the object.</summary>
    public const int SmallTableSize = 8;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Slots in use or deleted.</summary>
    public nint Fill;

    /// <summary>Number of members.</summary>
    public nint Used;

    /// <summary>Slots of the table less one.</summary>
    public nint Mask;

    /// <summary>The table, inside or outside the object.</summary>
    public PySetEntry* Table;

    /// <summary>Hash of a frozenset, -1 until it is asked for.</summary>
    public nint Hash;

    /// <summary>Where pop() looks next.</summary>
    public nint Finger;

    /// <summary>First slot of the table inside the object; seven more follow.</summary>
    public PySetEntry SmallTable;
}

/// <summary>Slot of a set; deleted ones hold a dummy key with hash -1.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PySetEntry
{
    /// <summary>The member, null if the slot was never used.</summary>
    public PyObject* Key;

    /// <summary>Its hash.</summary>
    public nint Hash;
}

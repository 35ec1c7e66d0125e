using System.Runtime.InteropServices;

namespace Symplast.CPython;

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

public partial struct Layout
{
    /// <summary>Size of a set object, with its inner table and list of weak references.</summary>
    public const int SetSize = 200;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySet_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrozenSet_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PySet_Add;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PySet_Contains;
    public PyObject* PySet_Type;
    public PyObject* PyFrozenSet_Type;
}

using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>A list.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyListObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of items.</summary>
    public nint Size;

    /// <summary>The items, in memory of their own.</summary>
    public PyObject** Items;

    /// <summary>Items that the memory has room for.</summary>
    public nint Allocated;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<nint, PyObject*> PyList_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyList_Append;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyList_AsTuple;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyList_Sort;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int> PyList_SetItem;
    public PyObject* PyList_Type;
}

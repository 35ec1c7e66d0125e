using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>A slice.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PySliceObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Start, any object.</summary>
    public PyObject* Start;

    /// <summary>Stop, any object.</summary>
    public PyObject* Stop;

    /// <summary>Step, any object.</summary>
    public PyObject* Step;
}

/// <summary>A range: four ints.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyRangeObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>First value.</summary>
    public PyObject* Start;

    /// <summary>End, exclusive.</summary>
    public PyObject* Stop;

    /// <summary>Step.</summary>
    public PyObject* Step;

    /// <summary>Number of values.</summary>
    public PyObject* Length;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PySlice_New;
    public delegate* unmanaged[Cdecl]<PyObject*, nint*, nint*, nint*, int> PySlice_Unpack;
    public delegate* unmanaged[Cdecl]<nint, nint*, nint*, nint, nint> PySlice_AdjustIndices;
    public PyObject* PyRange_Type;
    public PyObject* PySlice_Type;
}

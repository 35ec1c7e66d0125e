using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>A float.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyFloatObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>The value.</summary>
    public double Value;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, double> PyFloat_AsDouble;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<double, PyObject*> PyFloat_FromDouble;
    public PyObject* PyFloat_Type;
}

using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>A complex number.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyComplexObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Real part.</summary>
    public double Real;

    /// <summary>Imaginary part.</summary>
    public double Imaginary;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<double, double, PyObject*> PyComplex_FromDoubles;
    public PyObject* PyComplex_Type;
}

using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>Bytes; the data follow the head and end with a zero byte.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyBytesObject
{
    /// <summary>Bytes before the data.</summary>
    public const int DataOffset = 32;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of bytes.</summary>
    public nint Size;

    /// <summary>Hash, -1 until it is asked for.</summary>
    public nint Hash;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<byte*, nint, PyObject*> PyBytes_FromStringAndSize;
    public delegate* unmanaged[Cdecl]<byte*, nint, PyObject*> PyByteArray_FromStringAndSize;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*> PyByteArray_AsString;
    public PyObject* PyBytes_Type;
    public PyObject* PyByteArray_Type;
}

using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>Py_buffer.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyBuffer
{
    public byte* Data;
    public PyObject* Owner;
    public nint Length;
    public nint ItemSize;
    public int ReadOnly;
    public int Dimensions;
    public byte* Format;
    public nint* Shape;
    public nint* Strides;
    public nint* SubOffsets;
    public void* Internal;
}

public unsafe partial struct Api
{
    // The flags by which a consumer requests a kind of buffer. PyBUF_STRIDES includes PyBUF_ND.
    public const int PyBUF_WRITABLE = 0x1;
    public const int PyBUF_FORMAT = 0x4;
    public const int PyBUF_ND = 0x8;
    public const int PyBUF_STRIDES = 0x10 | PyBUF_ND;

    public delegate* unmanaged[Cdecl]<PyObject*, PyBuffer*, int, int> PyObject_GetBuffer;
    public delegate* unmanaged[Cdecl]<PyBuffer*, void> PyBuffer_Release;
}

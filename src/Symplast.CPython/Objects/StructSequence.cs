using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>PyStructSequence_Field.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyStructSequenceField
{
    public byte* Name;
    public byte* Doc;
}

/// <summary>PyStructSequence_Desc.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyStructSequenceDesc
{
    public byte* Name;
    public byte* Doc;
    public PyStructSequenceField* Fields;
    public int VisibleFields;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyStructSequenceDesc*, PyObject*> PyStructSequence_NewType;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyStructSequence_New;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, void> PyStructSequence_SetItem;
}

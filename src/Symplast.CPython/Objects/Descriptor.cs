using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>PyMethodDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMethodDef
{
    public const int VarArgs = 1;
    public const int Keywords = 2;
    public const int NoArgs = 4;
    public const int OneArg = 8;
    public const int Class = 0x10;
    public const int Static = 0x20;
    public const int FastCall = 0x80;

    public byte* Name;
    public void* Function;
    public int Flags;
    public byte* Doc;
}

/// <summary>PyGetSetDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyGetSetDef
{
    public byte* Name;
    public void* Get;
    public void* Set;
    public byte* Doc;
    public void* Closure;
}

/// <summary>PyMemberDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMemberDef
{
    public const int Signed = 19;
    public const int ReadOnly = 1;

    public byte* Name;
    public int Type;
    public nint Offset;
    public int Flags;
    public byte* Doc;
}

/// <summary>PyCFunctionObject, as far as it is needed.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyCFunctionObject
{
    public PyObject Head;
    public PyMethodDef* Definition;

    /// <summary>The object to which the method is bound, the module of a function, or null.</summary>
    public PyObject* Self;
}

/// <summary>PyMemberDescrObject.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMemberDescrObject
{
    public PyObject Head;
    public PyObject* Owner;
    public PyObject* Name;
    public PyObject* QualifiedName;
    public PyMemberDef* Member;
}

/// <summary>A read-only view of a mapping.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMappingProxyObject
{
    /// <summary>Bytes of a mappingproxy, with the padding that aligns what follows it to 16 bytes.</summary>
    public const int AlignedSize = 32;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>The mapping.</summary>
    public PyObject* Mapping;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyDictProxy_New;
    public delegate* unmanaged[Cdecl]<PyMethodDef*, PyObject*, PyObject*, PyObject*> PyCFunction_NewEx;
    public PyObject* PyDictProxy_Type;
    public PyObject* PyCFunction_Type;
    public PyObject* PyMemberDescr_Type;
}

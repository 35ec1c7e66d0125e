using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// The first 16 bytes of every object. The four versions differ only in how they use the word of the reference count.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyObject
{
    /// <summary>
    /// 3.12, 3.13: a 64-bit count. 3.14+: 32 bits of count, 16 of overflow, 16 of flags. The low 32 bits count in all of them.
    /// </summary>
    public ulong RefCount;

    /// <summary>The type.</summary>
    public PyObject* Type;
}

/// <summary>An object with a size: list, and the head of tuple, bytes and bytearray.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyVarObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of items.</summary>
    public nint Size;
}

/// <summary>The codes of the operators for tp_richcompare and PyObject_RichCompare (Py_LT to Py_GE).</summary>
public static class Comparison
{
    /// <summary>Py_LT.</summary>
    public const int Less = 0;

    /// <summary>Py_LE.</summary>
    public const int LessOrEqual = 1;

    /// <summary>Py_EQ.</summary>
    public const int Equal = 2;

    /// <summary>Py_NE.</summary>
    public const int NotEqual = 3;

    /// <summary>Py_GT.</summary>
    public const int Greater = 4;
}

public partial struct Layout
{
    /// <summary>
    /// The first word of an immortal object of ours. 3.12, 3.13: high enough that the plain 64-bit counting of extensions built
    /// for 3.11 and older never brings it near zero. 3.14+: also sets the flag bit without which the interpreter loop counts
    /// references of "mortal" objects unconditionally, in memory that all cores share.
    /// </summary>
    public ulong ImmortalHeader = minor >= 14 ? 0x0001_0000_E000_0000UL : 0x3FFF_FFFF_FFFF_FFFFUL;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, void> _Py_Dealloc;
    public delegate* unmanaged[Cdecl]<PyObject*, void> Py_IncRef;
    public delegate* unmanaged[Cdecl]<PyObject*, nint> PyObject_Hash;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_Repr;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_Str;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, int> PyObject_RichCompareBool;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyObject_IsTrue;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*> PyObject_GetAttrString;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, int> PyObject_HasAttrString;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int> PyObject_SetAttrString;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_GetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyCallable_Check;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyNumber_Check;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_GenericGetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*> PyObject_GenericGetDict;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyObject_ClearWeakRefs;
    public delegate* unmanaged[Cdecl]<PyObject*, nint> PyObject_HashNotImplemented;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_SelfIter;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int> PyObject_GenericSetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*> PyObject_RichCompare;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int> PyObject_SetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, int> Py_ReprEnter;
    public delegate* unmanaged[Cdecl]<PyObject*, void> Py_ReprLeave;

    /// <summary>
    /// PyObject_Hash, for finished objects of built-in types only. It can run neither Python code nor code of ours.
    /// </summary>
    [Symbol("PyObject_Hash")]
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nint> HashBuiltin;
    public PyObject* _Py_NoneStruct;
    public PyObject* _Py_TrueStruct;
    public PyObject* _Py_FalseStruct;
    public PyObject* _Py_EllipsisObject;
    public PyObject* _Py_NotImplementedStruct;
}

using System.Runtime.CompilerServices;

namespace Symplast.CPython;

/// <summary>The fields of a tuple behind its size, whose places differ between versions.</summary>
public static unsafe class Tuples
{
    /// <summary>The items of a tuple, or of an instance of a subclass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PyObject** Items(PyObject* tuple) => (PyObject**)((byte*)tuple + Layout.Current.TupleItems);

    /// <summary>The cached hash, -1 until it is asked for. Only where <see cref="Layout.TupleHasHash"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint* Hash(PyObject* tuple) => (nint*)((byte*)tuple + Layout.TupleHash);
}

public partial struct Layout
{
    /// <summary>Offset of a tuple's first item; 3.14 put a cached hash before it.</summary>
    public int TupleItems = minor >= 14 ? 32 : 24;

    /// <summary>Whether tuples cache their hash (3.14+), at offset 24.</summary>
    public bool TupleHasHash = minor >= 14;

    /// <summary>Offset of a tuple's cached hash, where it has one.</summary>
    public const int TupleHash = 24;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<nint, PyObject*> PyTuple_New;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int> PyTuple_SetItem;
    public PyObject* PyTuple_Type;
}

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

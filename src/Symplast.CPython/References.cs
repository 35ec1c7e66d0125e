using System.Runtime.CompilerServices;

namespace Symplast.CPython;

/// <summary>
/// Counts references inline, as CPython's headers do. In all versions an object is immortal if bit 31 of its count is set. The
/// caller must hold the GIL of the interpreter that owns the object.
/// </summary>
public static unsafe class References
{
    /// <summary>Takes a reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Take(PyObject* o)
    {
        int count = *(int*)o;
        if (count >= 0) *(int*)o = count + 1;
    }

    /// <summary>Drops a reference; may run Python code. Null is allowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Drop(PyObject* o)
    {
        if (o == null) return;
        int count = *(int*)o;
        if (count < 0) return;
        *(int*)o = count - 1;
        if (count == 1) Api.Table._Py_Dealloc(o);
    }

    /// <summary>True if exactly one reference exists, so that the object can be reached in one way only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsUnique(PyObject* o) => *(int*)o == 1;

    /// <summary>Takes a reference and returns the object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PyObject* New(PyObject* o)
    {
        Take(o);
        return o;
    }
}

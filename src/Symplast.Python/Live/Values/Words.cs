using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Objects whose value fits one word without a reference. They are stored without making anything before or dropping anything
/// after.
/// </summary>
internal static unsafe class Words
{
    /// <summary>
    /// The value of an int that is not large, a float, True, False or None; empty for any other object. Runs no Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Of(PyObject* o) =>
        o->Type == Api.Table.PyLong_Type && ((PyLongObject*)o)->IsCompact
            ? Value.OfInt(((PyLongObject*)o)->CompactValue) : OfOther(o);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Value OfOther(PyObject* o)
    {
        ref Api api = ref Api.Table;
        if (o->Type == api.PyFloat_Type) return Value.Of(((PyFloatObject*)o)->Value);
        if (o == api._Py_NoneStruct) return Value.None;
        return o == api._Py_TrueStruct ? Value.True : o == api._Py_FalseStruct ? Value.False : default;
    }
}

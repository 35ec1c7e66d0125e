using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Operations = Symplast.Objects.SharedArray;

namespace Symplast.Python.Live;

/// <summary>The methods of Array: plain copies, and atomic changes of one element.</summary>
internal static unsafe partial class ArrayMethods
{
    internal static PyMethodDef* Methods() => Table(
        NoArgs("tolist"u8, &ToListMethod, "tolist($self, /)\n--\n\nReturn a list of the elements."u8),
        NoArgs("tobytes"u8, &ToBytes, "tobytes($self, /)\n--\n\nReturn the machine values of the elements as bytes."u8),
        FastCall("index"u8, &ArraySearch.IndexOf,
            "index($self, value, start=0, stop=sys.maxsize, /)\n--\n\nReturn the first index of value."u8),
        OneArg("count"u8, &ArraySearch.CountOf,
            "count($self, value, /)\n--\n\nReturn the number of elements that equal value."u8),
        FastCall("add"u8, &Add,
            "add($self, index, n, /)\n--\n\nAtomically add n to the element at index and return the sum. If the "u8
            + "sum does not fit, OverflowError is raised and nothing changes."u8),
        FastCall("exchange"u8, &Exchange,
            "exchange($self, index, value, /)\n--\n\nAtomically set the element at index and return the previous one."u8),
        FastCall("compare_exchange"u8, &CompareExchange, "compare_exchange($self, index, expected, new, /)\n--\n\n"u8
            + "Atomically replace the element at index with new if it equals expected. Return whether it was replaced."u8),
        NoArgs("__copy__"u8, &ArrayType.CopyShared,
            "__copy__($self, /)\n--\n\nReturn a new Array in the same pool with the same elements, for copy.copy()."u8),
        OneArg("__deepcopy__"u8, &ArrayType.CopyDeep,
            "__deepcopy__($self, memo, /)\n--\n\n"u8
            + "Return a new Array in the same pool with the same elements, for copy.deepcopy()."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8));

    [Callback]
    private static partial PyObject* ToListMethod(Handle* handle, PyObject* none) => ArrayType.ToList(handle);

    [Callback]
    private static partial PyObject* ToBytes(Handle* handle, PyObject* none)
    {
        if (!ArrayType.TryExport(handle, out ArrayView view)) return null;
        PyObject* bytes = Api.Table.PyBytes_FromStringAndSize(null, view.Count * view.Size);
        if (bytes != null)
            Elements.Copy(view.Size, (byte*)bytes + PyBytesObject.DataOffset, view.Size, view.Data, view.Size, view.Count);
        view.End();
        return bytes;
    }

    [Callback]
    private static partial PyObject* Add(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("add", count, 2, 2) || !ArrayElements.TryIndex(arguments[0], out nint index)
            || !ArrayElements.TryKind(handle, out ElementKind kind)) return null;
        bool isReal = Elements.IsReal(kind);
        Int128 integer = 0;
        double real = 0;
        if (!(isReal ? ArrayNumbers.TryReal(arguments[1], out real) : ArrayNumbers.TryInteger(arguments[1], out integer))
            || !LiveMethods.IsUsable(handle)) return null;
        Status status = isReal
            ? Operations.AddReal(handle->State->Me, ArrayType.ArrayOf(handle), index, real, out ulong sum)
            : Operations.Add(handle->State->Me, ArrayType.ArrayOf(handle), index, integer, out sum);
        if (status == Status.Done) return ArrayNumbers.ToPython(kind, sum);
        return status == Status.Overflow
            ? Errors.Set(
                *Api.Table.PyExc_OverflowError, $"the sum is not from {Elements.Least(kind)} to {Elements.Greatest(kind)}")
            : ArrayElements.Raise(handle, status, "array index out of range");
    }

    [Callback]
    private static partial PyObject* Exchange(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("exchange", count, 2, 2) || !ArrayElements.TryIndex(arguments[0], out nint index)
            || !ArrayElements.TryKind(handle, out ElementKind kind)) return null;
        if (!ArrayNumbers.TryWord(kind, arguments[1], out ulong word) || !LiveMethods.IsUsable(handle)) return null;
        Status status = Operations.Exchange(handle->State->Me, ArrayType.ArrayOf(handle), index, word, out ulong old);
        return status == Status.Done
            ? ArrayNumbers.ToPython(kind, old) : ArrayElements.Raise(handle, status, "array index out of range");
    }

    [Callback]
    private static partial PyObject* CompareExchange(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("compare_exchange", count, 3, 3) || !ArrayElements.TryIndex(arguments[0], out nint index)
            || !ArrayElements.TryKind(handle, out ElementKind kind)) return null;
        return ArrayNumbers.TryWord(kind, arguments[2], out ulong word)
            ? CompareExchange(handle, index, kind, arguments[1], word) : null;
    }

    // Python decides whether an element equals the expected one. Its bits are exchanged if they are still those that Python saw.
    static PyObject* CompareExchange(Handle* handle, nint index, ElementKind kind, PyObject* expected, ulong word)
    {
        for (nint tries = 0; LiveMethods.GoesOn(tries); tries++)
        {
            if (!LiveMethods.IsUsable(handle)) return null;
            Status status = Operations.Get(handle->State->Me, ArrayType.ArrayOf(handle), index, out ulong there, out _);
            if (status != Status.Done) return ArrayElements.Raise(handle, status, "array index out of range");
            PyObject* item = ArrayNumbers.ToPython(kind, there);
            int equal = item == null ? -1 : Api.Table.PyObject_RichCompareBool(item, expected, Comparison.Equal);
            References.Drop(item);
            if (equal <= 0) return equal < 0 ? null : Api.Table._Py_FalseStruct;
            if (!LiveMethods.IsUsable(handle)) return null;
            status = Operations.CompareExchange(handle->State->Me, ArrayType.ArrayOf(handle), index, there, word, out ulong seen);
            if (status != Status.Done) return LiveErrors.Raise(handle, status);
            if (seen == there) return Api.Table._Py_TrueStruct;
        }
        return null;
    }
}

using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Compares an Array with other arrays. The elements are exported meanwhile, since Python code may run.
/// </summary>
internal static unsafe partial class ArrayComparison
{
    [Callback]
    internal static partial PyObject* Compare(Handle* handle, PyObject* other, int operation)
    {
        bool isLive = other->Type == handle->State->TypeOf(LiveKind.Array);
        if (!isLive && !PlainArrays.Is(other, orDerived: true))
            return LiveMethods.CheckAlive(handle) ? Api.Table._Py_NotImplementedStruct : null;
        return isLive ? CompareLive(handle, (Handle*)other, operation) : ComparePlain(handle, other, operation);
    }

    static PyObject* CompareLive(Handle* handle, Handle* other, int operation)
    {
        if (!ArrayType.TryExport(handle, out ArrayView left)) return null;
        PyObject* result = null;
        if (ArrayType.TryExport(other, out ArrayView right))
            result = CompareElements(left, right.Kind, right.Data, right.Count, operation);
        right.End();
        left.End();
        return result;
    }

    static PyObject* ComparePlain(Handle* handle, PyObject* plain, int operation)
    {
        int typecode = PlainArrays.TypecodeOf(plain);
        if (typecode == 0) return LiveMethods.CheckAlive(handle) ? Api.Table._Py_NotImplementedStruct : null;
        PyBuffer buffer;
        if (Api.Table.PyObject_GetBuffer(plain, &buffer, 0) != 0) return null;
        Typecodes.TryKind(typecode, out ElementKind kind);
        PyObject* result = null;
        if (ArrayType.TryExport(handle, out ArrayView left))
            result = CompareElements(left, kind, buffer.Data, buffer.Length / Elements.SizeOf(kind), operation);
        left.End();
        Api.Table.PyBuffer_Release(&buffer);
        return result;
    }

    // Compares as sequences are compared: by the first two elements that differ, or by length.
    static PyObject* CompareElements(in ArrayView left, ElementKind kind, byte* right, nint count, int operation)
    {
        bool isEquality = operation is Comparison.Equal or Comparison.NotEqual;
        if (isEquality && left.Count != count) return Truth(operation == Comparison.NotEqual);
        nint shorter = Math.Min(left.Count, count);
        nint at = left.Kind == kind
            ? Elements.FirstDifference(kind, left.Data, right, shorter) : FirstDifference(left, kind, right, shorter);
        if (at < 0) return null;
        if (at == shorter) return Truth(IsTrue(left.Count.CompareTo(count), operation));
        if (isEquality) return Truth(operation == Comparison.NotEqual);
        int size = Elements.SizeOf(kind);
        PyObject* first = ArrayNumbers.ToPython(left.Kind, Elements.At(left.Data + at * left.Size, left.Size));
        PyObject* second = first == null ? null : ArrayNumbers.ToPython(kind, Elements.At(right + at * size, size));
        PyObject* result = second == null ? null : Api.Table.PyObject_RichCompare(first, second, operation);
        References.Drop(first);
        References.Drop(second);
        return result;
    }

    // The first difference between elements of different kinds, compared exactly as Python does; negative with an exception set.
    static nint FirstDifference(in ArrayView left, ElementKind kind, byte* right, nint count)
    {
        int size = Elements.SizeOf(kind);
        for (nint i = 0; i < count; i++)
        {
            PyObject* first = ArrayNumbers.ToPython(left.Kind, Elements.At(left.Data + i * left.Size, left.Size));
            PyObject* second = first == null ? null : ArrayNumbers.ToPython(kind, Elements.At(right + i * size, size));
            int equal = second == null ? -1 : Api.Table.PyObject_RichCompareBool(first, second, Comparison.Equal);
            References.Drop(first);
            References.Drop(second);
            if (equal < 0 || !LiveMethods.GoesOn(i)) return -1;
            if (equal == 0) return i;
        }
        return count;
    }

    static bool IsTrue(int order, int operation) => operation switch
    {
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Equal => order == 0,
        Comparison.NotEqual => order != 0,
        Comparison.Greater => order > 0,
        _ => order >= 0,
    };

    static PyObject* Truth(bool value) => value ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

// Comparison with other arrays, and searching for a number. The elements are exported meanwhile, since Python code may run.
internal static unsafe partial class ArrayType
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation)
    {
        try
        {
            Handle* handle = (Handle*)self;
            bool isLive = other->Type == handle->State->TypeOf(LiveKind.Array);
            if (!isLive && !PlainArrays.Is(other, orDerived: true))
                return LiveMethods.CheckAlive(handle) ? Api.Table._Py_NotImplementedStruct : null;
            return isLive ? CompareLive(handle, (Handle*)other, operation) : ComparePlain(handle, other, operation);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static PyObject* CompareLive(Handle* handle, Handle* other, int operation)
    {
        if (!TryExport(handle, out ArrayView left)) return null;
        PyObject* result = null;
        if (TryExport(other, out ArrayView right)) result = CompareElements(left, right.Kind, right.Data, right.Count, operation);
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
        if (TryExport(handle, out ArrayView left))
            result = CompareElements(left, kind, buffer.Data, buffer.Length / Elements.SizeOf(kind), operation);
        left.End();
        Api.Table.PyBuffer_Release(&buffer);
        return result;
    }

    // Compares as sequences are compared: by the first two elements that differ, or by length.
    static PyObject* CompareElements(in ArrayView left, ElementKind kind, byte* right, nint count, int operation)
    {
        bool isEquality = operation is Equal or NotEqual;
        if (isEquality && left.Count != count) return Truth(operation == NotEqual);
        nint shorter = Math.Min(left.Count, count);
        nint at = left.Kind == kind
            ? Elements.FirstDifference(kind, left.Data, right, shorter) : FirstDifference(left, kind, right, shorter);
        if (at < 0) return null;
        if (at == shorter) return Truth(IsTrue(left.Count.CompareTo(count), operation));
        if (isEquality) return Truth(operation == NotEqual);
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
            int equal = second == null ? -1 : Api.Table.PyObject_RichCompareBool(first, second, Equal);
            References.Drop(first);
            References.Drop(second);
            if (equal < 0 || !LiveMethods.GoesOn(i)) return -1;
            if (equal == 0) return i;
        }
        return count;
    }

    static bool IsTrue(int order, int operation) => operation switch
    {
        Less => order < 0,
        LessOrEqual => order <= 0,
        Equal => order == 0,
        NotEqual => order != 0,
        Greater => order > 0,
        _ => order >= 0,
    };

    static PyObject* Truth(bool value) => value ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            if (!TryExport((Handle*)self, out ArrayView view)) return -1;
            try
            {
                nint found = Find(view, o, 0, view.Count);
                return found == Failed ? -1 : found != Absent ? 1 : 0;
            }
            finally
            {
                view.End();
            }
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IndexOf(PyObject* self, PyObject** arguments, nint count) => Frame.Call(self, arguments, count, &IndexOf);

    static PyObject* IndexOf(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("index", count, 1, 3)) return null;
        nint start = 0;
        nint stop = nint.MaxValue;
        if (count > 1 && !TryBound(arguments[1], out start) || count > 2 && !TryBound(arguments[2], out stop)) return null;
        if (!TryExport(handle, out ArrayView view)) return null;
        try
        {
            if (start < 0) start = Math.Max(0, start + view.Count);
            if (stop < 0) stop += view.Count;
            nint found = Find(view, arguments[0], start, Math.Min(stop, view.Count));
            return found == Failed
                ? null : found == Absent ? Errors.Value("array.index(x): x not in array") : Api.Table.PyLong_FromLongLong(found);
        }
        finally
        {
            view.End();
        }
    }

    // A bound of a range. A number that is too large counts as the end.
    static bool TryBound(PyObject* o, out nint bound)
    {
        bound = Api.Table.PyNumber_AsSsize_t(o, null);
        return bound != -1 || Api.Table.PyErr_Occurred() == null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CountOf(PyObject* self, PyObject* o) => Frame.Call(self, o, &CountOf);

    static PyObject* CountOf(Handle* handle, PyObject* o)
    {
        if (!TryExport(handle, out ArrayView view)) return null;
        try
        {
            long count = 0;
            nint found = -1;
            while ((found = Find(view, o, found + 1, view.Count)) >= 0) count++;
            return found == Failed ? null : Api.Table.PyLong_FromLongLong(count);
        }
        finally
        {
            view.End();
        }
    }

    const nint Absent = -1;
    const nint Failed = -2;

    // The index of the first element in a range that equals an object, as Python compares them; Absent, or Failed with an
    // exception set.
    static nint Find(in ArrayView view, PyObject* o, nint start, nint stop)
    {
        byte* place = view.Data + start * view.Size;
        if (ArrayNumbers.TryPlain(view.Kind, o, out ulong word, out double real))
        {
            bool isReal = Elements.IsReal(view.Kind);
            for (nint i = start; i < stop; i++, place += view.Size)
            {
                ulong found = Elements.At(place, view.Size);
                if (isReal ? Elements.Real(view.Kind, found) == real : found == word) return i;
            }
            return Absent;
        }
        for (nint i = start; i < stop; i++, place += view.Size)
        {
            PyObject* item = ArrayNumbers.ToPython(view.Kind, Elements.At(place, view.Size));
            int equal = item == null ? -1 : Api.Table.PyObject_RichCompareBool(item, o, Equal);
            References.Drop(item);
            if (equal < 0 || !LiveMethods.GoesOn(i)) return Failed;
            if (equal > 0) return i;
        }
        return Absent;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;
using Operations = Symplast.Objects.SharedArray;

namespace Symplast.Python.Live;

/// <summary>Single elements of an Array, and slices.</summary>
internal static unsafe partial class ArrayElements
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static nint Length(PyObject* self)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return -1;
        Status status = Operations.Count(handle->State->Me, ArrayType.ArrayOf(handle), out nint count);
        if (status == Status.Done) return count;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    // CPython has already added the length to a negative index.
    [Callback]
    internal static partial PyObject* Item(Handle* self, nint index) =>
        index < 0 ? LiveErrors.RaiseIndex("array index out of range") : Get(self, index);

    [Callback]
    internal static partial PyObject* Subscript(Handle* self, PyObject* key)
    {
        if (key->Type == Api.Table.PyLong_Type && ((PyLongObject*)key)->IsCompact)
            return Get(self, (nint)((PyLongObject*)key)->CompactValue);
        if (key->Type == Api.Table.PySlice_Type) return GetSlice(self, key);
        return TryIndex(key, out nint index) ? Get(self, index) : null;
    }

    [Callback]
    internal static partial int AssignItem(Handle* self, nint index, PyObject* value)
    {
        if (index >= 0) return Set(self, index, value) ? 0 : -1;
        LiveErrors.RaiseIndex("array assignment index out of range");
        return -1;
    }

    [Callback]
    internal static partial int Assign(Handle* self, PyObject* key, PyObject* value)
    {
        if (key->Type == Api.Table.PySlice_Type) return AssignSlice(self, key, value) ? 0 : -1;
        return TryIndex(key, out nint index) && Set(self, index, value) ? 0 : -1;
    }

    static PyObject* Get(Handle* handle, nint index)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = Operations.Get(handle->State->Me, ArrayType.ArrayOf(handle), index, out ulong word, out ElementKind kind);
        return status == Status.Done ? ArrayNumbers.ToPython(kind, word) : Raise(handle, status, "array index out of range");
    }

    static bool Set(Handle* handle, nint index, PyObject* value)
    {
        if (value == null) return RaiseFixed();
        if (!LiveMethods.IsUsable(handle)) return false;
        // The index is checked before the value, as in plain arrays.
        Status status = Operations.Get(handle->State->Me, ArrayType.ArrayOf(handle), index, out _, out ElementKind kind);
        if (status == Status.Done)
        {
            if (!ArrayNumbers.TryWord(kind, value, out ulong word) || !LiveMethods.IsUsable(handle)) return false;
            status = Operations.Exchange(handle->State->Me, ArrayType.ArrayOf(handle), index, word, out _);
        }
        return status == Status.Done || Raise(handle, status, "array assignment index out of range") != null;
    }

    /// <summary>The kind of the elements; false with DeletedError set.</summary>
    internal static bool TryKind(Handle* handle, out ElementKind kind)
    {
        kind = default;
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = Operations.Kind(handle->State->Me, ArrayType.ArrayOf(handle), out kind);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    /// <summary>Converts an index. May run Python code.</summary>
    internal static bool TryIndex(PyObject* o, out nint index)
    {
        index = 0;
        if (o->Type == Api.Table.PyLong_Type && ((PyLongObject*)o)->IsCompact)
        {
            index = (nint)((PyLongObject*)o)->CompactValue;
            return true;
        }
        if (Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.Index) == null)
            return Errors.Type("array indices must be integers") != null;
        index = Api.Table.PyNumber_AsSsize_t(o, *Api.Table.PyExc_IndexError);
        return index != -1 || Api.Table.PyErr_Occurred() == null;
    }

    static PyObject* GetSlice(Handle* handle, PyObject* slice)
    {
        nint start, stop, step;
        if (Api.Table.PySlice_Unpack(slice, &start, &stop, &step) < 0) return null;
        if (!ArrayType.TryExport(handle, out ArrayView view)) return null;
        nint count = Api.Table.PySlice_AdjustIndices(view.Count, &start, &stop, step);
        // The first element of an empty slice may lie outside the array.
        PyObject* plain = PlainArrays.Of(
            view.Tag, view.Size, count == 0
            ? view.Data : view.Data + start * view.Size, count <= 1 ? view.Size : step * view.Size, count);
        view.End();
        return plain;
    }

    static bool AssignSlice(Handle* handle, PyObject* slice, PyObject* value)
    {
        if (value == null) return RaiseFixed();
        nint start, stop, step;
        if (Api.Table.PySlice_Unpack(slice, &start, &stop, &step) < 0) return false;
        if (!TryKind(handle, out ElementKind kind) || !ArraySource.Of(handle->State, value, kind, out ArraySource source))
            return false;
        try
        {
            if (!ArrayType.TryExport(handle, out ArrayView view)) return false;
            nint count = Api.Table.PySlice_AdjustIndices(view.Count, &start, &stop, step);
            bool fits = count == source.Count;
            if (fits && count > 0)
                source.CopyTo(view.Data + start * view.Size, count == 1 ? view.Size : step * view.Size, view.Size);
            view.End();
            return fits || Errors.Value(
                $"attempt to assign {source.Count} numbers to a slice of {count}: an Array has a fixed length") != null;
        }
        finally
        {
            source.Dispose();
        }
    }

    static bool RaiseFixed() => Errors.Type("an Array has a fixed length: elements cannot be deleted") != null;

    /// <summary>Raises the exception for a status; IndexError with a message if there is no such element.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* Raise(Handle* handle, Status status, string outOfRange) =>
        status == Status.Missing ? LiveErrors.RaiseIndex(outOfRange) : LiveErrors.Raise(handle, status);
}

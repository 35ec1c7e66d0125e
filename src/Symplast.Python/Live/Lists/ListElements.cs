using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>Single elements of a List by their index.</summary>
internal static unsafe partial class ListElements
{
    // CPython has already added the length to a negative index.
    [Callback]
    internal static partial PyObject* Item(Handle* self, nint index) =>
        index < 0 ? LiveErrors.RaiseIndex("list index out of range") : Get(self, index);

    [Callback]
    internal static partial PyObject* Subscript(Handle* self, PyObject* key)
    {
        if (key->Type == Api.Table.PyLong_Type && ((PyLongObject*)key)->IsCompact)
            return Get(self, ((PyLongObject*)key)->CompactValue);
        if (key->Type == Api.Table.PySlice_Type) return ListSlices.GetSlice(self, key);
        return TryIndex(key, out long index) ? Get(self, index) : null;
    }

    /// <summary>
    /// Returns a new reference to an element; a negative index counts from the end. Returns null with an exception set.
    /// </summary>
    static PyObject* Get(Handle* handle, long index)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PyObject* result;
        Status status;
        do
        {
            Section section = Section.Enter(state->Me);
            status = index >= 0
                ? Vector.Get(state->Me, ListType.VectorOf(handle), index, out Value value)
                : Vector.GetFromEnd(state->Me, ListType.VectorOf(handle), index, out value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        return status == Status.Done
            ? result : status == Status.Missing
            ? LiveErrors.RaiseIndex("list index out of range") : LiveErrors.Raise(handle, status);
    }

    /// <summary>Converts an index. May run Python code.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool TryIndex(PyObject* o, out long index)
    {
        index = 0;
        if (Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.Index) == null)
            return Errors.Type($"list indices must be integers or slices, not {Text.TypeName(o)}") != null;
        index = Api.Table.PyNumber_AsSsize_t(o, *Api.Table.PyExc_IndexError);
        return index != -1 || Api.Table.PyErr_Occurred() == null;
    }

    [Callback]
    internal static partial int AssignItem(Handle* self, nint index, PyObject* value)
    {
        if (index < 0)
        {
            LiveErrors.RaiseIndex("list assignment index out of range");
            return -1;
        }
        return (value == null ? Delete(self, index) : Set(self, index, null, value)) ? 0 : -1;
    }

    [Callback]
    internal static partial int Assign(Handle* handle, PyObject* key, PyObject* value)
    {
        long index;
        if (key->Type == Api.Table.PyLong_Type && ((PyLongObject*)key)->IsCompact) index = ((PyLongObject*)key)->CompactValue;
        else if (key->Type == Api.Table.PySlice_Type) return ListSlices.AssignSlice(handle, key, value) ? 0 : -1;
        else if (!TryIndex(key, out index)) return -1;
        return (value == null ? Delete(handle, index) : Set(handle, index, key, value)) ? 0 : -1;
    }

    static bool Set(Handle* handle, long index, PyObject* key, PyObject* item)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, key), out Incoming incoming)) return false;
        Section section = Section.Enter(state->Me);
        Status status = incoming.ToValue(state, heap, out Value value);
        if (status == Status.Done)
        {
            status = Vector.Set(state->Me, ListType.VectorOf(handle), index, value);
            Reference.Drop(state->Me, value);
        }
        section.Exit(state->Me);
        incoming.Dispose(state);
        if (status == Status.Missing) return LiveErrors.RaiseIndex("list assignment index out of range") != null;
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    static bool Delete(Handle* handle, long index)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        Status status = Vector.RemoveElement(state->Me, ListType.VectorOf(handle), index);
        if (status == Status.Missing) return LiveErrors.RaiseIndex("list assignment index out of range") != null;
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    /// <summary>Appends an element. Returns false with an exception set.</summary>
    internal static bool AppendOne(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!Incoming.Item(state, heap, o, Place.Member((PyObject*)handle), out Incoming incoming)) return false;
        Section section = Section.Enter(state->Me);
        Status status = incoming.ToValue(state, heap, out Value value);
        if (status == Status.Done)
        {
            status = Vector.Append(state->Me, ListType.VectorOf(handle), value);
            Reference.Drop(state->Me, value);
        }
        section.Exit(state->Me);
        incoming.Dispose(state);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }
}

using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Values of a pool in native memory, with a reference to each, before they are stored in a structure or after they were loaded
/// from one. Created and disposed of outside sections, with the GIL held. A handle into the pool must stay alive meanwhile.
/// </summary>
internal unsafe struct HeldValues
{
    const nint PerSection = 256;

    /// <summary>The values.</summary>
    internal Value* Items;

    /// <summary>The number of values.</summary>
    internal nint Count;

    /// <summary>
    /// Converts the items of a plain list that no other code can reach to values for a structure in <paramref name="heap"/>.
    /// Returns false with an exception set. May run Python code.
    /// </summary>
    internal static bool Of(LiveState* state, PoolHeap* heap, PyObject* list, scoped in Place place, out HeldValues values)
    {
        values = default;
        if (!values.Reserve(((PyListObject*)list)->Size)) return false;
        nint count = ((PyListObject*)list)->Size;
        while (values.Count < count && values.Count < ((PyListObject*)list)->Size)
        {
            // AddPlain may add none.
            values.AddPlain(state, heap, (PyListObject*)list, count);
            if (values.Count >= Math.Min(count, ((PyListObject*)list)->Size)) break;
            PyObject* item = References.New(((PyListObject*)list)->Items[values.Count]);
            bool done = LiveMethods.GoesOn(values.Count) && values.Add(state, heap, item, place);
            References.Drop(item);
            if (done) continue;
            values.Dispose(state, heap);
            return false;
        }
        return true;
    }

    /// <summary>Makes room for a number of values. Returns false with an exception set.</summary>
    internal bool Reserve(nint capacity)
    {
        try
        {
            Items = (Value*)NativeMemory.Alloc((nuint)Math.Max(capacity, 1), (nuint)sizeof(Value));
            return true;
        }
        catch (OutOfMemoryException)
        {
            Api.Table.PyErr_NoMemory();
            return false;
        }
    }

    /// <summary>
    /// Drops the references, which were taken for a structure in <paramref name="heap"/>, and frees the memory.
    /// </summary>
    internal void Dispose(LiveState* state, PoolHeap* heap)
    {
        for (nint i = 0; i < Count;)
        {
            Section section = Section.Enter(state->Me);
            // Once the heap is deleted, nothing keeps the addresses of the pools that its values point into.
            bool isDeleted = PoolHeap.IsDeleted(heap);
            nint end = isDeleted ? Count : Math.Min(Count, i + PerSection);
            for (; i < end; i++)
            {
                if (!isDeleted) Reference.Drop(state->Me, Items[i]);
            }
            section.Exit(state->Me);
        }
        Free();
    }

    /// <summary>Frees the memory only: the references have another owner, or there are none.</summary>
    internal void Free()
    {
        NativeMemory.Free(Items);
        this = default;
    }

    // Adds the following items that need no Python code, up to the first of a thousand steps, at which signals are checked. An
    // item that cannot be converted is left to Add, which raises the exception.
    void AddPlain(LiveState* state, PoolHeap* heap, PyListObject* list, nint count)
    {
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        nint end = Math.Min(Math.Min(count, list->Size), Count / PerSection * PerSection + PerSection - 1);
        while (!isDeleted && Count < end && PlainValues.TryStore(state->Me, heap, list->Items[Count], out Value value)
            && !value.IsEmpty) Items[Count++] = value;
        section.Exit(state->Me);
    }

    bool Add(LiveState* state, PoolHeap* heap, PyObject* item, scoped in Place place)
    {
        if (!Incoming.Item(state, heap, item, place, out Incoming incoming)) return false;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        Value value = isDeleted ? default : incoming.ToValue(state, heap);
        section.Exit(state->Me);
        incoming.Dispose(state);
        if (isDeleted) return LiveErrors.RaiseDeletedPool(state, heap) != null;
        if (value.IsEmpty) return LiveErrors.RaiseNoMemory(state, heap) != null;
        Items[Count++] = value;
        return true;
    }

    /// <summary>
    /// Returns a new plain list of <paramref name="count"/> values, each <paramref name="step"/> after the one before; null with
    /// an exception set. The caller holds the values and keeps the pool's addresses.
    /// </summary>
    internal static PyObject* ToList(LiveState* state, PoolHeap* heap, Value* values, nint step, nint count)
    {
        PyListObject* list = (PyListObject*)Api.Table.PyList_New(count);
        if (LiveMethods.Hidden((PyObject*)list) == null) return null;
        list->Size = 0;
        for (nint i = 0; i < count;)
        {
            bool isMissing = false;
            Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
            nint end = Math.Min(count, i + PerSection);
            for (; !isDeleted && !isMissing && i < end; i++)
            {
                PyObject* o = Outgoing.Object(state, values[i * step]);
                isMissing = o == null;
                if (isMissing) break;
                list->Items[list->Size++] = o;
            }
            section.Exit(state->Me);
            if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
            else if (!isMissing || LiveState.Again(state)) continue;
            References.Drop((PyObject*)list);
            return null;
        }
        Api.Table.PyObject_GC_Track(list);
        return (PyObject*)list;
    }
}

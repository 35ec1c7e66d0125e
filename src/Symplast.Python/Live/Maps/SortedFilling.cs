using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Tree = Symplast.Objects.SortedMap;

namespace Symplast.Python.Live;

/// <summary>
/// Fills an empty SortedDict with the items of a plain dict at once: sorts the items and builds a tree of them, which no other
/// thread sees before it is complete.
/// </summary>
internal static unsafe class SortedFilling
{
    const nint Few = 8;

    // A divisor of 1024: see GoesOn.
    const nint PerSection = 256;

    /// <summary>
    /// Moves items of a plain dict, which no other code uses, to a SortedDict. Moves the first items whose keys are numbers or
    /// text and whose values are plain, or none if the SortedDict is not empty or there is no room. Returns false with an
    /// exception set. Signal handlers can run.
    /// </summary>
    internal static bool Dict(Handle* handle, PyObject* plain, ref nint position)
    {
        nint count = ((PyDictObject*)plain)->Used;
        LiveState* state = handle->State;
        // Other threads may store items meanwhile. Then TryFill fails.
        if (count < Few || Tree.Count(state->Me, (SortedMap*)handle->Shared, out long present) != Status.Done || present != 0)
            return true;
        SortedEntry* entries = Allocate(count);
        if (entries == null) return true;
        nint after = position;
        bool goesOn = Collect(handle, plain, ref after, entries, count, out nint collected);
        // The position advances only if all collected items were stored. Otherwise the caller stores the items one by one and
        // meets any error again.
        if (goesOn && LiveMethods.IsUsable(handle) && TryFill(handle, entries, collected)) position = after;
        NativeMemory.Free(entries);
        return goesOn && Api.Table.PyErr_Occurred() == null;
    }

    static SortedEntry* Allocate(nint count)
    {
        try
        {
            return (SortedEntry*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(SortedEntry));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    // Collects the first items with references. On failure the references are dropped and an exception is set. A deleted pool is
    // not a failure: no items are then collected.
    static bool Collect(Handle* handle, PyObject* plain, ref nint position, SortedEntry* entries, nint count, out nint collected)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        collected = 0;
        for (nint sections = 1; ; sections++)
        {
            Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
            nint most = isDeleted ? 0 : Math.Min(count - collected, PerSection);
            nint done = 0;
            while (done < most && TryNext(state->Me, heap, plain, ref position, entries + collected))
            {
                done++;
                collected++;
            }
            section.Exit(state->Me);
            if (done < PerSection) return true;
            if (LiveMethods.GoesOn(sections * PerSection - 1)) continue;
            Drop(handle, entries, collected);
            return false;
        }
    }

    // Gets the next item. Called inside a section. Returns false if there is none, or if it is not plain; the position is then
    // unchanged.
    static bool TryNext(Participant* me, PoolHeap* heap, PyObject* plain, ref nint position, SortedEntry* entry)
    {
        PyObject* key;
        PyObject* value;
        nint next = position;
        if (Api.Table.NextItem(plain, &next, &key, &value) == 0) return false;
        bool isFloat = key->Type == Api.Table.PyFloat_Type;
        Value stored = isFloat ? Value.Of(((PyFloatObject*)key)->Value) : default;
        if (!isFloat && !PlainValues.TryStoreKey(me, heap, key, out stored, out _) || stored.IsEmpty) return false;
        if (!PlainValues.TryStore(me, heap, value, out Value item) || item.IsEmpty)
        {
            Reference.Drop(me, stored);
            return false;
        }
        *entry = new SortedEntry(stored, item);
        position = next;
        return true;
    }

    // Passes the references to the map, or drops them.
    static bool TryFill(Handle* handle, SortedEntry* entries, nint count)
    {
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        bool done = count != 0 && !PoolHeap.IsDeleted(Heap.Of(handle->Shared))
            && Tree.Fill(state->Me, (SortedMap*)handle->Shared, entries, count) == Status.Done;
        section.Exit(state->Me);
        if (!done) Drop(handle, entries, count);
        return done;
    }

    static void Drop(Handle* handle, SortedEntry* entries, nint count)
    {
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        bool isDeleted = handle->Shared == null || PoolHeap.IsDeleted(Heap.Of(handle->Shared));
        for (nint i = 0; i < count && !isDeleted; i++)
        {
            Reference.Drop(state->Me, entries[i].Key);
            Reference.Drop(state->Me, entries[i].Value);
        }
        section.Exit(state->Me);
    }
}

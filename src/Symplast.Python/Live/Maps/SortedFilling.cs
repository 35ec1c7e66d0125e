using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Tree = Symplast.Objects.SortedMap;

namespace Symplast.Python.Live;

/// <summary>
/// Gives a SortedDict that is empty the items of a plain dict at once: they are sorted, and a tree is made of them, where nobody
/// sees it.
/// </summary>
internal static unsafe class SortedFilling
{
    const nint Few = 8;

    // A divisor of 1024: see GoesOn.
    const nint PerSection = 256;

    /// <summary>
    /// Moves items of a plain dict that nobody else has to a SortedDict, from its first one on: as many as there are whose keys
    /// are numbers, or text, and whose values are plain; or none, if the SortedDict is not empty, or has no room. False with an
    /// exception set; handlers of signals can run.
    /// </summary>
    internal static bool Dict(Handle* handle, PyObject* plain, ref nint position)
    {
        nint count = ((PyDictObject*)plain)->Used;
        LiveState* state = handle->State;
        // Others may store something meanwhile: then it ends later.
        if (count < Few || Tree.Count(state->Me, (SortedMap*)handle->Shared, out long present) != Status.Done || present != 0)
            return true;
        SortedEntry* entries = Allocate(count);
        if (entries == null) return true;
        nint after = position;
        bool goesOn = Collect(handle, plain, ref after, entries, count, out nint collected);
        // What was stored goes on if all did; what else is in the way is found again by whoever stores one by one.
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

    // The first items, with references. They are dropped if it fails, with an exception set; what went with the pool is none.
    static bool Collect(Handle* handle, PyObject* plain, ref nint position, SortedEntry* entries, nint count, out nint collected)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        collected = 0;
        for (nint sections = 1; ; sections++)
        {
            Section section = Section.Enter(state->Me);
            nint most = PoolHeap.IsDeleted(heap) ? 0 : Math.Min(count - collected, PerSection);
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

    // Inside a section. False if there is none, or if it is not plain: the position stays before it then.
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

    // The references go to the map, or they are dropped.
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

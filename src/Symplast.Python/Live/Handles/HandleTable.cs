using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Maps shared objects, by address, to the handles of one interpreter, so that each object has one handle. The table uses open
/// addressing with linear probing and is at most half full. It holds no references: a handle removes itself when it is
/// deallocated.
/// </summary>
/// <remarks>
/// Used with the interpreter's GIL held. <see cref="Knows"/> may be called by any thread that holds
/// <see cref="LiveStates.Gate"/>, under which the table's memory is replaced.
/// </remarks>
internal unsafe struct HandleTable
{
    struct Entry
    {
        internal Header* Shared;
        internal PyObject* Handle;
    }

    const int SmallestLog2 = 6;

    Entry* _entries;
    int _shift;
    nuint _mask;

    /// <summary>The number of handles.</summary>
    internal nuint Count;

    /// <summary>The handle of an object, a borrowed reference; null if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly PyObject* Find(Header* shared)
    {
        if (_entries == null) return null;
        for (nuint slot = Home(shared); ; slot = (slot + 1) & _mask)
        {
            Entry* entry = _entries + slot;
            if (entry->Shared == shared) return entry->Handle;
            if (entry->Shared == null) return null;
        }
    }

    /// <summary>Makes room for one more handle. Returns false if there is no memory.</summary>
    internal bool Reserve()
    {
        if (_entries != null && (Count + 1) * 2 <= _mask + 1) return true;
        int log2 = _entries == null ? SmallestLog2 : BitOperations.Log2(_mask + 1) + 1;
        Entry* old = _entries;
        nuint slots = old == null ? 0 : _mask + 1;
        Entry* larger;
        try
        {
            larger = (Entry*)NativeMemory.AllocZeroed((nuint)1 << log2, (nuint)sizeof(Entry));
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
        using (LiveStates.Gate.Hold())
        {
            _entries = larger;
            _mask = ((nuint)1 << log2) - 1;
            _shift = 64 - log2;
            for (nuint i = 0; i < slots; i++)
            {
                if (old[i].Shared != null) Insert(old[i]);
            }
        }
        NativeMemory.Free(old);
        return true;
    }

    /// <summary>Adds the handle of an object that has none. The caller has made room.</summary>
    internal void Add(Header* shared, PyObject* handle)
    {
        Insert(new Entry { Shared = shared, Handle = handle });
        Count++;
    }

    /// <summary>Removes the handle of an object, if it has one.</summary>
    internal void Remove(Header* shared)
    {
        if (_entries == null) return;
        nuint slot = Home(shared);
        while (_entries[slot].Shared != shared)
        {
            if (_entries[slot].Shared == null) return;
            slot = (slot + 1) & _mask;
        }
        Count--;
        // Later entries of the probe sequence move up, so that it has no gap.
        for (nuint next = (slot + 1) & _mask; _entries[next].Shared != null; next = (next + 1) & _mask)
        {
            nuint home = Home(_entries[next].Shared);
            if (((next - home) & _mask) < ((next - slot) & _mask)) continue;
            _entries[slot] = _entries[next];
            slot = next;
        }
        _entries[slot] = default;
    }

    /// <summary>Any handle, a borrowed reference; null if the table is empty.</summary>
    internal readonly PyObject* Any()
    {
        for (nuint slot = 0; _entries != null && slot <= _mask; slot++)
        {
            if (_entries[slot].Shared != null) return _entries[slot].Handle;
        }
        return null;
    }

    /// <summary>
    /// Whether an object has a handle. A handle may be missed whose entry moves meanwhile. Called with
    /// <see cref="LiveStates.Gate"/> held.
    /// </summary>
    internal readonly bool Knows(Header* shared)
    {
        if (_entries == null) return false;
        nuint slot = Home(shared);
        for (nuint i = 0; i <= _mask; i++, slot = (slot + 1) & _mask)
        {
            // Only compared: any value will do.
            nint found = Volatile.Read(ref *(nint*)&_entries[slot].Shared);
            if (found == (nint)shared) return true;
            if (found == 0) return false;
        }
        return false;
    }

    /// <summary>Frees the table. Called with <see cref="LiveStates.Gate"/> held.</summary>
    internal void Dispose()
    {
        NativeMemory.Free(_entries);
        this = default;
    }

    readonly void Insert(Entry added)
    {
        nuint slot = Home(added.Shared);
        while (_entries[slot].Shared != null) slot = (slot + 1) & _mask;
        _entries[slot] = added;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly nuint Home(Header* shared) => (nuint)(((ulong)shared >> 4) * 0x9E3779B97F4A7C15UL >> _shift);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Graph;

/// <summary>
/// Maps each original to its copy: an open-addressing hash table of addresses with linear probing, at most half full. It holds a
/// reference to every original, so that no address can be reused for another object while Python code runs.
/// </summary>
internal unsafe struct Memo : IDisposable
{
    internal struct Entry
    {
        internal PyObject* Original;
        internal PyObject* Copy;
    }

    const int SmallestLog2 = 10;

    Entry* _entries;
    int _shift;
    nuint _mask;
    nuint _count;

    /// <summary>The number of slots, used or unused; for iteration with <see cref="this"/>.</summary>
    internal readonly nuint Slots => _entries == null ? 0 : _mask + 1;

    /// <summary>A slot. An unused slot has a null Original.</summary>
    internal readonly ref Entry this[nuint slot] => ref _entries[slot];

    /// <summary>The copy of <paramref name="original"/>, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly PyObject* Find(PyObject* original)
    {
        if (_entries == null) return null;
        for (nuint slot = Home(original); ; slot = (slot + 1) & _mask)
        {
            Entry* entry = _entries + slot;
            if (entry->Original == original) return entry->Copy;
            if (entry->Original == null) return null;
        }
    }

    /// <summary>Adds a pair. The original must not be in the table yet.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a larger table. The memo is unchanged.</exception>
    internal void Add(PyObject* original, PyObject* copy)
    {
        if (_count * 2 >= Slots) Grow();
        References.Take(original);
        Insert(original, copy);
        _count++;
    }

    /// <summary>Replaces the copy of an original that is in the table.</summary>
    internal readonly void Replace(PyObject* original, PyObject* copy)
    {
        nuint slot = Home(original);
        while (_entries[slot].Original != original) slot = (slot + 1) & _mask;
        _entries[slot].Copy = copy;
    }

    /// <summary>Drops the references to the originals, which may run Python code, and frees the table.</summary>
    public void Dispose()
    {
        // The memo is emptied first, because the drops below may run finalizers.
        Entry* entries = _entries;
        nuint slots = Slots;
        this = default;
        for (nuint i = 0; i < slots; i++) References.Drop(entries[i].Original);
        NativeMemory.Free(entries);
    }

    /// <summary>Frees the table of a memo whose originals are immortal copies. Their memory may be freed already.</summary>
    internal void DisposeOfCopies()
    {
        NativeMemory.Free(_entries);
        this = default;
    }

    // Fibonacci hashing (Knuth, TAOCP 6.4): the high bits of the product depend on all bits of the address.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly nuint Home(PyObject* original) => (nuint)(((ulong)original >> 4) * 0x9E3779B97F4A7C15UL >> _shift);

    void Insert(PyObject* original, PyObject* copy)
    {
        nuint slot = Home(original);
        while (_entries[slot].Original != null) slot = (slot + 1) & _mask;
        _entries[slot] = new Entry { Original = original, Copy = copy };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Grow()
    {
        Entry* old = _entries;
        nuint oldSlots = Slots;
        int log2 = old == null ? SmallestLog2 : 65 - _shift;
        Entry* larger = (Entry*)NativeMemory.AllocZeroed((nuint)1 << log2, (nuint)sizeof(Entry));
        _entries = larger;
        _mask = ((nuint)1 << log2) - 1;
        _shift = 64 - log2;
        for (nuint i = 0; i < oldSlots; i++)
        {
            if (old[i].Original != null) Insert(old[i].Original, old[i].Copy);
        }
        NativeMemory.Free(old);
    }
}

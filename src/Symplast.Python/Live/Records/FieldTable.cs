using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// One interpreter's memory of which names are fields of which classes, so that setting one needs no look through the bases of
/// its class. Direct-mapped.
/// </summary>
/// <remarks>
/// A class is known by its version (<see cref="Layout.TypeVersion"/>), which changes when it or a base of it does: as long as it
/// has that version, it has the field. A name is known by its address, with a reference. Used with the interpreter's GIL held.
/// </remarks>
internal unsafe struct FieldTable
{
    const int Entries = 1024;

    struct Entry
    {
        internal PyObject* Name;        // a reference
        internal Field* Field;
        internal uint TypeVersion;
    }

    Entry* _entries;

    /// <summary>Makes the table.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal void Create() => _entries = (Entry*)NativeMemory.AllocZeroed(Entries, (nuint)sizeof(Entry));

    /// <summary>Frees the table.</summary>
    internal void Dispose()
    {
        for (int i = 0; _entries != null && i < Entries; i++) References.Drop(_entries[i].Name);
        NativeMemory.Free(_entries);
        _entries = null;
    }

    /// <summary>The field of this name, borrowed; null if none is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Field* Find(uint typeVersion, PyObject* name)
    {
        Entry* entry = Place(typeVersion, name);
        return entry->Name == name && entry->TypeVersion == typeVersion ? entry->Field : null;
    }

    /// <summary>Notes a field. Names are texts: nothing runs when another one is forgotten for it.</summary>
    internal readonly void Remember(uint typeVersion, PyObject* name, Field* field)
    {
        if (typeVersion == 0) return;
        Entry* entry = Place(typeVersion, name);
        PyObject* old = entry->Name;
        *entry = new Entry { Name = References.New(name), Field = field, TypeVersion = typeVersion };
        References.Drop(old);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly Entry* Place(uint typeVersion, PyObject* name) =>
        _entries + (((ulong)name >> 4 ^ (ulong)name >> 14 ^ typeVersion * 61UL) & (Entries - 1));
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// One interpreter's direct-mapped cache of classes' fields by their names, so that setting a field needs no look-up in the bases
/// of the class.
/// </summary>
/// <remarks>
/// A class is identified by its version (<see cref="Layout.TypeVersion"/>), which changes when the class or a base changes. While
/// it has the version, it has the field. A name is identified by its address, and the cache holds a reference to it. Used with
/// the interpreter's GIL held.
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

    /// <summary>Adds a field. Names are texts, so no Python code runs when another entry's name is dropped.</summary>
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

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// One interpreter's memory of where attributes are: which slot a name has in objects of a class with a shape, or that they have
/// none of this name; in either case the class has no data descriptor of the name. Direct-mapped.
/// </summary>
/// <remarks>
/// A class is known by its version (<see cref="Layout.TypeVersion"/>), which changes when it or a base of it does; a name by its
/// address, with a reference, so that the address means no other text. Used with the interpreter's GIL held.
/// </remarks>
internal unsafe struct AttributeCache
{
    const int Entries = 2048;

    /// <summary>What is known of one name.</summary>
    internal struct Entry
    {
        internal ulong ShapeId;
        internal PyObject* Name;        // a reference
        internal uint TypeVersion;
        internal int Slot;              // -1: the object has no such attribute, the class may
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

    /// <summary>The place where a name would be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Entry* Find(uint typeVersion, PyObject* name, ulong shapeId)
    {
        ulong key = (ulong)name >> 4 ^ (ulong)name >> 15 ^ shapeId * 61 ^ typeVersion * 7919UL;
        return _entries + (key & (Entries - 1));
    }

    /// <summary>Whether an entry is about this.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Knows(Entry* entry, uint typeVersion, PyObject* name, ulong shapeId) =>
        entry->Name == name && entry->ShapeId == shapeId && entry->TypeVersion == typeVersion;

    /// <summary>Fills an entry.</summary>
    internal static void Remember(Entry* entry, uint typeVersion, PyObject* name, ulong shapeId, int slot)
    {
        if (typeVersion == 0 || shapeId == 0) return;
        References.Take(name);
        References.Drop(entry->Name);
        *entry = new Entry { ShapeId = shapeId, Name = name, TypeVersion = typeVersion, Slot = slot };
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// One interpreter's direct-mapped cache of attributes' places. For a class, a shape and a name it has the slot of the attribute,
/// or the fact that objects of the shape have none of this name. In either case the class has no data descriptor of the name.
/// </summary>
/// <remarks>
/// A class is identified by its version (<see cref="Layout.TypeVersion"/>), which changes when the class or a base changes. A
/// name is identified by its address; the cache holds a reference, so that no other text can get the address. Used with the
/// interpreter's GIL held.
/// </remarks>
internal unsafe struct AttributeCache
{
    const int Entries = 2048;

    /// <summary>The entry of one name.</summary>
    internal struct Entry
    {
        internal ulong ShapeId;
        internal PyObject* Name;        // a reference
        internal uint TypeVersion;
        internal int Slot;              // -1: the object has no such attribute, but the class may have it
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

    /// <summary>The entry in which a name would be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Entry* Find(uint typeVersion, PyObject* name, ulong shapeId)
    {
        ulong key = (ulong)name >> 4 ^ (ulong)name >> 15 ^ shapeId * 61 ^ typeVersion * 7919UL;
        return _entries + (key & (Entries - 1));
    }

    /// <summary>Whether an entry is valid for a class, a name and a shape.</summary>
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

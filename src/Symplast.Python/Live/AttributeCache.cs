using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// One interpreter's memory of where attributes are: which slot a name has in objects of a class with a shape, or that it must be looked for in the class. Direct-mapped.
/// </summary>
/// <remarks>
/// A class is known by its version (<see cref="Layout.TypeVersion"/>), which changes when it or a base of it does; a name by its address, with a reference, so that
/// the address means no other text. Used with the interpreter's GIL held.
/// </remarks>
internal unsafe struct AttributeCache
{
    /// <summary>In <see cref="Entry.Slot"/>: not in the object; the class has it, or nobody.</summary>
    internal const int InClass = -1;

    const int Entries = 2048;

    /// <summary>What is known of one name.</summary>
    internal struct Entry
    {
        internal ulong ShapeId;
        internal PyObject* Name;        // a reference
        internal uint TypeVersion;
        internal int Slot;

        /// <summary>What a value must be an instance of, or null; a reference.</summary>
        internal PyObject* Required;
    }

    Entry* _entries;

    /// <summary>Makes the table.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal void Create() => _entries = (Entry*)NativeMemory.AllocZeroed(Entries, (nuint)sizeof(Entry));

    /// <summary>Frees the table.</summary>
    internal void Dispose()
    {
        for (int i = 0; _entries != null && i < Entries; i++)
        {
            References.Drop(_entries[i].Name);
            References.Drop(_entries[i].Required);
        }
        NativeMemory.Free(_entries);
        _entries = null;
    }

    /// <summary>Shows the collector every class that the table holds.</summary>
    internal readonly int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        for (int i = 0; _entries != null && i < Entries; i++)
        {
            int stop = _entries[i].Required == null ? 0 : visit(_entries[i].Required, argument);
            if (stop != 0) return stop;
        }
        return 0;
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
    internal static void Remember(Entry* entry, uint typeVersion, PyObject* name, ulong shapeId, int slot, PyObject* required)
    {
        if (typeVersion == 0 || shapeId == 0) return;
        References.Take(name);
        if (required != null) References.Take(required);
        Entry old = *entry;
        *entry = new Entry { ShapeId = shapeId, Name = name, TypeVersion = typeVersion, Slot = slot, Required = required };
        // Last: with a class anything may go.
        References.Drop(old.Name);
        References.Drop(old.Required);
    }
}

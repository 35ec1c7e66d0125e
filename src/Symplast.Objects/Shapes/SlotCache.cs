using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A thread's memory of which slot a name has in a shape: direct-mapped, in native memory. Not thread-safe. Names are known by keys of the caller's:
/// addresses of interned texts, which must not be used for another text while the cache knows them (<see cref="Clear"/>).
/// </summary>
public unsafe struct SlotCache
{
    const int Entries = 1024;

    struct Entry
    {
        internal ulong ShapeId;
        internal ulong Key;
        internal long Slot;
    }

    Entry _first;

    /// <summary>An empty cache.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public static SlotCache* Create() => (SlotCache*)NativeMemory.AllocZeroed(Entries, (nuint)sizeof(Entry));

    /// <summary>Frees the cache.</summary>
    public static void Free(SlotCache* cache) => NativeMemory.Free(cache);

    /// <summary>Forgets all.</summary>
    public static void Clear(SlotCache* cache) => NativeMemory.Clear(cache, Entries * (nuint)sizeof(Entry));

    /// <summary>The slot, or -1 if it is not known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Find(SlotCache* cache, ulong shapeId, ulong key)
    {
        Entry* entry = EntryOf(cache, shapeId, key);
        return entry->ShapeId == shapeId && entry->Key == key ? (int)entry->Slot : -1;
    }

    internal static void Remember(SlotCache* cache, ulong shapeId, ulong key, int slot) =>
        *EntryOf(cache, shapeId, key) = new Entry { ShapeId = shapeId, Key = key, Slot = slot };

    // Keys are addresses of aligned objects, shape ids consecutive.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Entry* EntryOf(SlotCache* cache, ulong shapeId, ulong key) => &cache->_first + ((key >> 4 ^ key >> 14 ^ shapeId * 31) & (Entries - 1));
}

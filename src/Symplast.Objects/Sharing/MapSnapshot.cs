using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// The entries of a map at one moment, in order, with a reference to each key and value. A snapshot belongs to its creator, and
/// lies in the pool or in the process's own memory. Keys and values alternate.
/// </summary>
/// <remarks>It may be read inside a section in which the pool was not deleted.</remarks>
public unsafe struct MapSnapshot
{
    /// <summary>The number of entries.</summary>
    public ulong Count;

    /// <summary>The heap of the keys and values, pinned, if the snapshot does not lie there itself.</summary>
    internal PoolHeap* Owner;

    /// <summary>The key of entry <paramref name="i"/>.</summary>
    public static Value Key(MapSnapshot* snapshot, ulong i) => Items(snapshot)[2 * i];

    /// <summary>The value of entry <paramref name="i"/>.</summary>
    public static Value Value(MapSnapshot* snapshot, ulong i) => Items(snapshot)[2 * i + 1];

    internal static Value* Items(MapSnapshot* snapshot) => (Value*)(snapshot + 1);

    /// <summary>
    /// Allocates an empty snapshot with room for <paramref name="capacity"/> entries in the process's own memory. Returns null if
    /// there is no memory. Called inside a section in which the pool was not deleted.
    /// </summary>
    internal static MapSnapshot* Create(PoolHeap* heap, ulong capacity)
    {
        try
        {
            MapSnapshot* snapshot = (MapSnapshot*)NativeMemory.Alloc(
                (nuint)sizeof(MapSnapshot) + checked((nuint)capacity * 2 * (nuint)sizeof(Value)));
            *snapshot = new MapSnapshot { Owner = heap };
            Heap.Pin(heap);
            return snapshot;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Drops all references and frees the snapshot, unless it was freed with its pool.</summary>
    public static void Free(Participant* me, MapSnapshot* snapshot)
    {
        // If the pool was deleted, the memory of the snapshot may be gone and must not be read.
        bool isInPool = AddressRange.Contains(snapshot);
        PoolHeap* owner = isInPool ? null : snapshot->Owner;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(isInPool ? Heap.Of(snapshot) : owner))
        {
            for (ulong i = 0; i < 2 * snapshot->Count; i++) Reference.Drop(me, Items(snapshot)[i]);
            if (isInPool) Heap.Free(me, snapshot);
        }
        Epoch.Exit(me);
        if (isInPool) return;
        Heap.Unpin(owner);
        NativeMemory.Free(snapshot);
    }
}

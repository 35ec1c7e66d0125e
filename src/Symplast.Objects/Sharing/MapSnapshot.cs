using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// The entries of a map at one instant, in order; with a reference to each key and value. It belongs to whoever made it, and lies
/// in the pool, or in memory of the process's own. Keys and values follow in turn.
/// </summary>
/// <remarks>To be read inside a section in which the pool was found not deleted.</remarks>
public unsafe struct MapSnapshot
{
    /// <summary>Number of entries.</summary>
    public ulong Count;

    /// <summary>The heap of the keys and values, pinned, if the snapshot does not lie there itself.</summary>
    internal PoolHeap* Owner;

    /// <summary>Key number <paramref name="i"/>.</summary>
    public static Value Key(MapSnapshot* snapshot, ulong i) => Items(snapshot)[2 * i];

    /// <summary>Value number <paramref name="i"/>.</summary>
    public static Value Value(MapSnapshot* snapshot, ulong i) => Items(snapshot)[2 * i + 1];

    internal static Value* Items(MapSnapshot* snapshot) => (Value*)(snapshot + 1);

    /// <summary>
    /// Room for so many entries in memory of the process's own; null if there is none. Inside a section in which the pool was not
    /// deleted.
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

    /// <summary>Drops all references and frees the snapshot, unless that went with its pool.</summary>
    public static void Free(Participant* me, MapSnapshot* snapshot)
    {
        // Of a pool that was deleted there is nothing to look at.
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

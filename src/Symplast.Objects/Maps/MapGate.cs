using System.Diagnostics;

namespace Symplast.Objects;

/// <summary>
/// The gate of a map: whoever opens it becomes the only writer, without any writer waiting for a section to end.
/// </summary>
internal static unsafe class MapGate
{
    // Done: inside a section, the caller holds the map's lock and is the only writer. Otherwise inside a section.
    internal static Status Open(Participant* me, OrderedMap* map)
    {
        Debug.Assert(!Epoch.IsInside(me));
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(map))) return Status.Deleted;
        Interleaving.Point();
        // Full fence; see below.
        Interlocked.Increment(ref map->Gate);
        Epoch.Exit(me);
        // Its barrier pairs with the announcement of a writer's section: a writer that did not see the gate is waited for.
        MapAtomics.AwaitSections();
        Epoch.Enter(me);
        // With the pool, the gate is gone too.
        if (PoolHeap.IsDeleted(Heap.Of(map))) return Status.Deleted;
        ObjectLock.Enter(&map->Object.Lock);
        return Status.Done;
    }

    internal static void Close(OrderedMap* map)
    {
        ObjectLock.Exit(&map->Object.Lock);
        Interleaving.Point();
        // Full fence. A writer that sees it early or late does what is right in both cases.
        Interlocked.Decrement(ref map->Gate);
    }

    // Before the gate is opened: who waits for its own section would leave it open.
    internal static void RefuseInside(Participant* me)
    {
        if (Epoch.IsInside(me) || Epoch.IsInsideAny())
            throw new InvalidOperationException("a thread cannot take a map for itself inside a section of its own");
    }
}

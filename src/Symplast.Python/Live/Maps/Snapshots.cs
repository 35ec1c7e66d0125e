using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Snapshots of maps and sets, each taken in the way that costs least: up to some size in memory of the process's own, keys alone
/// without writers noticing; a larger one in the pool, while others write; and if there is no room, with writers waiting.
/// </summary>
internal static unsafe class Snapshots
{
    // What writers wait for, or what is read again if they do not, takes some microseconds.
    const ulong MostAtOnce = 1024;

    /// <summary>The entries at one instant. Not inside a section.</summary>
    internal static Status Take(Participant* me, OrderedMap* map, out MapSnapshot* snapshot)
    {
        Status status = PrivateSnapshots.OfAll(me, map, MostAtOnce, out snapshot);
        if (status != Status.Done || snapshot != null) return status;
        status = MapSnapshots.Take(me, map, out snapshot);
        return status == Status.NoMemory ? PrivateSnapshots.OfAll(me, map, ulong.MaxValue, out snapshot) : status;
    }

    /// <summary>
    /// The same, to be read one after the other: of a large map nothing is copied before it is read. Of a set, or where only keys
    /// are wanted, the values may be empty.
    /// </summary>
    internal static Status Begin(Participant* me, OrderedMap* map, bool onlyKeys, bool reversed, out SnapshotEntries entries)
    {
        MapSnapshot* snapshot = null;
        MapCopy* copy = null;
        Status status = Status.Done;
        if (onlyKeys) status = PrivateSnapshots.OfKeys(me, map, MostAtOnce, out snapshot);
        if (status == Status.Done && snapshot == null) status = PrivateSnapshots.OfAll(me, map, MostAtOnce, out snapshot);
        if (status == Status.Done && snapshot == null) status = MapSnapshots.Begin(me, map, out snapshot, out copy);
        if (status == Status.NoMemory) status = PrivateSnapshots.OfAll(me, map, ulong.MaxValue, out snapshot);
        entries = copy != null ? new SnapshotEntries(map, copy, reversed) : new SnapshotEntries(snapshot, reversed);
        return status;
    }
}

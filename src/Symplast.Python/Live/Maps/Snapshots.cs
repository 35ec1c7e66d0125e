using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Takes snapshots of maps and sets in the cheapest way. A snapshot up to some size is copied to the process's own memory, one of
/// keys alone without an effect on writers. A larger snapshot lies in the pool, and other threads write meanwhile. If the pool
/// has no room, the snapshot is copied to the process's own memory while writers wait.
/// </summary>
internal static unsafe class Snapshots
{
    // Copying this number of entries takes some microseconds. Writers wait that long, or else the copy is repeated.
    const ulong MostAtOnce = 1024;

    /// <summary>Copies the entries at one moment. Not called inside a section.</summary>
    internal static Status Take(Participant* me, OrderedMap* map, out MapSnapshot* snapshot)
    {
        Status status = PrivateSnapshots.OfAll(me, map, MostAtOnce, out snapshot);
        if (status != Status.Done || snapshot != null) return status;
        status = MapSnapshots.Take(me, map, out snapshot);
        return status == Status.NoMemory ? PrivateSnapshots.OfAll(me, map, ulong.MaxValue, out snapshot) : status;
    }

    /// <summary>
    /// Gets the entries at one moment, to be read one after the other. The entries of a large map are copied lazily, when they
    /// are read. The values may be empty for a set, or if only keys are wanted.
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

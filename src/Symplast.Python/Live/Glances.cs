using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>At an entry of a Dict or SortedDict.</summary>
internal readonly unsafe struct EntryGlance<TMap>(Header* map, Probe key) : IGlance where TMap : struct, ILiveMap
{
    /// <inheritdoc/>
    public Status Look(Participant* me, out Value first, out Value second)
    {
        first = default;
        return TMap.Get(me, map, key, out second);
    }
}

/// <summary>At the first or last entry of a Dict or Set.</summary>
internal readonly unsafe struct EndGlance(OrderedMap* map, bool isLast) : IGlance
{
    /// <inheritdoc/>
    public Status Look(Participant* me, out Value first, out Value second)
    {
        Value key = default, value = default;
        Status status = OrderedMap<Uninterrupted>.Start(me, map, out OrderedMapCursor cursor);
        if (status == Status.Done)
        {
            status = isLast
                ? OrderedMap<Uninterrupted>.Previous(me, map, ref cursor, &key, &value, 1, out _)
                : OrderedMap<Uninterrupted>.Next(me, map, ref cursor, &key, &value, 1, out _);
        }
        first = key;
        second = value;
        return status;
    }
}

/// <summary>At an element of a List, from the end if the index is negative.</summary>
internal readonly unsafe struct ElementGlance(SharedVector* vector, long index) : IGlance
{
    /// <inheritdoc/>
    public Status Look(Participant* me, out Value first, out Value second)
    {
        first = second = default;
        long at = index;
        Status status = Status.Done;
        if (at < 0)
        {
            status = SharedVector<Uninterrupted>.Count(me, vector, out long count);
            at += count;
        }
        return status == Status.Done ? SharedVector<Uninterrupted>.Get(me, vector, at, out second) : status;
    }
}

/// <summary>At a value of an object's to which the caller holds a reference.</summary>
internal readonly unsafe struct ValueGlance(SharedObject* holder, Value value) : IGlance
{
    /// <inheritdoc/>
    public Status Look(Participant* me, out Value first, out Value second)
    {
        first = second = default;
        // A tuple is gone with the pool.
        if (SharedObject.IsDeleted(holder)) return Status.Deleted;
        second = value;
        return Status.Done;
    }
}

/// <summary>At the first or last entry of a SortedDict, whose keys have no class.</summary>
internal readonly unsafe struct SortedEndGlance(SortedMap* map, bool isLast) : IGlance
{
    /// <inheritdoc/>
    public Status Look(Participant* me, out Value first, out Value second) => isLast
        ? SortedMap<Uninterrupted, SortedMapRules>.Last(me, map, out first, out second)
        : SortedMap<Uninterrupted, SortedMapRules>.First(me, map, out first, out second);
}

/// <summary>At what an AtomicRef holds.</summary>
internal readonly unsafe struct CellGlance(AtomicCell* cell) : IGlance
{
    /// <inheritdoc/>
    public Status Look(Participant* me, out Value first, out Value second)
    {
        first = default;
        return AtomicReference<Uninterrupted>.Get(me, cell, out second);
    }
}

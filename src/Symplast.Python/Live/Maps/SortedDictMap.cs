using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Tree = Symplast.Objects.SortedMap;

namespace Symplast.Python.Live;

/// <summary>The operations of a live mapping that is a SortedDict.</summary>
internal readonly unsafe struct SortedDictMap : ILiveMap
{
    /// <inheritdoc/>
    public static void* Make(Participant* me, PoolHeap* heap) => Tree.Create(me, heap);

    /// <inheritdoc/>
    public static Status Count(Participant* me, Header* map, out ulong count)
    {
        Status status = Tree.Count(me, (SortedMap*)map, out long entries);
        count = (ulong)entries;
        return status;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Get<TKey>(Participant* me, Header* map, in TKey key, out Value value)
        where TKey : struct, IMapKey => Tree.Get(me, (SortedMap*)map, key.AsProbe, out value);

    /// <inheritdoc/>
    public static Status Give<TKey>(Participant* me, Header* map, in TKey key, Value value) where TKey : struct, IMapKey
    {
        Status status = Tree.Set(me, (SortedMap*)map, key.AsProbe, value);
        Reference.Drop(me, value);
        return status;
    }

    /// <inheritdoc/>
    public static Status Store(Participant* me, Header* map, in Probe key, Value value) =>
        Tree.Set(me, (SortedMap*)map, key, value);

    /// <inheritdoc/>
    public static Status GetOrAdd(Participant* me, Header* map, in Probe key, Value value, out Value actual) =>
        Tree.GetOrAdd(me, (SortedMap*)map, key, value, out actual);

    /// <inheritdoc/>
    public static Status Remove(Participant* me, Header* map, in Probe key) => Tree.Remove(me, (SortedMap*)map, key, out _);

    /// <inheritdoc/>
    public static Status Take(Participant* me, Header* map, in Probe key, in ValueGuard guard, out Value taken) =>
        Tree.Take(me, (SortedMap*)map, key, guard, out taken);

    /// <inheritdoc/>
    public static Status CompareExchange(Participant* me, Header* map, in Probe key, in Probe expected, Value desired) =>
        Tree.CompareExchange(me, (SortedMap*)map, key, expected, desired, out _);

    /// <inheritdoc/>
    public static Status Add(Participant* me, Header* map, in Probe key, Value delta, out Value sum) =>
        Tree.Add(me, (SortedMap*)map, key, delta, out sum);

    /// <inheritdoc/>
    public static Status Clear(Participant* me, Header* map) => Tree.Clear(me, (SortedMap*)map);

    /// <inheritdoc/>
    public static Status Snapshot(Participant* me, Header* map, out MapSnapshot* snapshot) =>
        Tree.SnapshotEntries(me, (SortedMap*)map, out snapshot);

    /// <inheritdoc/>
    public static Status Begin(Participant* me, Header* map, bool onlyKeys, bool reversed, out SnapshotEntries entries)
    {
        Status status = onlyKeys
            ? Tree.SnapshotKeys(me, (SortedMap*)map, SortedBound.None, SortedBound.None, out MapSnapshot* snapshot)
            : Tree.SnapshotEntries(me, (SortedMap*)map, out snapshot);
        entries = new SnapshotEntries(snapshot, reversed);
        return status;
    }

    /// <inheritdoc/>
    public static bool Fill(
        Handle* handle, PyObject* plain, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey, ref nint position) =>
        SortedFilling.Dict(handle, plain, ref position);

    /// <inheritdoc/>
    public static KeyState Search(Handle* handle, PyObject* o, delegate*<Handle*, PyObject*> keys, ref Incoming key) =>
        KeySearch.InSorted(handle, o, key.IsNumber, keys, out key);

    /// <inheritdoc/>
    public static bool CanHave(in Probe key) => key.Class != OrderingClass.None;

    /// <inheritdoc/>
    public static void CountWaiters(Participant* me, Header* map, int change) => Tree.CountWaiters(me, (SortedMap*)map, change);

    /// <inheritdoc/>
    public static bool IsForeign(Participant* me, Header* map, in Probe key) =>
        Tree.Contains(me, (SortedMap*)map, key) != Status.Done;

    /// <inheritdoc/>
    public static void Refuse(Handle* handle, PyObject* key, in Probe probe) =>
        UnsortableKeys.Raise(handle, key, probe);

    // Keys of a SortedDict are immutable, so a key is its own copy.
    /// <inheritdoc/>
    public static PyObject* CopyKey(PyObject* key, PyObject* memo) => References.New(key);
}

using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap;

namespace Symplast.Python.Live;

/// <summary>The operations of a live mapping that is a Dict.</summary>
internal readonly unsafe struct DictMap : ILiveMap
{
    /// <inheritdoc/>
    public static void* Make(Participant* me, PoolHeap* heap) => Map.Create(me, heap);

    /// <inheritdoc/>
    public static Status Count(Participant* me, Header* map, out ulong count) => Map.Count(me, (OrderedMap*)map, out count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Get<TKey>(Participant* me, Header* map, in TKey key, out Value value)
        where TKey : struct, IMapKey => Map.Get(me, (OrderedMap*)map, key, out value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Give<TKey>(Participant* me, Header* map, in TKey key, Value value)
        where TKey : struct, IMapKey => Map.Give(me, (OrderedMap*)map, key, value);

    /// <inheritdoc/>
    public static Status Store(Participant* me, Header* map, in Probe key, Value value) =>
        Map.Set(me, (OrderedMap*)map, key, value);

    /// <inheritdoc/>
    public static Status GetOrAdd(Participant* me, Header* map, in Probe key, Value value, out Value actual) =>
        Map.GetOrAdd(me, (OrderedMap*)map, key, value, out actual);

    /// <inheritdoc/>
    public static Status Remove(Participant* me, Header* map, in Probe key) => Map.Remove(me, (OrderedMap*)map, key, out _);

    /// <inheritdoc/>
    public static Status Take(Participant* me, Header* map, in Probe key, in ValueGuard guard, out Value taken) =>
        Map.Take(me, (OrderedMap*)map, key, guard, out taken);

    /// <inheritdoc/>
    public static Status CompareExchange(Participant* me, Header* map, in Probe key, in Probe expected, Value desired) =>
        Map.CompareExchange(me, (OrderedMap*)map, key, expected, desired, out _);

    /// <inheritdoc/>
    public static Status Add(Participant* me, Header* map, in Probe key, Value delta, out Value sum) =>
        Map.Add(me, (OrderedMap*)map, key, delta, out sum);

    /// <inheritdoc/>
    public static Status Clear(Participant* me, Header* map) => Map.Clear(me, (OrderedMap*)map);

    /// <inheritdoc/>
    public static Status Snapshot(Participant* me, Header* map, out MapSnapshot* snapshot) =>
        Snapshots.Take(me, (OrderedMap*)map, out snapshot);

    /// <inheritdoc/>
    public static Status Begin(Participant* me, Header* map, bool onlyKeys, bool reversed, out SnapshotEntries entries) =>
        Snapshots.Begin(me, (OrderedMap*)map, onlyKeys, reversed, out entries);

    /// <inheritdoc/>
    public static bool Fill(
        Handle* handle, PyObject* plain, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey, ref nint position) =>
        MapFilling.Dict(handle, plain, tryKey, ref position);

    /// <inheritdoc/>
    public static KeyState Search(Handle* handle, PyObject* o, delegate*<Handle*, PyObject*> keys, ref Incoming key) =>
        KeySearch.InHashed(handle, o, keys, out key);

    /// <inheritdoc/>
    public static bool CanHave(in Probe key) => true;

    /// <inheritdoc/>
    public static void CountWaiters(Participant* me, Header* map, int change) => Map.CountWaiters(me, (OrderedMap*)map, change);

    /// <inheritdoc/>
    public static bool IsForeign(Participant* me, Header* map, in Probe key) => false;

    /// <inheritdoc/>
    public static void Refuse(Handle* handle, PyObject* key, in Probe probe) => LiveErrors.RaiseNotShareable(handle->State,
        $"{Place.Item((PyObject*)handle, key).Describe()}: {Text.TypeName(key)} cannot be a key of a shared Dict");

    /// <inheritdoc/>
    public static PyObject* CopyKey(PyObject* key, PyObject* memo) => LiveMethods.CopyDeep(key, memo);
}

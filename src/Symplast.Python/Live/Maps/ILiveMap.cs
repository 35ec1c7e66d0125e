using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The operations in which Dict and SortedDict differ: those of the structure, and those on keys. Implementations do not know the
/// Python types. The interface is used only as the constraint of a type argument, so the compiler generates direct calls.
/// </summary>
internal unsafe interface ILiveMap
{
    /// <summary>
    /// Returns a new structure with one reference, the caller's, or null if there is no memory. Called inside a section.
    /// </summary>
    static abstract void* Make(Participant* me, PoolHeap* heap);

    /// <summary>Gets the number of entries.</summary>
    static abstract Status Count(Participant* me, Header* map, out ulong count);

    /// <summary>
    /// Gets the value of a key without a reference. Here and below, WrongKind means that the map cannot have a key of this kind.
    /// </summary>
    static abstract Status Get<TKey>(Participant* me, Header* map, in TKey key, out Value value) where TKey : struct, IMapKey;

    /// <summary>Sets the value of a key. Takes over the reference to the value, even on failure. Called inside a
    /// section.</summary>
    static abstract Status Give<TKey>(Participant* me, Header* map, in TKey key, Value value) where TKey : struct, IMapKey;

    /// <summary>Sets the value of a key. The reference stays the caller's. Called inside a section.</summary>
    static abstract Status Store(Participant* me, Header* map, in Probe key, Value value);

    /// <summary>Gets the value of a key (Exists). Adds the key with a value if the map does not have it (Done).</summary>
    static abstract Status GetOrAdd(Participant* me, Header* map, in Probe key, Value value, out Value actual);

    /// <summary>Removes an entry.</summary>
    static abstract Status Remove(Participant* me, Header* map, in Probe key);

    /// <summary>Removes an entry, unless the guard refuses its value. The reference to the value becomes the caller's.</summary>
    static abstract Status Take(Participant* me, Header* map, in Probe key, in ValueGuard guard, out Value taken);

    /// <summary>Replaces the value of a key if it equals the expected one; otherwise the status is Missing.</summary>
    static abstract Status CompareExchange(Participant* me, Header* map, in Probe key, in Probe expected, Value desired);

    /// <summary>Adds to the number of a key. WrongKind if the value is not a number or the map cannot have the key.</summary>
    static abstract Status Add(Participant* me, Header* map, in Probe key, Value delta, out Value sum);

    /// <summary>Removes all entries.</summary>
    static abstract Status Clear(Participant* me, Header* map);

    /// <summary>Copies the entries at one moment. Called outside sections.</summary>
    static abstract Status Snapshot(Participant* me, Header* map, out MapSnapshot* snapshot);

    /// <summary>
    /// Gets the entries at one moment, to be read one after the other. The values may be empty if only keys are wanted. Called
    /// outside sections.
    /// </summary>
    static abstract Status Begin(Participant* me, Header* map, bool onlyKeys, bool reversed, out SnapshotEntries entries);

    /// <summary>
    /// Moves items of a plain dict, which no other code uses, to an empty map at once. Starts at <paramref name="position"/> of
    /// <c>PyDict_Next</c>, and moves as many items as possible, or none. <paramref name="tryKey"/> makes a key of any object.
    /// Returns false with an exception set. Python code can run.
    /// </summary>
    static abstract bool Fill(
        Handle* handle, PyObject* plain, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey, ref nint position);

    /// <summary>
    /// Finds the key that an object equals by Python's comparison: Ready, Foreign or Failed. <paramref name="keys"/> makes an
    /// iterator over the keys. <paramref name="key"/> is the object in the form known so far.
    /// </summary>
    static abstract KeyState Search(Handle* handle, PyObject* o, delegate*<Handle*, PyObject*> keys, ref Incoming key);

    /// <summary>Whether any map could have such a key.</summary>
    static abstract bool CanHave(in Probe key);

    /// <summary>Counts so many waiters for changes of keys more. Called outside sections.</summary>
    static abstract void CountWaiters(Participant* me, Header* map, int change);

    /// <summary>
    /// Whether WrongKind from <see cref="Add"/> was due to the key and not to the value. Called inside the same section.
    /// </summary>
    static abstract bool IsForeign(Participant* me, Header* map, in Probe key);

    /// <summary>
    /// Raises the exception that states why an object cannot be a key. The probe is empty if the object cannot be a value.
    /// </summary>
    static abstract void Refuse(Handle* handle, PyObject* key, in Probe probe);

    /// <summary>
    /// Copies a key for <c>__deepcopy__</c>. Returns a new reference, or null with an exception set.
    /// </summary>
    static abstract PyObject* CopyKey(PyObject* key, PyObject* memo);
}

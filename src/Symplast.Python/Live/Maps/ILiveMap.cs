using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What differs between Dict and SortedDict beneath their methods: the structure, and what they say of keys. It knows nothing of
/// the Python types. Only ever a type argument, of which the compiler makes code that is as good as written by hand.
/// </summary>
internal unsafe interface ILiveMap
{
    /// <summary>A new structure, with one reference, the caller's; null if there is no memory. Inside a section.</summary>
    static abstract void* Make(Participant* me, PoolHeap* heap);

    /// <summary>Number of entries.</summary>
    static abstract Status Count(Participant* me, Header* map, out ulong count);

    /// <summary>The value of a key, without a reference. WrongKind, here and below: no key of this kind can be there.</summary>
    static abstract Status Get<TKey>(Participant* me, Header* map, in TKey key, out Value value) where TKey : struct, IMapKey;

    /// <summary>Sets the value of a key, and takes over the reference to it, even if it fails. Inside a section.</summary>
    static abstract Status Give<TKey>(Participant* me, Header* map, in TKey key, Value value) where TKey : struct, IMapKey;

    /// <summary>Sets the value of a key, whose reference stays the caller's. Inside a section.</summary>
    static abstract Status Store(Participant* me, Header* map, in Probe key, Value value);

    /// <summary>The value of a key, which is given one if it has none: Exists or Done.</summary>
    static abstract Status GetOrAdd(Participant* me, Header* map, in Probe key, Value value, out Value actual);

    /// <summary>Removes an entry.</summary>
    static abstract Status Remove(Participant* me, Header* map, in Probe key);

    /// <summary>Removes an entry, unless the guard refuses its value; the reference to that is the caller's.</summary>
    static abstract Status Take(Participant* me, Header* map, in Probe key, in ValueGuard guard, out Value taken);

    /// <summary>Gives a key another value if it has the expected one; Missing if not.</summary>
    static abstract Status CompareExchange(Participant* me, Header* map, in Probe key, in Probe expected, Value desired);

    /// <summary>Adds to the number that a key has; WrongKind if that is none, or the key is not for this map.</summary>
    static abstract Status Add(Participant* me, Header* map, in Probe key, Value delta, out Value sum);

    /// <summary>Removes all entries.</summary>
    static abstract Status Clear(Participant* me, Header* map);

    /// <summary>The entries at one moment. Outside sections.</summary>
    static abstract Status Snapshot(Participant* me, Header* map, out MapSnapshot* snapshot);

    /// <summary>
    /// The entries at one moment, to be read one after the other; the values may be empty if only keys are wanted. Outside
    /// sections.
    /// </summary>
    static abstract Status Begin(Participant* me, Header* map, bool onlyKeys, bool reversed, out SnapshotEntries entries);

    /// <summary>
    /// Moves the first items of a plain dict that nobody else has to an empty map at once, from <paramref name="position"/> of
    /// <c>PyDict_Next</c> on: all that can be, or none. <paramref name="tryKey"/> makes keys of any object. False with an
    /// exception set; Python code can run.
    /// </summary>
    static abstract bool Fill(
        Handle* handle, PyObject* plain, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey, ref nint position);

    /// <summary>
    /// The key that an object equals if only Python can tell: Ready, Foreign or Failed. <paramref name="keys"/> makes an
    /// iterator over the keys; <paramref name="key"/> is what is known of the object.
    /// </summary>
    static abstract KeyState Search(Handle* handle, PyObject* o, delegate*<Handle*, PyObject*> keys, ref Incoming key);

    /// <summary>After adding gave WrongKind: whether the key is to blame, not the value. Inside the same section.</summary>
    static abstract bool IsForeign(Participant* me, Header* map, in Probe key);

    /// <summary>
    /// Sets the exception that says why an object cannot be a key here. The probe is empty for what is no value of a pool.
    /// </summary>
    static abstract void Refuse(Handle* handle, PyObject* key, in Probe probe);

    /// <summary>The copy of a key for <c>__deepcopy__</c>: a new reference, or null with an exception set.</summary>
    static abstract PyObject* CopyKey(PyObject* key, PyObject* memo);
}

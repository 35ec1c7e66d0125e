using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Fills an empty Dict or Set with many items at once. The items are collected in a private draft, which becomes the contents of
/// the map atomically. An item that cannot be stored ends the filling; the items before it are stored, as if they were stored one
/// by one.
/// </summary>
/// <remarks>
/// The GIL is held, but Python code can run between sections: signal handlers, and code that the conversion of an item calls.
/// Such code may change the Dict. If the Dict is not empty at the end, the items are stored one by one.
/// </remarks>
internal unsafe ref struct MapFilling
{
    // A new map has room for this number of items.
    const nint Few = 4;

    // A divisor of 1024: see GoesOn.
    const nint PerSection = 256;

    enum Progress
    {
        More,
        Hard,
        Over,
        NoMemory,
        Deleted,
        Failed,
    }

    readonly Handle* _handle;
    readonly LiveState* _state;
    readonly PoolHeap* _heap;
    readonly OrderedMap* _map;
    readonly PyObject* _source;     // a dict for a Dict, a list for a Set, which no other code uses
    readonly bool _isDict;
    readonly delegate*<Handle*, PyObject*, out Incoming, bool> _tryKey;
    nint _room;
    nint _position;
    PyObject* _key;                 // the key of the last item; a borrowed reference, like the value
    PyObject* _value;
    MapDraft _draft;

    MapFilling(Handle* handle, PyObject* source, bool isDict, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey)
    {
        _handle = handle;
        _state = handle->State;
        _heap = Heap.Of(handle->Shared);
        _map = (OrderedMap*)handle->Shared;
        _source = source;
        _isDict = isDict;
        _tryKey = tryKey;
    }

    /// <summary>
    /// Moves items of a plain dict, which no other code uses, to a Dict, from <paramref name="position"/> of <c>PyDict_Next</c>
    /// on. Moves all items, or none if the Dict is not empty or there is no room for all. Returns false with an exception set.
    /// </summary>
    internal static bool Dict(
        Handle* handle, PyObject* plain, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey, ref nint position) =>
        new MapFilling(handle, plain, isDict: true, tryKey).Run(((PyDictObject*)plain)->Used, ref position);

    /// <summary>Moves the elements of a plain list, from an index on, to a Set under the same conditions.</summary>
    internal static bool Set(
        Handle* handle, PyObject* elements, delegate*<Handle*, PyObject*, out Incoming, bool> tryKey, ref nint index) =>
        new MapFilling(handle, elements, isDict: false, tryKey).Run(((PyListObject*)elements)->Size, ref index);

    bool Run(nint count, ref nint position)
    {
        if (count <= Few) return true;
        _room = count;
        _position = position;
        Section section = Section.Enter(_state->Me);
        // On failure, the caller stores the items one by one and meets the error again.
        bool begun = !PoolHeap.IsDeleted(_heap) && MapDraft.Begin(_state->Me, _map, (ulong)count, out _draft) == Status.Done;
        section.Exit(_state->Me);
        if (!begun) return true;
        bool done = Fill();
        position = _position;
        return LiveMethods.IsUsable(_handle) && Publish() && done;
    }

    bool Fill()
    {
        for (nint sections = 1; ; sections++)
        {
            Progress progress = Progress.Deleted;
            Section section = PoolHeap.Enter(_state->Me, _heap, out bool isDeleted);
            if (!isDeleted) progress = FillSome();
            section.Exit(_state->Me);
            if (progress == Progress.Over) return true;
            if (progress == Progress.Hard) progress = AddHard();
            if (progress == Progress.NoMemory) LiveErrors.Raise(_handle, Status.NoMemory);
            if (progress == Progress.Deleted) LiveErrors.Raise(_handle, Status.Deleted);
            if (progress != Progress.More || !LiveMethods.GoesOn(sections * PerSection - 1) || !LiveMethods.IsUsable(_handle))
                return false;
        }
    }

    // Stores the next items, up to one that needs Python code.
    Progress FillSome()
    {
        Participant* me = _state->Me;
        for (nint i = 0; i < PerSection; i++)
        {
            if (!Next()) return Progress.Over;
            if (!PlainValues.TryStoreKey(me, _heap, _key, out Value key, out ulong hash)) return Progress.Hard;
            if (key.IsEmpty) return Progress.NoMemory;
            Value value = Value.True;
            // A dict has no duplicate keys.
            bool isEasy = _isDict
                ? PlainValues.TryStore(me, _heap, _value, out value) : MapDraft.Find(_draft, Probe.Of(key)) == null;
            if (isEasy && !value.IsEmpty && MapDraft.Append(me, _map, ref _draft, hash, key, value)) continue;
            Reference.Drop(me, key);
            if (isEasy)
            {
                Reference.Drop(me, value);
                return Progress.NoMemory;
            }
            if (_isDict) return Progress.Hard;
        }
        return Progress.More;
    }

    bool Next()
    {
        if (_isDict)
        {
            PyObject* key;
            PyObject* value;
            nint position = _position;
            bool isThere = Api.Table.NextItem(_source, &position, &key, &value) != 0;
            _position = position;
            _key = key;
            _value = value;
            return isThere;
        }
        if (_position >= ((PyListObject*)_source)->Size) return false;
        _key = ((PyListObject*)_source)->Items[_position++];
        return true;
    }

    // Stores the last item, of any kind. The draft may have its key already. Called outside sections. Python code can run.
    Progress AddHard()
    {
        if (!_tryKey(_handle, _key, out Incoming key)) return Progress.Failed;
        Incoming item = default;
        Progress progress = Progress.Failed;
        if (!_isDict || Incoming.Item(_state, _heap, _value, Place.Item((PyObject*)_handle, _key), out item))
        {
            progress = Progress.Deleted;
            Section section = PoolHeap.Enter(_state->Me, _heap, out bool isDeleted);
            if (!isDeleted)
                progress = Put(key.Probe, _isDict ? item.ToValue(_state, _heap) : Value.True) ? Progress.More : Progress.NoMemory;
            section.Exit(_state->Me);
        }
        item.Dispose(_state);
        key.Dispose(_state);
        return progress;
    }

    // Takes over the reference of the value. The value is empty if there was no memory.
    bool Put(in Probe probe, Value value)
    {
        Participant* me = _state->Me;
        if (value.IsEmpty) return false;
        Value* present = MapDraft.Find(_draft, probe);
        if (present != null)
        {
            Reference.Drop(me, *present);
            *present = value;
            return true;
        }
        Value key = probe.ToValue(me, _heap);
        if (!key.IsEmpty && MapDraft.Append(me, _map, ref _draft, probe.Hash, key, value)) return true;
        Reference.Drop(me, key);
        Reference.Drop(me, value);
        return false;
    }

    // Makes the draft the contents of the map. Returns false with an exception set, also if one was set before.
    bool Publish()
    {
        Status status = Status.Deleted;
        Section section = PoolHeap.Enter(_state->Me, _heap, out bool isDeleted);
        if (!isDeleted)
        {
            // Many elements were equal, so the Set does not keep the room that was made for all.
            bool isLoose = _draft.Count < _room / 2;
            status = isLoose ? Status.Missing : MapDraft.Publish(_state->Me, _map, ref _draft);
            if (status == Status.Missing) status = MapDraft.Spill(_state->Me, _map, ref _draft);
            else if (status != Status.Done) MapDraft.Discard(_state->Me, ref _draft);
        }
        section.Exit(_state->Me);
        if (Api.Table.PyErr_Occurred() != null) return false;
        return status == Status.Done || LiveErrors.Raise(_handle, status) != null;
    }
}

using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The entries of a snapshot by their numbers, in order or in reverse. A snapshot that is copied lazily is best read
/// sequentially.
/// </summary>
internal unsafe struct SnapshotEntries
{
    MapSnapshot* _whole;
    OrderedMap* _map;
    MapCopy* _copy;
    readonly bool _reversed;

    // The part that was read last: its number, counted in the direction of reading; the number of its first entry; and its
    // entries.
    uint _part;
    uint _length;
    ulong _first;
    Value* _items;

    /// <summary>The entries of a snapshot, whose ownership passes to this object.</summary>
    internal SnapshotEntries(MapSnapshot* whole, bool reversed)
    {
        _whole = whole;
        _reversed = reversed;
    }

    /// <summary>The entries of a lazy copy. The caller keeps the map alive until this object is freed.</summary>
    internal SnapshotEntries(OrderedMap* map, MapCopy* copy, bool reversed)
    {
        _map = map;
        _copy = copy;
        _reversed = reversed;
    }

    /// <summary>Whether the entries exist, which they do until they are freed.</summary>
    internal readonly bool Exist => _whole != null || _copy != null;

    /// <summary>The number of entries. Called inside a section in which the pool was not deleted.</summary>
    internal readonly ulong Count => _copy != null ? _copy->Count : _whole->Count;

    /// <summary>
    /// Gets the key and the value of an entry without references. Called inside a section in which the pool was not deleted.
    /// </summary>
    internal void Get(ulong number, out Value key, out Value value)
    {
        if (_copy == null)
        {
            ulong at = _reversed ? _whole->Count - 1 - number : number;
            key = MapSnapshot.Key(_whole, at);
            value = MapSnapshot.Value(_whole, at);
            return;
        }
        if (_items == null) Read();
        while (number < _first)
        {
            _part--;
            Read();
            _first -= _length;
        }
        while (number - _first >= _length)
        {
            _first += _length;
            _part++;
            Read();
        }
        Value* entry = _items + 2 * (_reversed ? _length - 1 - (number - _first) : number - _first);
        key = entry[0];
        value = entry[1];
    }

    /// <summary>Frees the snapshot or the copy.</summary>
    internal void Free(Participant* me)
    {
        if (_copy != null) MapSnapshots.End(me, _map, _copy);
        else if (_whole != null) MapSnapshot.Free(me, _whole);
        _whole = null;
        _copy = null;
    }

    void Read() => _items = MapSnapshots.ReadPart(_copy, _reversed ? _copy->Parts - 1 - _part : _part, out _length);
}

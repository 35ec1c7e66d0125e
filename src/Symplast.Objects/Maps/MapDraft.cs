using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Entries for a map that is empty, made where nobody else sees them, with room for all from the beginning: no locks, no growth.
/// The map gets them at one instant. Belongs to one thread; a deletion of the pool ends it, as it ends all memory of the pool.
/// </summary>
public unsafe struct MapDraft
{
    // As a map's: of which it is to become the root.
    internal nint Root;
    internal uint Sequence;
    internal uint Room;

    /// <summary>Entries so far.</summary>
    public uint Count;

    /// <summary>Whether there is one: begun, and neither published nor discarded.</summary>
    public readonly bool Exists => Root != 0;

    /// <summary>
    /// Begins a draft of so many entries (at least one) for a map; <see cref="Status.Missing"/> if that is not empty, or they are
    /// too many. The draft must be published or discarded.
    /// </summary>
    public static Status Begin(Participant* me, OrderedMap* map, ulong room, out MapDraft draft)
    {
        draft = default;
        Interleaving.Point();
        // Acquire: pairs with the exchange that published the root. Only a look: publishing looks again.
        nint root = Volatile.Read(ref map->Root);
        if (root == 0) return Status.Deleted;
        if (LargeTable.IsRoot(root) || OrderedMap.CountOf(map, root) != 0 || room > MapSizes.MostIds / 2) return Status.Missing;
        uint sequence = Volatile.Read(ref map->NextSequence);
        if (room <= (ulong)MapSizes.SmallLimit)
        {
            root = (nint)SmallTable.New(me, Heap.Of(map), (int)room, isExchange: false);
        }
        else
        {
            LargeTable* large = LargeTable.New(me, Heap.Of(map), (uint)room, sequence + (uint)room);
            // The entries have the sequence numbers that they would have had one by one.
            if (large != null) large->Carried = 0;
            root = large == null ? 0 : LargeTable.RootOf(large);
        }
        if (root == 0) return Status.NoMemory;
        draft = new MapDraft { Root = root, Sequence = sequence, Room = (uint)room };
        return Status.Done;
    }

    /// <summary>
    /// Adds an entry, with the hash of its key, and takes over the references; false, and nothing is done, if there is no memory
    /// or no room. The key must not be there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Append(Participant* me, OrderedMap* map, ref MapDraft draft, ulong hash, Value key, Value value)
    {
        if (draft.Count == draft.Room) return false;
        OrderedMap.NoteKey(map, key);
        uint sequence = draft.Sequence + draft.Count;
        if (!LargeTable.IsRoot(draft.Root)) SmallTable.Append((SmallTable*)draft.Root, hash, key, value, sequence);
        else if (!LargeTable.Append(me, Heap.Of(map), LargeTable.OfRoot(draft.Root), hash, key, value, sequence)) return false;
        draft.Count++;
        return true;
    }

    /// <summary>Where the value of a key is in a draft, whose owner may change it; null if the key is not there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Value* Find(in MapDraft draft, in Probe key)
    {
        if (LargeTable.IsRoot(draft.Root))
        {
            MapEntry* entry = ShardIndex.Find(LargeTable.OfRoot(draft.Root), key, out _);
            return entry == null ? null : &entry->Value;
        }
        int i = SmallTable.IndexOf((SmallTable*)draft.Root, key);
        return i < 0 ? null : SmallTable.Values((SmallTable*)draft.Root) + i;
    }

    /// <summary>
    /// The map, if it is empty still, has the entries from here on, and the draft is gone. <see cref="Status.Missing"/> if
    /// another thread has stored something: the draft stays as it is then, and also if the map was deleted.
    /// </summary>
    public static Status Publish(Participant* me, OrderedMap* map, ref MapDraft draft)
    {
        ObjectLock.Enter(&map->Object.Lock);
        nint old = map->Root;
        Status status = old == 0 ? Status.Deleted
            : LargeTable.IsRoot(old) || SmallTable.LiveOf((SmallTable*)old) != 0 || map->NextSequence != draft.Sequence
            ? Status.Missing
            : Status.Done;
        if (status == Status.Done)
        {
            if (LargeTable.IsRoot(draft.Root)) LargeTable.OfRoot(draft.Root)->Generation = ++map->Generation;
            else map->NextSequence = draft.Sequence + draft.Count;
            MapRoots.Publish(me, map, (SmallTable*)old, draft.Root);
            draft = default;
        }
        ObjectLock.Exit(&map->Object.Lock);
        if (status == Status.Done) MapRoots.WakeAll(map);
        return status;
    }

    /// <summary>
    /// Sets the entries one after the other, as far as there is memory, and discards the draft: for a map that is not empty any
    /// more.
    /// </summary>
    public static Status Spill(Participant* me, OrderedMap* map, ref MapDraft draft)
    {
        Status status = Status.Done;
        for (uint i = 0; i < draft.Count && status == Status.Done; i++)
        {
            EntryOf(draft, i, out Value key, out Value value);
            status = OrderedMap.Set(me, map, Probe.Of(key), value);
        }
        Discard(me, ref draft);
        return status;
    }

    /// <summary>Frees a draft with all that it holds.</summary>
    public static void Discard(Participant* me, ref MapDraft draft)
    {
        for (uint i = 0; i < draft.Count; i++)
        {
            EntryOf(draft, i, out Value key, out Value value);
            Reference.Drop(me, key);
            Reference.Drop(me, value);
        }
        if (LargeTable.IsRoot(draft.Root)) LargeTable.Free(me, LargeTable.OfRoot(draft.Root));
        else Heap.Free(me, (void*)draft.Root);
        draft = default;
    }

    internal static void EntryOf(in MapDraft draft, uint index, out Value key, out Value value)
    {
        if (LargeTable.IsRoot(draft.Root))
        {
            MapEntry* entry = Log.EntryAt(LargeTable.OfRoot(draft.Root), index);
            key = entry->Key;
            value = entry->Value;
            return;
        }
        key = SmallTable.Keys((SmallTable*)draft.Root)[index];
        value = SmallTable.Values((SmallTable*)draft.Root)[index];
    }
}

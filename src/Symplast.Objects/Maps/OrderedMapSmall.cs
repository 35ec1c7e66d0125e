using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Symplast.Objects;

// The small map: one block, one vector comparison.
public unsafe partial struct OrderedMap
{
    static SmallMap* NewSmall(Participant* me, PoolHeap* heap, int room, uint nextSequence, bool isExchange)
    {
        int capacity = MapSizes.SmallCapacity(room);
        nuint size = SmallMap.SizeFor(capacity);
        SmallMap* small = (SmallMap*)(isExchange ? Heap.AllocateInExchange(me, heap, size) : Heap.Allocate(me, heap, size));
        if (small == null) return null;
        *small = SmallMap.For(capacity, nextSequence);
        return small;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Find<TKey>(OrderedMap* map, SmallMap* small, in TKey key, out Value value) where TKey : struct, IMapKey
    {
        int i = IndexOf(small, key);
        if (i >= 0) return TryRead(small, i, out value) ? Status.Done : Absent(map);
        value = default;
        return Status.Missing;
    }

    // The value of a place that was filled. False if it is empty again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryRead(SmallMap* small, int i, out Value value)
    {
        Value* place = SmallMap.Values(small) + i;
        Interleaving.Point();
        // Perhaps in what replaces the block, or will presently.
        value = Current(ref place);
        return value != Removed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IndexOf<TKey>(SmallMap* small, in TKey key) where TKey : struct, IMapKey
    {
        Interleaving.Point();
        // The address of what is read next depends on the tags, which orders the reads: pairs with the release in Append.
        uint candidates = Vector128.Equals(
            Vector128.Load(small->Tags), Vector128.Create(SmallMap.TagOf(key.Hash))).ExtractMostSignificantBits();
        while (candidates != 0)
        {
            int i = BitOperations.TrailingZeroCount(candidates);
            if (key.Matches(SmallMap.Keys(small)[i])) return i;
            candidates &= candidates - 1;
        }
        return -1;
    }

    // At one instant: insertions and removals happen while the version is odd.
    static ulong CountOf(OrderedMap* map, SmallMap* small)
    {
        // A tag's lowest bit is set.
        const ulong Bits = 0x0101_0101_0101_0101;
        ulong* tags = (ulong*)small->Tags;
        for (int look = 1; ; look++)
        {
            Interleaving.Point();
            // Acquire: pairs with the releases in EnterChange and ExitChange.
            byte version = Volatile.Read(ref small->Version);
            Interleaving.Point();
            // Acquire, both: pair with the releases in Append and RemoveAt. If one of them is of a later version, so is what is
            // read next.
            ulong first = Volatile.Read(ref tags[0]);
            ulong rest = Volatile.Read(ref tags[1]);
            Interleaving.Point();
            if (MapAtomics.IsUnchanged(small, version))
                return (ulong)(BitOperations.PopCount(first & Bits) + BitOperations.PopCount(rest & Bits));
            if (look % MapSizes.MostLooks != 0) continue;
            // The holder was interrupted.
            ObjectLock.Enter(&map->Object.Lock);
            ObjectLock.Exit(&map->Object.Lock);
        }
    }

    // Under the lock.
    static int LiveOf(SmallMap* small)
    {
        int live = 0;
        for (int i = 0; i < small->Count; i++) live += small->Tags[i] & 1;
        return live;
    }

    static void EnterChange(SmallMap* small)
    {
        Interleaving.Point();
        // Release, odd: pairs with the first reading in CountOf. What follows is stored with release or interlocked, so it is not
        // seen before this.
        Volatile.Write(ref small->Version, (byte)(small->Version + 1));
    }

    static void ExitChange(SmallMap* small)
    {
        Interleaving.Point();
        // Release, even: pairs with the readings in CountOf, which find all of the change, or none of it.
        Volatile.Write(ref small->Version, (byte)(small->Version + 1));
    }

    // Under the lock. Takes over the references. The map must have room.
    static void Append(SmallMap* small, ulong hash, Value key, Value value, uint sequence)
    {
        int i = small->Count;
        Debug.Assert(i < small->Capacity);
        EnterChange(small);
        SmallMap.Keys(small)[i] = key;
        SmallMap.Values(small)[i] = value;
        SmallMap.Sequences(small)[i] = sequence;
        Interleaving.Point();
        // Release: pairs with the reads in IndexOf, CountOf and TryVisit, which find a whole entry.
        Volatile.Write(ref small->Tags[i], SmallMap.TagOf(hash));
        // Release: pairs with the acquire in NextSequenceOf. Giving back the lock is a full fence: what began before ends before
        // this entry, or meets it.
        Volatile.Write(ref small->Count, (byte)(i + 1));
        ExitChange(small);
    }

    // Under the lock. The caller drops the references to key and value. False: the value is another one.
    static bool TryRemoveAt(SmallMap* small, int i, Value current)
    {
        EnterChange(small);
        Interleaving.Point();
        // Full fence: from here on the key is absent. Pairs with Load, and with the Swap of who updates without the lock.
        bool removed = Swap(SmallMap.Values(small) + i, Removed, current) == current;
        Interleaving.Point();
        // New readers do not find the key any more. Giving back the lock is the fence between this and the retiring of what it
        // refers to.
        if (removed) Volatile.Write(ref small->Tags[i], 0);
        // As if nothing had been: nothing was.
        else Volatile.Write(ref small->Version, (byte)(small->Version - 2));
        ExitChange(small);
        return removed;
    }

    // Under the lock: room for more in the small map that replaces this one, as the root or (if there are too many) in a large
    // one.
    static nint Grow(Participant* me, OrderedMap* map, SmallMap* old)
    {
        int live = LiveOf(old);
        nint root = live < MapSizes.SmallLimit
            ? (nint)NewCopy(me, map, old, live + 2, isExchange: false) : NewLarge(me, map, old, live);
        if (root == 0) return 0;
        Freeze(old, root);
        Publish(me, map, old, root);
        return root;
    }

    // With the same live entries; their values are those of no instant, until Freeze. Under the lock.
    static SmallMap* NewCopy(Participant* me, OrderedMap* map, SmallMap* old, int room, bool isExchange)
    {
        SmallMap* small = NewSmall(me, Heap.Of(map), room, map->NextSequence, isExchange);
        if (small == null) return null;
        for (int i = 0; i < old->Count; i++)
        {
            if (old->Tags[i] == 0) continue;
            int to = small->Count++;
            SmallMap.Keys(small)[to] = SmallMap.Keys(old)[i];
            SmallMap.Values(small)[to] = SmallMap.Values(old)[i];
            SmallMap.Sequences(small)[to] = SmallMap.Sequences(old)[i];
            small->Tags[to] = old->Tags[i];
        }
        return small;
    }

    // The same as a large map.
    static nint NewLarge(Participant* me, OrderedMap* map, SmallMap* old, int live)
    {
        PoolHeap* heap = Heap.Of(map);
        LargeMap* large = NewLarge(me, heap, (uint)live, map->NextSequence);
        if (large == null) return 0;
        for (int i = 0; i < old->Count; i++)
        {
            if (old->Tags[i] == 0
                || AppendPrivately(
                me, heap, large, Hashing.Of(SmallMap.Keys(old)[i]), SmallMap.Keys(old)[i], SmallMap.Values(old)[i],
                SmallMap.Sequences(old)[i])) continue;
            FreePrivate(me, large);
            return 0;
        }
        large->Generation = ++map->Generation;
        return (nint)large + OrderedMap.LargeBit;
    }

    // Moves the values, which others still change without the lock. When the last is moved, all of them are as they are at this
    // instant, because a writer that finds one of them moved waits for the lock.
    static void Freeze(SmallMap* old, nint root)
    {
        uint rank = 0;
        for (int i = 0; i < old->Count; i++)
        {
            if (old->Tags[i] == 0) continue;
            MoveValue(SmallMap.Values(old) + i, OrderedMap.IsLarge(root)
                ? &EntryAt(OrderedMap.Large(root), rank)->Value : SmallMap.Values((SmallMap*)root) + rank);
            rank++;
        }
    }

    // Under the lock: what a block was frozen for becomes the root.
    static void Publish(Participant* me, OrderedMap* map, SmallMap* old, nint root)
    {
        Interleaving.Point();
        // Full fence: publishes what was filled in, and unlinks the old one before it is retired. Pairs with the first read of
        // every operation.
        Interlocked.Exchange(ref map->Root, root);
        Heap.Retire(me, old);
    }

    // Acquire. Pairs with the interlocked operation that stored the value, so that what it points to is filled in.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Load(Value* place) => new(Volatile.Read(ref *(ulong*)place));

    // Full fence: publishes what the value points to (pairs with Load), and unlinks the old one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Swap(Value* place, Value desired, Value expected) =>
        new(Interlocked.CompareExchange(ref *(ulong*)place, desired.Bits, expected.Bits));
}

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Symplast.Objects;

// The small map: one block, one vector comparison.
public static unsafe partial class OrderedMap<THook>
{
    static SmallMap* NewSmall(Participant* me, PoolHeap* heap, int count, uint nextSequence, bool isExchange)
    {
        int capacity = !IsProduct ? SmallLimit : count < 4 ? 4 : count < 8 ? 8 : SmallMap.Most;
        nuint size = SmallMap.SizeFor(capacity);
        SmallMap* small = (SmallMap*)(isExchange ? Heap.AllocateInExchange(me, heap, size) : Heap.Allocate(me, heap, size));
        if (small == null) return null;
        *small = new SmallMap { Capacity = capacity, FirstSequence = nextSequence };
        return small;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Find(SmallMap* small, in Probe key, out Value value)
    {
        int i = IndexOf(small, key);
        if (i >= 0)
        {
            THook.Point();
            // Acquire: pairs with the exchange that stored the value.
            value = Load(SmallMap.Values(small) + i);
            if (value != Removed) return Status.Done;
        }
        value = default;
        return Status.Missing;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IndexOf(SmallMap* small, in Probe key)
    {
        THook.Point();
        // The address of what is read next depends on the tags, which orders the reads: pairs with the release in Append.
        uint candidates = Vector128.Equals(Vector128.Load(small->Tags), Vector128.Create(SmallMap.TagOf(key.Hash))).ExtractMostSignificantBits();
        while (candidates != 0)
        {
            int i = BitOperations.TrailingZeroCount(candidates);
            if (key.Matches(SmallMap.Keys(small)[i])) return i;
            candidates &= candidates - 1;
        }
        return -1;
    }

    // At one instant. As long as Count stays, a place is filled once or emptied once, but not both: so if the first half is the same before and after
    // the other one was read, it was so all the time.
    static ulong CountOf(SmallMap* small)
    {
        // A tag's lowest bit is set.
        const ulong Bits = 0x0101_0101_0101_0101;
        ulong* tags = (ulong*)small->Tags;
        while (true)
        {
            THook.Point();
            // Acquire, all: pair with the releases in Append and RemoveAt.
            int count = Volatile.Read(ref small->Count);
            ulong first = Volatile.Read(ref tags[0]);
            THook.Point();
            ulong rest = Volatile.Read(ref tags[1]);
            THook.Point();
            if (Volatile.Read(ref tags[0]) == first && Volatile.Read(ref small->Count) == count) return (ulong)(BitOperations.PopCount(first & Bits) + BitOperations.PopCount(rest & Bits));
        }
    }

    // Under the lock. Takes over the references. The map must have room.
    static void Append(SmallMap* small, ulong hash, Value key, Value value, uint sequence)
    {
        int i = small->Count;
        Debug.Assert(i < small->Capacity);
        SmallMap.Keys(small)[i] = key;
        SmallMap.Values(small)[i] = value;
        SmallMap.Sequences(small)[i] = sequence;
        THook.Point();
        // Release: pairs with the reads in IndexOf, CountOf and TryVisit, which find a whole entry.
        Volatile.Write(ref small->Tags[i], SmallMap.TagOf(hash));
        // Release: pairs with the acquire in NextSequenceOf. Giving back the lock is a full fence: what began before ends before this entry, or meets it.
        Volatile.Write(ref small->Count, i + 1);
    }

    // Under the lock. The caller drops the references to key and value.
    static void RemoveAt(SmallMap* small, int i)
    {
        THook.Point();
        // Readers no longer find the key. Those that have found it see the value until the exchange.
        Volatile.Write(ref small->Tags[i], 0);
        THook.Point();
        // Full fence: both are unlinked before the caller retires what they refer to.
        Interlocked.Exchange(ref *(ulong*)(SmallMap.Values(small) + i), Removed.Bits);
    }

    // Under the lock: room for one more in the small map that replaces this one, as the root or (if there are too many) in a large one.
    static nint Grow(Participant* me, OrderedMap* map, SmallMap* old)
    {
        PoolHeap* heap = Heap.Of(map);
        int live = (int)CountOf(old);
        nint root;
        if (live >= SmallLimit)
        {
            LargeMap* large = NewLarge(me, heap, (uint)live, map->NextSequence);
            if (large == null) return 0;
            for (int i = 0; i < old->Count; i++)
            {
                if (old->Tags[i] == 0 || AppendPrivately(me, heap, large, Hashing.Of(SmallMap.Keys(old)[i]), SmallMap.Keys(old)[i], SmallMap.Values(old)[i], SmallMap.Sequences(old)[i])) continue;
                FreePrivate(me, large);
                return 0;
            }
            large->Generation = ++map->Generation;
            root = (nint)large + OrderedMap.LargeBit;
        }
        else
        {
            SmallMap* small = NewSmall(me, heap, live + 1, map->NextSequence, isExchange: false);
            if (small == null) return 0;
            for (int i = 0; i < old->Count; i++)
            {
                if (old->Tags[i] != 0) AppendCopy(small, old, i);
            }
            small->Generation = ++map->Generation;
            root = (nint)small;
        }
        THook.Point();
        // Full fence: publishes what was filled in, and unlinks the old one before it is retired. Pairs with the first read of every operation.
        Interlocked.Exchange(ref map->Root, root);
        Heap.Retire(me, old);
        return root;
    }

    static void AppendCopy(SmallMap* small, SmallMap* old, int i)
    {
        int to = small->Count++;
        SmallMap.Keys(small)[to] = SmallMap.Keys(old)[i];
        SmallMap.Values(small)[to] = SmallMap.Values(old)[i];
        SmallMap.Sequences(small)[to] = SmallMap.Sequences(old)[i];
        small->Tags[to] = old->Tags[i];
    }

    // Acquire. Pairs with the interlocked operation that stored the value, so that what it points to is filled in.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Load(Value* place) => new(Volatile.Read(ref *(ulong*)place));

    // Full fence: publishes what the value points to (pairs with Load), and unlinks the old one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Swap(Value* place, Value desired, Value expected) =>
        new(Interlocked.CompareExchange(ref *(ulong*)place, desired.Bits, expected.Bits));
}

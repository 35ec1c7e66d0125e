using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Symplast.Objects;

/// <summary>
/// Up to 16 entries in one block: a byte of each hash, then keys, sequence numbers and values, in insertion order. Only values
/// and the free rest ever change: all else is replaced by copying. A place is filled once.
/// </summary>
// The size is a multiple of a word, so that the keys behind it are aligned.
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal unsafe struct SmallTable
{
    internal const int Most = 16;

    /// <summary>Never 0 for an entry, 0 where there is none.</summary>
    internal fixed byte Tags[Most];

    /// <summary>Places that were filled. Under the lock.</summary>
    internal byte Count;
    internal byte Capacity;

    /// <summary>
    /// Odd while an insertion or removal happens. Under the lock. Does not come round, since places are filled and emptied once.
    /// </summary>
    internal byte Version;

    /// <summary>Where the values are, in words.</summary>
    internal byte ValuesAt;

    internal static nuint SizeFor(int capacity) => (nuint)(WordsBefore(capacity) + capacity) * (nuint)sizeof(Value);

    // Values, which writers change, begin a cache line if there are many: readers of other values then keep what they look for
    // keys in.
    internal static int WordsBefore(int capacity)
    {
        int words = (sizeof(SmallTable) + capacity * (sizeof(Value) + sizeof(uint)) + sizeof(Value) - 1) / sizeof(Value);
        return capacity < Most / 2 ? words : (words + 7) & ~7;
    }

    internal static SmallTable For(int capacity) => new() { Capacity = (byte)capacity, ValuesAt = (byte)WordsBefore(capacity) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* Keys(SmallTable* map) => (Value*)(map + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* Values(SmallTable* map) => (Value*)map + map->ValuesAt;

    internal static uint* Sequences(SmallTable* map) => (uint*)(Keys(map) + map->Capacity);

    // Bits that neither the index nor its shards use.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte TagOf(ulong hash) => (byte)((byte)hash | 1);

    internal static SmallTable* New(Participant* me, PoolHeap* heap, int room, bool isExchange)
    {
        int capacity = MapSizes.SmallCapacity(room);
        nuint size = SizeFor(capacity);
        SmallTable* small = (SmallTable*)(isExchange ? Heap.AllocateInExchange(me, heap, size) : Heap.Allocate(me, heap, size));
        if (small == null) return null;
        *small = For(capacity);
        return small;
    }

    // A table with copies of the live entries; their values are of no instant until MoveValues. Under the map's lock.
    internal static SmallTable* Copy(Participant* me, PoolHeap* heap, SmallTable* old, int room, bool isExchange)
    {
        SmallTable* small = New(me, heap, room, isExchange);
        if (small == null) return null;
        for (int i = 0; i < old->Count; i++)
        {
            if (old->Tags[i] == 0) continue;
            int to = small->Count++;
            Keys(small)[to] = Keys(old)[i];
            Values(small)[to] = Values(old)[i];
            Sequences(small)[to] = Sequences(old)[i];
            small->Tags[to] = old->Tags[i];
        }
        return small;
    }

    // A large table with copies of the live entries, likewise.
    internal static LargeTable* ToLarge(Participant* me, PoolHeap* heap, SmallTable* old, int live, uint nextSequence)
    {
        LargeTable* large = LargeTable.New(me, heap, (uint)live, nextSequence);
        if (large == null) return null;
        for (int i = 0; i < old->Count; i++)
        {
            if (old->Tags[i] == 0) continue;
            Value key = Keys(old)[i];
            if (LargeTable.Append(me, heap, large, Hashing.Of(key), key, Values(old)[i], Sequences(old)[i])) continue;
            LargeTable.Free(me, large);
            return null;
        }
        Invariants.Check(large, &TableCheck.IsNewValid);
        return large;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int IndexOf<TKey>(SmallTable* small, in TKey key) where TKey : struct, IMapKey
    {
        Interleaving.Point();
        // The address of what is read next depends on the tags, which orders the reads: pairs with the release in Append.
        uint candidates = Vector128.Equals(
            Vector128.Load(small->Tags), Vector128.Create(TagOf(key.Hash))).ExtractMostSignificantBits();
        while (candidates != 0)
        {
            int i = BitOperations.TrailingZeroCount(candidates);
            if (key.Matches(Keys(small)[i])) return i;
            candidates &= candidates - 1;
        }
        return -1;
    }

    // The value of a place that was filled. False if it is empty again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryRead(SmallTable* small, int i, out Value value)
    {
        Value* place = Values(small) + i;
        Interleaving.Point();
        // Perhaps in what replaces the block, or will presently.
        value = ValuePlace.Current(ref place);
        return value != ValuePlace.Removed;
    }

    // At one instant: insertions and removals happen while the version is odd.
    internal static ulong CountOf(SmallTable* small, int* writers)
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
            // Acquire, both: pair with the releases in Append and TryRemoveAt. If one of them is of a later version, so is
            // what is read next.
            ulong first = Volatile.Read(ref tags[0]);
            ulong rest = Volatile.Read(ref tags[1]);
            Interleaving.Point();
            if (MapAtomics.IsUnchanged(small, version))
                return (ulong)(BitOperations.PopCount(first & Bits) + BitOperations.PopCount(rest & Bits));
            if (look % MapSizes.MostLooks != 0) continue;
            // The holder was interrupted.
            ObjectLock.Enter(writers);
            ObjectLock.Exit(writers);
        }
    }

    // Under the lock.
    internal static int LiveOf(SmallTable* small)
    {
        int live = 0;
        for (int i = 0; i < small->Count; i++) live += small->Tags[i] & 1;
        return live;
    }

    internal static void EnterChange(SmallTable* small)
    {
        Interleaving.Point();
        // Release, odd: pairs with the first reading in CountOf. What follows is stored with release or interlocked, so it is not
        // seen before this.
        Volatile.Write(ref small->Version, (byte)(small->Version + 1));
    }

    internal static void ExitChange(SmallTable* small)
    {
        Interleaving.Point();
        // Release, even: pairs with the readings in CountOf, which find all of the change, or none of it.
        Volatile.Write(ref small->Version, (byte)(small->Version + 1));
    }

    // Under the lock. Takes over the references. The map must have room.
    internal static void Append(SmallTable* small, ulong hash, Value key, Value value, uint sequence)
    {
        int i = small->Count;
        Debug.Assert(i < small->Capacity);
        EnterChange(small);
        Keys(small)[i] = key;
        Values(small)[i] = value;
        Sequences(small)[i] = sequence;
        Interleaving.Point();
        // Release: pairs with the reads in IndexOf, CountOf and MapParts.Visit, which find a whole entry.
        Volatile.Write(ref small->Tags[i], TagOf(hash));
        // Plain: whoever reads it has had the lock since.
        small->Count = (byte)(i + 1);
        ExitChange(small);
    }

    // Under the lock. The caller drops the references to key and value. False: the value is another one.
    internal static bool TryRemoveAt(SmallTable* small, int i, Value current)
    {
        EnterChange(small);
        Interleaving.Point();
        // Full fence: from here on the key is absent. Pairs with Load, and with the Swap of who updates without the lock.
        bool removed = ValuePlace.Swap(Values(small) + i, ValuePlace.Removed, current) == current;
        Interleaving.Point();
        // New readers do not find the key any more. Giving back the lock is the fence between this and the retiring of what it
        // refers to.
        if (removed) Volatile.Write(ref small->Tags[i], 0);
        // As if nothing had been: nothing was.
        else Volatile.Write(ref small->Version, (byte)(small->Version - 2));
        ExitChange(small);
        return removed;
    }

    // Moves the values, which others still change without the lock. When the last is moved, all of them are as they are at this
    // instant, because a writer that finds one of them moved waits for the lock.
    internal static void MoveValues(SmallTable* old, nint root)
    {
        uint rank = 0;
        for (int i = 0; i < old->Count; i++)
        {
            if (old->Tags[i] == 0) continue;
            ValuePlace.Move(Values(old) + i, LargeTable.IsRoot(root)
                ? &Log.EntryAt(LargeTable.OfRoot(root), rank)->Value : Values((SmallTable*)root) + rank);
            rank++;
        }
    }

    // Insertions and removals look at the root under the lock; updates without it end here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void GiveUp(Participant* me, SmallTable* small, Release* release)
    {
        for (int i = 0; i < small->Count; i++)
        {
            if (small->Tags[i] == 0) continue;
            Interleaving.Point();
            // Full fence. Whoever takes the value out drops the references. Pairs with MapAtomics.UpdateValue.
            Value value = new(Interlocked.Exchange(ref *(ulong*)(Values(small) + i), ValuePlace.Removed.Bits));
            Release.Drop(me, Keys(small)[i], release);
            Release.Drop(me, value, release);
        }
        Heap.Retire(me, small);
    }
}

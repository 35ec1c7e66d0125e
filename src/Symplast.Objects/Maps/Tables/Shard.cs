using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A hash table with linear probing. Slots follow: high half the high half of the hash, low half the entry's id + 1; 0 if it was
/// never used. Only the holder of the lock writes.
/// </summary>
internal unsafe struct Shard
{
    /// <summary>A slot whose entry was removed.</summary>
    internal const ulong Deleted = uint.MaxValue;

    internal int Lock;

    /// <summary>1 once the shard is no longer the index's; its slots stay as they were.</summary>
    internal int Moved;

    /// <summary>Slots that are not 0.</summary>
    internal uint Used;
    internal uint Live;

    /// <summary>How many bits of the hash all its entries share, and these bits.</summary>
    internal int Depth;
    internal uint Prefix;
    internal ulong Reserved;
    internal ulong Apart0;
    internal ulong Apart1;

    /// <summary>Number of slots - 1.</summary>
    internal ulong Mask;
    internal ulong Reserved1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong* Slots(Shard* shard) => (ulong*)(shard + 1);

    internal static Shard* New(Participant* me, PoolHeap* heap, ulong slots, int depth, uint prefix)
    {
        nuint size = (nuint)sizeof(Shard) + (nuint)slots * sizeof(ulong);
        Shard* shard = (Shard*)Heap.Allocate(me, heap, size);
        if (shard == null) return null;
        NativeMemory.Clear(shard, size);
        shard->Mask = slots - 1;
        shard->Depth = depth;
        shard->Prefix = prefix;
        return shard;
    }

    internal static bool IsFull(Shard* shard) => (shard->Used + 1) * 4ul > (shard->Mask + 1) * 3;

    // Few of many are left.
    internal static bool IsSparse(Shard* shard) => shard->Mask >= MapSizes.FirstSlots && shard->Live * 16ul <= shard->Mask;

    // Whether the next bit tells entries apart; if all hashes are alike, it does not.
    internal static bool Splits(Shard* shard)
    {
        ulong* slots = Slots(shard);
        int shift = 63 - shard->Depth;
        ulong any = 0, all = 1;
        for (ulong i = 0; i <= shard->Mask; i++)
        {
            if (slots[i] is 0 or Deleted) continue;
            any |= slots[i] >> shift & 1;
            all &= slots[i] >> shift & 1;
        }
        return any != all;
    }

    // Into slots that nobody else reads.
    internal static void PutPrivately(ulong* slots, ulong mask, ulong slot)
    {
        ulong i = slot >> 32 & mask;
        while (slots[i] != 0) i = i + 1 & mask;
        slots[i] = slot;
    }

    internal static void Add(Shard* shard, ulong hash, uint id)
    {
        ulong* slots = Slots(shard);
        ulong i = hash >> 32 & shard->Mask;
        while (slots[i] is not (0 or Deleted)) i = i + 1 & shard->Mask;
        if (slots[i] == 0) shard->Used++;
        shard->Live++;
        Interleaving.Point();
        // Release: pairs with the acquire in FindIn; the entry is filled in. Who counts meanwhile finds the version odd.
        Volatile.Write(ref slots[i], hash >> 32 << 32 | (id + 1));
    }

    // The slot that leads to an entry. Under the shard's lock.
    internal static ulong* PlaceOf(Shard* shard, MapEntry* entry, uint id)
    {
        ulong hash = Hashing.Of(entry->Key);
        ulong* slots = Slots(shard);
        ulong i = hash >> 32 & shard->Mask;
        while (slots[i] != (hash >> 32 << 32 | (id + 1))) i = i + 1 & shard->Mask;
        return slots + i;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The index of a large table: extendible hashing. The highest bits of a hash choose the shard, the lowest bits of its high half
/// the slot, so that growth needs nothing but the slots.
/// </summary>
internal static unsafe class ShardIndex
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MapEntry* Find<TKey>(LargeTable* large, in TKey key, out uint id) where TKey : struct, IMapKey
    {
        ulong hash = key.Hash;
        nint item = ItemOf(large, hash);
        return FindIn(large, Shard.Slots(ShardDirectory.ShardOf(item)), ShardDirectory.Mask(item), key, hash, out _, out id);
    }

    // The shard of a hash, with its mask. The branch is foreseen, and spares who looks in a map of one shard or two to wait for
    // three words that say so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint ItemOf(LargeTable* large, ulong hash)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchange in ShardDirectory.Set. A directory or shard that was replaced answers as of the moment
        // of its replacement.
        ShardDirectory* directory = (ShardDirectory*)Volatile.Read(ref *(nint*)&large->Directory);
        Interleaving.Point();
        // Acquire, both: pairs with the exchange in ShardDirectory.Set.
        return directory == &large->First
            ? Volatile.Read(ref ShardDirectory.Items(&large->First)[hash >> 63])
            : Volatile.Read(ref *ShardDirectory.At(directory, hash));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MapEntry* FindIn<TKey>(
        LargeTable* large, ulong* slots, ulong mask, in TKey key, ulong hash, out ulong* place, out uint id) where TKey
        : struct, IMapKey
    {
        for (ulong i = hash >> 32 & mask; ; i = i + 1 & mask)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in Shard.Add, so that the entry is filled in and its segment is listed.
            ulong slot = Volatile.Read(ref slots[i]);
            if (slot == 0) break;
            if (slot >> 32 != hash >> 32 || slot == Shard.Deleted) continue;
            id = (uint)slot - 1;
            MapEntry* entry = Log.EntryAt(large, id);
            // Null: removed meanwhile. The key of an entry that was removed meanwhile may be dead, but its memory stays for this
            // section.
            if (entry == null || entry->Hash != (uint)hash || !key.Matches(entry->Key)) continue;
            place = slots + i;
            return entry;
        }
        place = null;
        id = 0;
        return null;
    }

    // Room for so many entries without growth.
    internal static bool TryMake(Participant* me, PoolHeap* heap, LargeTable* large, uint expected)
    {
        ulong slots = Math.Max(MapSizes.FirstSlots, BitOperations.RoundUpToPowerOf2(expected + expected / 2 + 2ul));
        bool one = slots <= MapSizes.MostSlots;
        int depth = 1;
        if (!one)
        {
            while (depth < MapSizes.MostDepth && SlotsForShare(expected >> depth) > MapSizes.MostSlots) depth++;
            slots = Math.Min(SlotsForShare(expected >> depth), MapSizes.MostSlots);
        }
        ShardDirectory* directory = depth == 1 ? &large->First : ShardDirectory.New(me, heap, depth);
        large->Directory = directory;
        if (directory == null) return false;
        directory->Depth = depth;
        directory->Shift = 64 - depth;
        nint* items = ShardDirectory.Items(directory);
        for (int i = 0; i < 1 << depth; i++)
        {
            Shard* shard = one && i == 1
                ? ShardDirectory.ShardOf(items[0]) : Shard.New(me, heap, slots, one ? 0 : depth, (uint)i);
            if (shard == null) return false;
            items[i] = ShardDirectory.Item(shard);
        }
        return true;
    }

    // Shards get a random share each, four standard deviations more than the mean at most, as good as always; one that gets still
    // more grows.
    internal static ulong SlotsForShare(uint mean) =>
        Math.Max(MapSizes.FirstSlots, BitOperations.RoundUpToPowerOf2((ulong)((mean + 4 * Math.Sqrt(mean)) * 4 / 3) + 1));

    internal static void Free(Participant* me, LargeTable* large)
    {
        ShardDirectory* directory = large->Directory;
        int place = 0;
        while (place < 1 << directory->Depth)
        {
            Shard* shard = ShardDirectory.Next(directory, ref place);
            if (shard != null) Heap.Free(me, shard);
        }
        if (directory != &large->First) Heap.Free(me, directory);
    }

    // Of which no shard is needed any more either; who reads there still reads what was there when it was replaced.
    internal static void RetireDirectory(Participant* me, LargeTable* large)
    {
        if (large->Directory != &large->First) Heap.Retire(me, large->Directory);
    }

    // The shard that a key belongs to, with its lock.
    internal static Shard* EnterShard(LargeTable* large, ulong hash)
    {
        Shard* shard = ShardDirectory.ShardOf(ItemOf(large, hash));
        ObjectLock.Enter(&shard->Lock);
        return shard;
    }

    // An entry that was not Removed inside this section, so that its key can be read. False: the shard's root is given up, or it
    // was replaced.
    internal static bool TryEnterShardOf(LargeTable* large, MapEntry* entry, out Shard* shard)
    {
        shard = EnterShard(large, Hashing.Of(entry->Key));
        if (shard->Moved == 0) return true;
        ObjectLock.Exit(&shard->Lock);
        shard = null;
        return false;
    }

    // From the lock of a shard, if any, to that of an entry's, without waiting, because the caller holds the lock of the order.
    internal static bool TryPassTo(LargeTable* large, MapEntry* entry, ref Shard* shard)
    {
        Shard* next = ShardDirectory.ShardOf(ItemOf(large, Hashing.Of(entry->Key)));
        if (next == shard) return true;
        if (!ObjectLock.TryEnter(&next->Lock)) return false;
        if (next->Moved != 0)
        {
            ObjectLock.Exit(&next->Lock);
            return false;
        }
        if (shard != null) ObjectLock.Exit(&shard->Lock);
        shard = next;
        return true;
    }

    // Replaces a shard whose lock the caller holds, and keeps, by a larger or smaller one, by two, or by one without the removed.
    // False if there is no memory.
    internal static bool Replace(Participant* me, PoolHeap* heap, LargeTable* large, Shard* old)
    {
        ulong slots = old->Mask + 1;
        bool stays = old->Live * 2ul <= slots;
        bool splits = !stays && slots >= MapSizes.MostSlots && old->Depth < MapSizes.MostDepth && Shard.Splits(old);
        if (Shard.IsSparse(old)) slots = Math.Max(MapSizes.FirstSlots, BitOperations.RoundUpToPowerOf2(old->Live * 4ul));
        else if (!stays && !splits) slots *= 2;
        Shard* left = splits
            ? Shard.New(me, heap, slots, old->Depth + 1, old->Prefix * 2) : Shard.New(me, heap, slots, old->Depth, old->Prefix);
        Shard* right = splits ? Shard.New(me, heap, slots, old->Depth + 1, old->Prefix * 2 + 1) : left;
        bool done = left != null && right != null;
        if (done)
        {
            ulong* from = Shard.Slots(old);
            int shift = 63 - old->Depth;
            for (ulong i = 0; i <= old->Mask; i++)
            {
                ulong slot = from[i];
                if (slot is 0 or Shard.Deleted) continue;
                Shard* to = (slot >> shift & 1) == 0 ? left : right;
                Shard.PutPrivately(Shard.Slots(to), to->Mask, slot);
                to->Used++;
                to->Live++;
            }
            Invariants.Check(left, &TableCheck.HasCounts);
            Invariants.Check(right, &TableCheck.HasCounts);
            done = Publish(me, heap, large, left, right);
        }
        if (!done)
        {
            if (left != null) Heap.Free(me, left);
            if (splits && right != null) Heap.Free(me, right);
            return false;
        }
        // Under the shard's lock: whoever takes it afterwards sees this.
        old->Moved = 1;
        return true;
    }

    static bool Publish(Participant* me, PoolHeap* heap, LargeTable* large, Shard* left, Shard* right)
    {
        ObjectLock.Enter(&large->Growing);
        ShardDirectory* directory = large->Directory;
        ShardDirectory* larger = null;
        if (left->Depth > directory->Depth)
        {
            larger = ShardDirectory.New(me, heap, directory->Depth + 1);
            if (larger == null)
            {
                ObjectLock.Exit(&large->Growing);
                return false;
            }
            nint* from = ShardDirectory.Items(directory), to = ShardDirectory.Items(larger);
            for (int i = 0; i < 2 << directory->Depth; i++) to[i] = from[i >> 1];
        }
        ShardDirectory* target = larger != null ? larger : directory;
        int each = 1 << (target->Depth - left->Depth);
        nint* items = ShardDirectory.Items(target);
        for (int i = 0; i < each; i++)
        {
            ShardDirectory.Set(items + ((int)left->Prefix << (target->Depth - left->Depth)) + i, left);
            if (right != left) ShardDirectory.Set(items + ((int)right->Prefix << (target->Depth - right->Depth)) + i, right);
        }
        if (larger != null)
        {
            Interleaving.Point();
            // Full fence: pairs with the acquire in ItemOf; unlinks the old directory before it is retired.
            Interlocked.Exchange(ref *(nint*)&large->Directory, (nint)larger);
            if (directory != &large->First) Heap.Retire(me, directory);
        }
        ObjectLock.Exit(&large->Growing);
        return true;
    }

    // Marks and retires all shards, in the order of the hashes that belong to them; the directory may change meanwhile.
    internal static void RetireShards(Participant* me, LargeTable* large)
    {
        ulong hash = 0;
        while (true)
        {
            Shard* shard = EnterShard(large, hash);
            bool mine = shard->Moved == 0;
            int depth = shard->Depth;
            MapAtomics.MarkMoved(shard);
            ObjectLock.Exit(&shard->Lock);
            if (!mine) continue;
            Heap.Retire(me, shard);
            if (depth == 0) break;
            hash += 1UL << (64 - depth);
            if (hash == 0) break;
        }
    }
}

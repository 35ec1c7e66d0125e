using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

// The index of a large map: a directory of shards by the highest bits of the hash; inside a shard by the lowest bits of the
// hash's high half, so that growth needs nothing but the slots.
public unsafe partial struct OrderedMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MapEntry* Find<TKey>(LargeMap* large, in TKey key, out uint id) where TKey : struct, IMapKey
    {
        ulong hash = key.Hash;
        nint item = ShardOf(large, hash);
        return FindIn(large, MapShard.Slots(MapDirectory.Shard(item)), MapDirectory.Mask(item), key, hash, out _, out id);
    }

    // The shard of a hash, with its mask. The branch is foreseen, and spares who looks in a map of one shard or two to wait for
    // three words that say so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static nint ShardOf(LargeMap* large, ulong hash)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchange in PublishShards. A directory or shard that was replaced answers as of the moment of
        // its replacement.
        MapDirectory* directory = (MapDirectory*)Volatile.Read(ref *(nint*)&large->Directory);
        Interleaving.Point();
        // Acquire, both: pairs with the exchange in PublishShards.
        return directory == &large->First
            ? Volatile.Read(ref MapDirectory.Items(&large->First)[hash >> 63])
            : Volatile.Read(ref *MapDirectory.At(directory, hash));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MapEntry* FindIn<TKey>(
        LargeMap* large, ulong* slots, ulong mask, in TKey key, ulong hash, out ulong* place, out uint id) where TKey
        : struct, IMapKey
    {
        for (ulong i = hash >> 32 & mask; ; i = i + 1 & mask)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in Insert, so that the entry is filled in and its segment is listed.
            ulong slot = Volatile.Read(ref slots[i]);
            if (slot == 0) break;
            if (slot >> 32 != hash >> 32 || slot == MapShard.Deleted) continue;
            id = (uint)slot - 1;
            MapEntry* entry = EntryAt(large, id);
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
    static bool NewIndex(Participant* me, PoolHeap* heap, LargeMap* large, uint expected)
    {
        ulong slots = Math.Max(MapSizes.FirstSlots, BitOperations.RoundUpToPowerOf2(expected + expected / 2 + 2ul));
        bool one = slots <= MapSizes.MostSlots;
        int depth = 1;
        if (!one)
        {
            while (depth < MapSizes.MostDepth && SlotsForShare(expected >> depth) > MapSizes.MostSlots) depth++;
            slots = Math.Min(SlotsForShare(expected >> depth), MapSizes.MostSlots);
        }
        MapDirectory* directory = depth == 1 ? &large->First : NewDirectory(me, heap, depth);
        large->Directory = directory;
        if (directory == null) return false;
        directory->Depth = depth;
        directory->Shift = 64 - depth;
        nint* items = MapDirectory.Items(directory);
        for (int i = 0; i < 1 << depth; i++)
        {
            MapShard* shard = one && i == 1 ? MapDirectory.Shard(items[0]) : NewShard(me, heap, slots, one ? 0 : depth, (uint)i);
            if (shard == null) return false;
            items[i] = MapDirectory.Item(shard);
        }
        return true;
    }

    // Shards get a random share each, four standard deviations more than the mean at most, as good as always; one that gets still
    // more grows.
    static ulong SlotsForShare(uint mean) =>
        Math.Max(MapSizes.FirstSlots, BitOperations.RoundUpToPowerOf2((ulong)((mean + 4 * Math.Sqrt(mean)) * 4 / 3) + 1));

    static MapDirectory* NewDirectory(Participant* me, PoolHeap* heap, int depth)
    {
        nuint size = (nuint)sizeof(MapDirectory) + ((nuint)sizeof(nint) << depth);
        MapDirectory* directory = (MapDirectory*)Heap.Allocate(me, heap, size);
        if (directory == null) return null;
        NativeMemory.Clear(directory, size);
        directory->Depth = depth;
        directory->Shift = 64 - depth;
        return directory;
    }

    static MapShard* NewShard(Participant* me, PoolHeap* heap, ulong slots, int depth, uint prefix)
    {
        nuint size = (nuint)sizeof(MapShard) + (nuint)slots * sizeof(ulong);
        MapShard* shard = (MapShard*)Heap.Allocate(me, heap, size);
        if (shard == null) return null;
        NativeMemory.Clear(shard, size);
        shard->Mask = slots - 1;
        shard->Depth = depth;
        shard->Prefix = prefix;
        return shard;
    }

    // Each shard once: several places of the directory may lead to one.
    static MapShard* NextShard(MapDirectory* directory, ref int place)
    {
        if (place >= 1 << directory->Depth) return null;
        MapShard* shard = MapDirectory.Shard(Volatile.Read(ref MapDirectory.Items(directory)[place]));
        place += shard == null ? 1 : 1 << (directory->Depth - shard->Depth);
        return shard;
    }

    static void FreeIndex(Participant* me, LargeMap* large)
    {
        MapDirectory* directory = large->Directory;
        int place = 0;
        while (place < 1 << directory->Depth)
        {
            MapShard* shard = NextShard(directory, ref place);
            if (shard != null) Heap.Free(me, shard);
        }
        if (directory != &large->First) Heap.Free(me, directory);
    }

    // Of which no shard is needed any more either; who reads there still reads what was there when it was replaced.
    static void RetireDirectory(Participant* me, LargeMap* large)
    {
        if (large->Directory != &large->First) Heap.Retire(me, large->Directory);
    }

    // Into slots that nobody else reads.
    static void PutSlot(ulong* slots, ulong mask, ulong slot)
    {
        ulong i = slot >> 32 & mask;
        while (slots[i] != 0) i = i + 1 & mask;
        slots[i] = slot;
    }

    // The shard that a key belongs to, with its lock.
    static MapShard* EnterShard(LargeMap* large, ulong hash)
    {
        MapShard* shard = MapDirectory.Shard(ShardOf(large, hash));
        ObjectLock.Enter(&shard->Lock);
        return shard;
    }

    static bool IsFull(MapShard* shard) => (shard->Used + 1) * 4ul > (shard->Mask + 1) * 3;

    // Few of many are left.
    static bool IsSparse(MapShard* shard) => shard->Mask >= MapSizes.FirstSlots && shard->Live * 16ul <= shard->Mask;

    // Replaces a shard whose lock the caller holds, and keeps, by a larger or smaller one, by two, or by one without the removed.
    // False if there is no memory.
    static bool ReplaceShard(Participant* me, PoolHeap* heap, LargeMap* large, MapShard* old)
    {
        ulong slots = old->Mask + 1;
        bool stays = old->Live * 2ul <= slots;
        bool splits = !stays && slots >= MapSizes.MostSlots && old->Depth < MapSizes.MostDepth && Splits(old);
        if (IsSparse(old)) slots = Math.Max(MapSizes.FirstSlots, BitOperations.RoundUpToPowerOf2(old->Live * 4ul));
        else if (!stays && !splits) slots *= 2;
        MapShard* left = splits
            ? NewShard(me, heap, slots, old->Depth + 1, old->Prefix * 2) : NewShard(me, heap, slots, old->Depth, old->Prefix);
        MapShard* right = splits ? NewShard(me, heap, slots, old->Depth + 1, old->Prefix * 2 + 1) : left;
        bool done = left != null && right != null;
        if (done)
        {
            ulong* from = MapShard.Slots(old);
            int shift = 63 - old->Depth;
            for (ulong i = 0; i <= old->Mask; i++)
            {
                ulong slot = from[i];
                if (slot is 0 or MapShard.Deleted) continue;
                MapShard* to = (slot >> shift & 1) == 0 ? left : right;
                PutSlot(MapShard.Slots(to), to->Mask, slot);
                to->Used++;
                to->Live++;
            }
            done = PublishShards(me, heap, large, old, left, right);
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

    // Whether the next bit tells entries apart; if all hashes are alike, it does not.
    static bool Splits(MapShard* shard)
    {
        ulong* slots = MapShard.Slots(shard);
        int shift = 63 - shard->Depth;
        ulong any = 0, all = 1;
        for (ulong i = 0; i <= shard->Mask; i++)
        {
            if (slots[i] is 0 or MapShard.Deleted) continue;
            any |= slots[i] >> shift & 1;
            all &= slots[i] >> shift & 1;
        }
        return any != all;
    }

    static bool PublishShards(Participant* me, PoolHeap* heap, LargeMap* large, MapShard* old, MapShard* left, MapShard* right)
    {
        ObjectLock.Enter(&large->Growing);
        MapDirectory* directory = large->Directory;
        MapDirectory* larger = null;
        if (left->Depth > directory->Depth)
        {
            larger = NewDirectory(me, heap, directory->Depth + 1);
            if (larger == null)
            {
                ObjectLock.Exit(&large->Growing);
                return false;
            }
            for (int i = 0; i < 2 << directory->Depth; i++) MapDirectory.Items(larger)[i] = MapDirectory.Items(directory)[i >> 1];
        }
        MapDirectory* target = larger != null ? larger : directory;
        int each = 1 << (target->Depth - left->Depth);
        nint* items = MapDirectory.Items(target);
        for (int i = 0; i < each; i++)
        {
            SetShard(items + ((int)left->Prefix << (target->Depth - left->Depth)) + i, left);
            if (right != left) SetShard(items + ((int)right->Prefix << (target->Depth - right->Depth)) + i, right);
        }
        if (larger != null)
        {
            Interleaving.Point();
            // Full fence: pairs with the acquire in Find; unlinks the old directory before it is retired.
            Interlocked.Exchange(ref *(nint*)&large->Directory, (nint)larger);
            if (directory != &large->First) Heap.Retire(me, directory);
        }
        ObjectLock.Exit(&large->Growing);
        return true;
    }

    static void SetShard(nint* place, MapShard* shard)
    {
        Interleaving.Point();
        // Full fence: pairs with the acquire in Find, so that the slots are filled in; unlinks the old shard before it is
        // retired.
        Interlocked.Exchange(ref *place, MapDirectory.Item(shard));
    }
}

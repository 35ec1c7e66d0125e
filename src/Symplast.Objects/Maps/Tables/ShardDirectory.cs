using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// By the highest bits of the hash, the shard of the index: 2^depth items follow, a pointer to the shard each, with its mask in
/// the 16 bits above.
/// </summary>
internal unsafe struct ShardDirectory
{
    // Of this and larger masks the shard tells: few shards grow so much, because no bits tell their hashes apart.
    const ulong LargeMask = ushort.MaxValue;

    internal int Depth;

    /// <summary>64 - depth.</summary>
    internal int Shift;
    internal ulong Reserved;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* Items(ShardDirectory* directory) => (nint*)(directory + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint* At(ShardDirectory* directory, ulong hash) => Items(directory) + (hash >> directory->Shift);

    internal static nint Item(Shard* shard) => (nint)shard | (nint)(Math.Min(shard->Mask, LargeMask) << 48);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Shard* ShardOf(nint item) => (Shard*)(item & 0xFFFF_FFFF_FFFF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mask(nint item)
    {
        ulong mask = (ulong)item >> 48;
        return mask == LargeMask ? ShardOf(item)->Mask : mask;
    }

    internal static ShardDirectory* New(Participant* me, PoolHeap* heap, int depth)
    {
        nuint size = (nuint)sizeof(ShardDirectory) + ((nuint)sizeof(nint) << depth);
        ShardDirectory* directory = (ShardDirectory*)Heap.Allocate(me, heap, size);
        if (directory == null) return null;
        NativeMemory.Clear(directory, size);
        directory->Depth = depth;
        directory->Shift = 64 - depth;
        return directory;
    }

    // Each shard once: several places of the directory may lead to one.
    internal static Shard* Next(ShardDirectory* directory, ref int place)
    {
        if (place >= 1 << directory->Depth) return null;
        Shard* shard = ShardOf(Volatile.Read(ref Items(directory)[place]));
        place += shard == null ? 1 : 1 << (directory->Depth - shard->Depth);
        return shard;
    }

    internal static void Set(nint* place, Shard* shard)
    {
        Interleaving.Point();
        // Full fence: pairs with the acquire in ItemOf, so that the slots are filled in; unlinks the old shard before it is
        // retired.
        Interlocked.Exchange(ref *place, Item(shard));
    }
}

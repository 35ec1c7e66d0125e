using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The accesses and looks of an ordered map's protocol that it would be wrong without. The tests compile another file in the
/// place of this one, in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class MapAtomics
{
    /// <summary>A value, or the forward to where it is.</summary>
    // Acquire. Pairs with the interlocked operation that stored it, so that what it points to is filled in.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value LoadCurrent(Value* place) => new(Volatile.Read(ref *(ulong*)place));

    /// <summary>Stores the value of an update if the place has what is expected. What it had.</summary>
    // Full fence: publishes what the value points to (pairs with LoadCurrent), and unlinks the old one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value UpdateValue(Value* place, Value desired, Value expected) =>
        new(Interlocked.CompareExchange(ref *(ulong*)place, desired.Bits, expected.Bits));

    /// <summary>Exchanges a value that was copied for a forward to the copy, if it is still there. What was there.</summary>
    // Full fence: publishes the copy, and pairs with LoadCurrent. Who has found the old place finds the new one from now on:
    // readers, updates and removals alike.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value ForwardValue(Value* from, Value* to, Value value) =>
        new(Interlocked.CompareExchange(ref *(ulong*)from, Value.Forward(to).Bits, value.Bits));

    /// <summary>Whether the shard whose lock was taken is no longer the index's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsMoved(Shard* shard) => shard->Moved != 0;

    /// <summary>Says so, under its lock, of a shard of a root that is given up.</summary>
    internal static void MarkMoved(Shard* shard) => shard->Moved = 1;

    /// <summary>The root of a map whose lock was taken; <paramref name="seen"/> is what it was before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint RootAgain(nint* root, nint seen) => *root;

    /// <summary>Whether no insertion or removal was under way, or has begun, since the version was read.</summary>
    // Acquire: pairs with the releases that begin and end each. What was read before is of one instant.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsUnchanged(SmallTable* small, byte version) =>
        (version & 1) == 0 && Volatile.Read(ref small->Version) == version;

    /// <inheritdoc cref="IsUnchanged(SmallTable*, byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsUnchanged(LargeTable* large, ulong version) =>
        (version & 1) == 0 && Volatile.Read(ref large->Version) == version;

    /// <summary>
    /// The first or last entry under the lock of the order, whatever was found without it (<paramref name="seen"/>).
    /// </summary>
    internal static MapEntry* EndAgain(LargeTable* large, bool last, MapEntry* seen, ref uint id) =>
        LogEnds.Find(large, last, out id);

    /// <summary>Waits until all sections have ended that were open when the gate was.</summary>
    internal static void AwaitSections() => Epoch.Synchronize();

    /// <summary>The snapshot that is being made, or null.</summary>
    // Acquire: pairs with the exchange in MapSnapshots.TryBegin. A writer sees the copy, or was waited for before that.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MapCopy* LoadCopy(LargeTable* large) => (MapCopy*)Volatile.Read(ref *(nint*)&large->Copy);

    /// <summary>Waits for whoever is copying a part that is to be passed over, and keeps others from it.</summary>
    internal static void EnterPart(MapCopyPart* part) => ObjectLock.Enter(&part->Lock);

    /// <summary>The end of that.</summary>
    internal static void ExitPart(MapCopyPart* part) => ObjectLock.Exit(&part->Lock);

    /// <summary>Whether nobody else has packed the segment, or dropped it, since it was found at this place.</summary>
    internal static bool IsStillThere(nint* place, nint segment) => *place == segment;

    /// <summary>Whether the root was given up, under Growing.</summary>
    internal static bool IsGivenUp(LargeTable* large) => large->GivenUp != 0;

    /// <summary>
    /// Lets nobody remove an entry for a moment, and then counts those of a packed segment that are removed already: each
    /// removal counts in it or in the one that it replaces. What is counted of the map does not change, so its version does not.
    /// </summary>
    internal static void EnterOrderAndCount(LargeTable* large, Segment* from, Segment* to)
    {
        ObjectLock.Enter(&large->Order);
        to->Dead = to->Count - Segment.Live(from);
    }
}

namespace Symplast.Objects;

/// <summary>The accesses and looks of an ordered map's protocol, each with its fault.</summary>
internal static unsafe class MapAtomics
{
    internal static Value LoadCurrent(Value* place)
    {
        Value value = new(Volatile.Read(ref *(ulong*)place));
        return value.IsForward && Interleaving.Omits(OrderedMapFault.ForwardIsTakenForRemoved) ? ValuePlace.Removed : value;
    }

    internal static Value UpdateValue(Value* place, Value desired, Value expected)
    {
        if (!Interleaving.Omits(OrderedMapFault.UpdateIsBlind)) return Exchange(place, desired, expected);
        Value seen = Exchange(place, desired, new(Volatile.Read(ref *(ulong*)place)));
        return seen.IsMark ? seen : expected;
    }

    internal static Value ForwardValue(Value* from, Value* to, Value value) =>
        Interleaving.Omits(OrderedMapFault.ValueIsCopied) ? value : Exchange(from, Value.Forward(to), value);

    internal static bool IsMoved(Shard* shard) =>
        shard->Moved != 0 && !Interleaving.Omits(OrderedMapFault.MovedIsIgnored);

    internal static void MarkMoved(Shard* shard) =>
        shard->Moved = Interleaving.Omits(OrderedMapFault.ShardsStayOpen) ? 0 : 1;

    internal static nint RootAgain(nint* root, nint seen) =>
        Interleaving.Omits(OrderedMapFault.RootIsOld) ? seen : *root;

    internal static bool IsUnchanged(SmallTable* small, byte version) =>
        ((version & 1) == 0 && Volatile.Read(ref small->Version) == version)
        || Interleaving.Omits(OrderedMapFault.CountIsNotAtOneInstant);

    internal static bool IsUnchanged(LargeTable* large, ulong version) =>
        ((version & 1) == 0 && Volatile.Read(ref large->Version) == version)
        || Interleaving.Omits(OrderedMapFault.CountIsNotAtOneInstant);

    internal static MapEntry* EndAgain(LargeTable* large, bool last, MapEntry* seen, ref uint id)
    {
        bool isTrusted = Interleaving.Omits(OrderedMapFault.EndIsNotLookedForAgain)
            && seen != null && MapEntry.ValueOf(seen) != ValuePlace.Removed;
        return isTrusted ? seen : LogEnds.Find(large, last, out id);
    }

    /// <summary>Like <see cref="Epoch.Synchronize"/>, but the scheduler lets the others go on meanwhile.</summary>
    internal static void AwaitSections()
    {
        if (Interleaving.Omits(OrderedMapFault.GateIsNotAwaited)) return;
        Interlocked.MemoryBarrier();
        ulong tag = Epoch.Now;
        for (int turn = 0; !Epoch.HasPassed(tag); turn++)
        {
            if (turn > 1) Interleaving.Spin();
            Epoch.TryAdvance();
        }
    }

    internal static MapCopy* LoadCopy(LargeTable* large) =>
        Interleaving.Omits(OrderedMapFault.NothingIsPreserved) ? null : (MapCopy*)Volatile.Read(ref *(nint*)&large->Copy);

    internal static void EnterPart(MapCopyPart* part)
    {
        if (!Interleaving.Omits(OrderedMapFault.CopyingIsNotAwaited)) ObjectLock.Enter(&part->Lock);
    }

    internal static void ExitPart(MapCopyPart* part)
    {
        if (!Interleaving.Omits(OrderedMapFault.CopyingIsNotAwaited)) ObjectLock.Exit(&part->Lock);
    }

    internal static bool IsStillThere(nint* place, nint segment) =>
        *place == segment || Interleaving.Omits(OrderedMapFault.SegmentIsPackedTwice);

    internal static bool IsGivenUp(LargeTable* large) =>
        large->GivenUp != 0 && !Interleaving.Omits(OrderedMapFault.GivenUpIsPacked);

    internal static void EnterOrderAndCount(LargeTable* large, Segment* from, Segment* to)
    {
        bool isEarly = Interleaving.Omits(OrderedMapFault.RemovalsAreCountedEarly);
        if (isEarly) to->Dead = to->Count - Segment.Live(from);
        ObjectLock.Enter(&large->Order);
        if (!isEarly) to->Dead = to->Count - Segment.Live(from);
    }

    static Value Exchange(Value* place, Value desired, Value expected) =>
        new(Interlocked.CompareExchange(ref *(ulong*)place, desired.Bits, expected.Bits));
}

namespace Symplast.Memory;

/// <summary>The steps of remote frees and of pins, each with its fault.</summary>
internal static unsafe class HeapAtomics
{
    internal static void NotePin(PoolHeap* heap)
    {
        if (!Interleaving.Omits(PinStep.PinIsNoted)) Volatile.Write(ref heap->WasPinned, 1);
    }

    internal static bool IsDeleted(PoolHeap* heap) => PoolHeap.IsDeleted(heap) && !Interleaving.Omits(PinStep.LastPinLooks);

    internal static bool HasPins(PoolHeap* heap) =>
        Volatile.Read(ref heap->Pins) != 0 && !Interleaving.Omits(PinStep.EmptierLooks);

    internal static bool TryPush(Page* page, ulong list, ref ulong seen)
    {
        if (Interleaving.Omits(RemoteStep.PushCompares)) seen = page->Remote;
        ulong prior = Interlocked.CompareExchange(ref page->Remote, list, seen);
        if (prior == seen) return true;
        seen = prior;
        return false;
    }

    internal static bool IsParked(ulong seen) => seen == Page.Parked && !Interleaving.Omits(RemoteStep.ParkedPageIsHandedOver);

    internal static bool TryPark(Page* page)
    {
        if (Interleaving.Omits(RemoteStep.ParkingCompares)) page->Remote = 0;
        return Interlocked.CompareExchange(ref page->Remote, Page.Parked, 0) == 0;
    }

    internal static bool TryUnpark(Page* page) =>
        Interlocked.CompareExchange(ref page->Remote, 0, Page.Parked) == Page.Parked
        || Interleaving.Omits(RemoteStep.UnparkingCompares);
}

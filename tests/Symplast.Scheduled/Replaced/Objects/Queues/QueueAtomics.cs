namespace Symplast.Objects;

/// <summary>The steps of a queue's protocol, each with its fault.</summary>
internal static unsafe class QueueAtomics
{
    internal static void Fill(QueueCell* cell, Value value, ulong turn)
    {
        if (Interleaving.Omits(QueueStep.ElementComesBeforeTurn)) Volatile.Write(ref cell->Turn, turn);
        Interleaving.Point();
        cell->Value = value;
        Interleaving.Point();
        Volatile.Write(ref cell->Turn, turn);
    }

    internal static bool IsFull(QueueRing* ring, ulong tail) =>
        (long)(tail - (Volatile.Read(ref ring->Head) & ~QueueRing.ClosedBit)) >= (long)ring->Size
        || Interleaving.Omits(QueueStep.PutAwaitsTheTaker);

    internal static bool IsEmpty(QueueRing* ring, ulong head, out bool isClosed)
    {
        ulong tail = Volatile.Read(ref ring->Tail);
        isClosed = (tail & QueueRing.ClosedBit) != 0;
        if ((long)((tail & ~QueueRing.ClosedBit) - head) <= 0) return true;
        isClosed = false;
        return Interleaving.Omits(QueueStep.TakeAwaitsThePutter);
    }

    internal static void CloseFull(QueueRing* ring)
    {
        if (!Interleaving.Omits(QueueStep.FullRingIsClosed)) QueueRing.Close(ring);
    }

    internal static QueueRing* Successor(SharedQueue* queue, QueueRing* ring, out bool isClosed)
    {
        isClosed = Volatile.Read(ref queue->IsClosed) != 0;
        Interleaving.Point();
        QueueRing* next = (QueueRing*)Volatile.Read(ref *(nint*)&ring->Next);
        if (!Interleaving.Omits(QueueStep.FlagIsReadFirst)) return next;
        Interleaving.Point();
        isClosed = Volatile.Read(ref queue->IsClosed) != 0;
        return next;
    }

    internal static bool IsFirst(SharedQueue* queue, QueueRing* ring) =>
        queue->First == ring || Interleaving.Omits(QueueStep.FirstIsReadAgain);

    internal static ulong EndFirst(SharedQueue* queue) =>
        Interleaving.Omits(QueueStep.DeletionEndsTheRing) ? queue->First->Head : QueueRing.End(queue->First);

    internal static bool HasWaiters(QueueEvent* happened) =>
        Volatile.Read(ref happened->Waiters) != 0 && !Interleaving.Omits(QueueStep.Signal);

    internal static bool WaiterTriesAgain => !Interleaving.Omits(QueueStep.WaiterTriesAgain);

    internal static void PassWakeOn(SharedQueue* queue, QueueSide side)
    {
        if (!Interleaving.Omits(QueueStep.WakeIsPassedOn)) QueueWaiting.Signal(queue, side, true);
    }
}

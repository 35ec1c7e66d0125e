namespace Symplast.Objects;

// What a queue consists of and holds.
public unsafe partial struct SharedQueue
{
    /// <summary>What the table of kinds knows of queues.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedQueue*)o);

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        SharedQueue* queue = (SharedQueue*)o;
        // Acquire: pairs with the exchanges of First and of Next. A ring that was the queue's in this section stays, and so do
        // those after it.
        QueueRing* ring = (QueueRing*)Volatile.Read(ref *(nint*)&queue->First);
        for (; ring != null; ring = (QueueRing*)Volatile.Read(ref *(nint*)&ring->Next))
        {
            parts.Block(ring);
            ulong head = Volatile.Read(ref ring->Head) & ~QueueRing.ClosedBit;
            ulong tail = Volatile.Read(ref ring->Tail) & ~QueueRing.ClosedBit;
            for (ulong position = head; position < tail; position++)
            {
                QueueCell* cell = QueueRing.CellAt(ring, position);
                // Acquire: pairs with the release in Put. An element that was not taken by this moment outlasts the section.
                if (Volatile.Read(ref cell->Turn) == 2 * position + 1) parts.Value(cell->Value);
            }
        }
    }
}

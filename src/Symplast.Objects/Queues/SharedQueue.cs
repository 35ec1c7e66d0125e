using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A queue that any number of threads put into and take from: bounded or not, first in first out. All methods are thread-safe;
/// those that do not wait enter a section of their own.
/// </summary>
/// <remarks>
/// <para>A chain of rings (<see cref="QueueRing"/>), as .NET's ConcurrentQueue: a bounded queue has one for good. Otherwise, when
/// the last ring is full, a put takes the queue's lock, closes it and links a larger one; who finds the first ring closed and
/// empty takes the lock, unlinks and retires it. A ring is closed in three cases only: it has a successor, the queue was closed,
/// or it was deleted.</para>
/// <para>Closing and deleting set their flag, then close the last ring, under the lock: whoever finds a ring closed and, having
/// read the flag, finds no successor, knows that there will be none. Deleting also ends the first ring, so that nothing can be
/// taken any more, and releases what is left in the chain, each element once.</para>
/// <para>Waiting for an element or for room: <see cref="QueueWaiting"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 192)]
public unsafe struct SharedQueue
{
    internal const int ItemsOffset = 128;
    internal const int RoomOffset = 144;

    [FieldOffset(0)]
    internal SharedObject Object;

    /// <summary>Where is taken; null once deleted.</summary>
    [FieldOffset(24)]
    internal QueueRing* First;

    /// <summary>Where is put; null once deleted.</summary>
    [FieldOffset(32)]
    internal QueueRing* Last;

    /// <summary>How many elements it may hold; 0 if that is unbounded.</summary>
    [FieldOffset(40)]
    internal ulong Capacity;

    [FieldOffset(48)]
    internal ulong LargestRing;

    [FieldOffset(56)]
    internal int IsClosed;

    // Apart from the above, which is only read as a rule.
    [FieldOffset(ItemsOffset)]
    internal QueueEvent Items;

    [FieldOffset(RoomOffset)]
    internal QueueEvent Room;

    const ulong FirstRing = 32;
    const ulong DefaultLargest = 1 << 16;

    /// <summary>
    /// A new, empty queue with one reference, the caller's; null if there is no memory. <paramref name="capacity"/> is how many
    /// elements it may hold, 0 for any number. Inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedQueue* Create(Participant* me, PoolHeap* heap, long capacity) =>
        Create(me, heap, (ulong)capacity, capacity != 0 ? (ulong)capacity : FirstRing, DefaultLargest);

    /// <summary>The same with rings of other sizes: for tests.</summary>
    internal static SharedQueue* Create(Participant* me, PoolHeap* heap, ulong capacity, ulong firstRing, ulong largestRing)
    {
        SharedQueue* queue = (SharedQueue*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedQueue));
        if (queue == null) return null;
        QueueRing* ring = QueueRing.Create(me, heap, firstRing);
        if (ring == null)
        {
            Heap.Free(me, queue);
            return null;
        }
        *queue = default;
        queue->First = ring;
        queue->Last = ring;
        queue->Capacity = capacity;
        queue->LargestRing = largestRing;
        SharedObject.Begin((SharedObject*)queue, HeaderKind.Queue);
        return queue;
    }

    /// <summary>Puts an element at the end. Missing if the queue is full, Closed if it was closed.</summary>
    public static Status TryPut(Participant* me, SharedQueue* queue, Value value)
    {
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Put(me, queue, value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Takes the first element out, with the reference that the queue held. Missing if the queue is empty, Closed if it was
    /// closed as well.
    /// </summary>
    public static Status TryTake(Participant* me, SharedQueue* queue, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Take(me, queue, out value);
        if (status == Status.Done && queue->Capacity != 0) QueueWaiting.Signal(&queue->Room);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>The number of elements, at one instant.</summary>
    public static Status Count(Participant* me, SharedQueue* queue, out long count)
    {
        count = 0;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        if (status == Status.Done)
        {
            // The chain stays as it is under the lock, and nobody begins to delete. Rings between the first and the last are
            // full, or were emptied in turn after the first: they are summed up between two equal looks at the first.
            ObjectLock.Enter(&queue->Object.Lock);
            if (queue->Object.Head.DeletedFlag != 0) status = Status.Deleted;
            else count = Sum(queue);
            ObjectLock.Exit(&queue->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>No more elements can be put; those that are in can be taken. Closing again changes nothing.</summary>
    public static Status Close(Participant* me, SharedQueue* queue)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(queue)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        ObjectLock.Enter(&queue->Object.Lock);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        if (status == Status.Done) CloseLast(queue);
        ObjectLock.Exit(&queue->Object.Lock);
        if (status == Status.Done) QueueWaiting.Interrupt(me, queue);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Deletes the queue by hand: later operations and those who wait answer Deleted, and so does a second call. What it held is
    /// released.
    /// </summary>
    public static Status Delete(Participant* me, SharedQueue* queue)
    {
        Epoch.Enter(me);
        bool first = TryEnd(queue, out ulong position);
        if (first)
        {
            QueueWaiting.Interrupt(me, queue);
            for (QueueRing* ring = queue->First; ring != null; ring = ring->Next, position = 0)
            {
                for (Value value; !(value = QueueRing.Left(ring, position)).IsEmpty; position++) Reference.Drop(me, value);
            }
            RetireRings(me, queue);
        }
        Epoch.Exit(me);
        return first ? Status.Done : Status.Deleted;
    }

    /// <summary>Releases what a queue holds whose last reference is gone. Others may still be using it.</summary>
    static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        SharedQueue* queue = (SharedQueue*)header;
        if (!TryEnd(queue, out ulong position)) return;
        for (QueueRing* ring = queue->First; ring != null; ring = ring->Next, position = 0)
        {
            for (Value value; !(value = QueueRing.Left(ring, position)).IsEmpty; position++) release.Drop(me, value);
        }
        RetireRings(me, queue);
    }

    /// <summary>Whether all invariants hold. Only while nobody uses the queue.</summary>
    public static bool IsValid(SharedQueue* queue)
    {
        if (queue->Object.Lock != 0 || queue->Items.Waiters != 0 || queue->Room.Waiters != 0) return false;
        if (queue->Object.Head.DeletedFlag != 0) return queue->First == null && queue->Last == null;
        for (QueueRing* ring = queue->First; ; ring = ring->Next)
        {
            ulong tail = ring->Tail & ~QueueRing.ClosedBit;
            bool isLast = ring == queue->Last;
            if (isLast != (ring->Next == null) || tail - ring->Head > ring->Size) return false;
            if (ring->Tail != tail != (!isLast || queue->IsClosed != 0)) return false;
            for (ulong i = tail - Math.Min(tail, ring->Size); i < tail; i++)
            {
                QueueCell* cell = QueueRing.CellAt(ring, i);
                if (cell->Turn != (i < ring->Head ? 2 * (i + ring->Size) : 2 * i + 1)) return false;
                if (i >= ring->Head && cell->Value.Kind is ValueKind.Empty or ValueKind.Mark) return false;
            }
            if (isLast) return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Put(Participant* me, SharedQueue* queue, Value value)
    {
        Reference.Take(value);
        Status status;
        do
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges in Grow and RetireRings.
            QueueRing* ring = (QueueRing*)Volatile.Read(ref *(nint*)&queue->Last);
            if (ring == null) status = Status.Deleted;
            else
            {
                status = QueueRing.Put(ring, value);
                if (status == Status.Done)
                {
                    QueueWaiting.Signal(&queue->Items);
                    return Status.Done;
                }
                // A ring with a successor is closed, so only a queue's last ring is full.
                if (status == Status.Closed || queue->Capacity == 0) status = Grow(me, queue, ring);
            }
        }
        while (status == Status.Done);
        Reference.Drop(me, value);
        return status;
    }

    // Makes a last ring that is neither full nor closed. Done if there is another one than `full` now.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status Grow(Participant* me, SharedQueue* queue, QueueRing* full)
    {
        Status status = Status.Done;
        ObjectLock.Enter(&queue->Object.Lock);
        if (queue->Object.Head.DeletedFlag != 0) status = Status.Deleted;
        else if (queue->IsClosed != 0) status = Status.Closed;
        else if (queue->Last == full)
        {
            QueueRing* next = QueueRing.Create(me, Heap.Of(queue), Math.Min(2 * full->Size, queue->LargestRing));
            if (next == null) status = Status.NoMemory;
            else
            {
                Interleaving.Point();
                // Closed before it has a successor: what is put into that comes later than all that is in this one.
                QueueAtomics.CloseFull(full);
                Interleaving.Point();
                // Release: pairs with the acquire in Successor; the ring is complete.
                Volatile.Write(ref *(nint*)&full->Next, (nint)next);
                Interleaving.Point();
                // Full fence; pairs with the acquire in Put.
                Interlocked.Exchange(ref *(nint*)&queue->Last, (nint)next);
            }
        }
        ObjectLock.Exit(&queue->Object.Lock);
        return status;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Take(Participant* me, SharedQueue* queue, out Value value)
    {
        while (true)
        {
            value = default;
            Interleaving.Point();
            // Acquire: pairs with the exchanges in Advance and RetireRings.
            QueueRing* ring = (QueueRing*)Volatile.Read(ref *(nint*)&queue->First);
            if (ring == null) return Status.Deleted;
            Status status = QueueRing.Take(ring, out value);
            if (status != Status.Closed) return status;
            Interleaving.Point();
            QueueRing* next = QueueAtomics.Successor(queue, ring, out bool isClosed);
            if (next == null)
                return !isClosed ? Status.Missing : queue->Object.Head.DeletedFlag != 0 ? Status.Deleted : Status.Closed;
            Advance(me, queue, ring, next);
        }
    }

    // The first ring is closed and empty, and has a successor.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Advance(Participant* me, SharedQueue* queue, QueueRing* ring, QueueRing* next)
    {
        ObjectLock.Enter(&queue->Object.Lock);
        // Of a deleted queue the first ring is the one that was ended.
        if (QueueAtomics.IsFirst(queue, ring) && queue->Object.Head.DeletedFlag == 0)
        {
            Interleaving.Point();
            // Full fence; pairs with the acquire in Take; the ring is unlinked before its tag is read. Last is another one since
            // Grow gave up the lock.
            Interlocked.Exchange(ref *(nint*)&queue->First, (nint)next);
            Heap.Retire(me, ring);
        }
        ObjectLock.Exit(&queue->Object.Lock);
    }

    static long Sum(SharedQueue* queue)
    {
        while (true)
        {
            QueueRing* first = queue->First;
            Interleaving.Point();
            // Acquires: a ring is taken from only when those before it are empty. If the first one with elements has the same
            // head before and after, nothing was taken between, and only the last one's tail can have changed.
            while (first->Next != null && QueueRing.Count(first) == 0) first = first->Next;
            ulong head = Volatile.Read(ref first->Head);
            long count = 0;
            for (QueueRing* ring = first; ring != null; ring = ring->Next)
            {
                Interleaving.Point();
                count += (long)(Volatile.Read(ref ring->Tail) & ~QueueRing.ClosedBit);
            }
            Interleaving.Point();
            if (Volatile.Read(ref first->Head) == head) return count - (long)head;
        }
    }

    static void CloseLast(SharedQueue* queue)
    {
        Interleaving.Point();
        // Release: pairs with the acquire in Successor.
        Volatile.Write(ref queue->IsClosed, 1);
        Interleaving.Point();
        QueueRing.Close(queue->Last);
    }

    // False if it was deleted before, or its pool was. Whoever gets true owns the elements from this position of the first ring
    // on.
    static bool TryEnd(SharedQueue* queue, out ulong position)
    {
        position = 0;
        if (PoolHeap.IsDeleted(Heap.Of(queue))) return false;
        ObjectLock.Enter(&queue->Object.Lock);
        bool first = !SharedObject.IsDeleted((SharedObject*)queue);
        if (first)
        {
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted.
            Volatile.Write(ref queue->Object.Head.DeletedFlag, 1);
            CloseLast(queue);
            Interleaving.Point();
            // The lock keeps the first ring the first.
            position = QueueAtomics.EndFirst(queue);
        }
        ObjectLock.Exit(&queue->Object.Lock);
        return first;
    }

    static void RetireRings(Participant* me, SharedQueue* queue)
    {
        ObjectLock.Enter(&queue->Object.Lock);
        QueueRing* ring = queue->First;
        // Full fences; pair with the acquires in Put and Take. All rings are unlinked before any is retired.
        Interlocked.Exchange(ref *(nint*)&queue->First, 0);
        Interlocked.Exchange(ref *(nint*)&queue->Last, 0);
        ObjectLock.Exit(&queue->Object.Lock);
        while (ring != null)
        {
            QueueRing* next = ring->Next;
            Heap.Retire(me, ring);
            ring = next;
        }
    }

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
                // Acquire: pairs with the release in Fill. An element that was not taken by this moment outlasts the section.
                if (Volatile.Read(ref cell->Turn) == 2 * position + 1) parts.Value(cell->Value);
            }
        }
    }
}

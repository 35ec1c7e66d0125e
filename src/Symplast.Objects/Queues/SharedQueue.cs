using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A bounded or unbounded FIFO queue for any number of putting and taking threads. All methods are thread-safe. Except where
/// stated, they enter their own sections, and are not called inside one because they may wake waiters.
/// </summary>
/// <remarks>
/// <para>A queue is a chain of rings (<see cref="QueueRing"/>), like .NET's ConcurrentQueue. A bounded queue has one ring for
/// ever. In an unbounded queue, a put that finds the last ring full takes the queue's lock, closes the ring and links a larger
/// one. A take that finds the first ring closed and empty takes the lock, and unlinks and retires the ring. A ring is closed only
/// if it has a successor, the queue was closed, or the queue was deleted.</para>
/// <para>Closing and deletion set their flag and then close the last ring, under the lock. A thread that finds a ring closed,
/// reads the flag and then finds no successor therefore knows that there will be none. Deletion also ends the first ring, so that
/// no element can be taken any more, and releases each element that is left in the chain once. Closing may do the same.</para>
/// <para>The queue also counts the elements that takers have finished, as Python's queues do. The positions count those that were
/// put, so a put counts nothing.</para>
/// <para>Waiting for an element or for room: <see cref="QueueWaiting"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 192)]
public unsafe struct SharedQueue
{
    internal const int ItemsOffset = 128;
    internal const int RoomOffset = 144;
    internal const int FinishedOffset = 160;

    [FieldOffset(0)]
    internal SharedObject Object;

    /// <summary>The ring for takes; null if the queue is deleted.</summary>
    [FieldOffset(24)]
    internal QueueRing* First;

    /// <summary>The ring for puts; null if the queue is deleted.</summary>
    [FieldOffset(32)]
    internal QueueRing* Last;

    /// <summary>The largest number of elements; 0 if unbounded.</summary>
    [FieldOffset(40)]
    internal ulong Capacity;

    [FieldOffset(48)]
    internal ulong LargestRing;

    [FieldOffset(56)]
    internal int IsClosed;

    /// <summary>Whether the queue was closed and its elements released.</summary>
    [FieldOffset(60)]
    internal int IsEnded;

    [FieldOffset(64)]
    long _limit;

    // On another cache line than the fields above, which are rarely written.
    [FieldOffset(ItemsOffset)]
    internal QueueEvent Items;

    [FieldOffset(RoomOffset)]
    internal QueueEvent Room;

    [FieldOffset(FinishedOffset)]
    internal QueueEvent AllFinished;

    /// <summary>How many elements are finished.</summary>
    [FieldOffset(FinishedOffset + 8)]
    internal ulong Finished;

    const ulong FirstRing = 32;
    const ulong DefaultLargest = 1 << 16;

    /// <summary>
    /// Returns a new, empty queue with one reference, the caller's, or null if there is no memory. <paramref name="capacity"/> is
    /// the largest number of elements, 0 for no limit. Called inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedQueue* Create(Participant* me, PoolHeap* heap, long capacity) =>
        Create(me, heap, (ulong)capacity, capacity != 0 ? (ulong)capacity : FirstRing, DefaultLargest);

    /// <summary>Returns a new, empty queue with rings of the given sizes. For tests.</summary>
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

    /// <summary>
    /// Puts an element at the end, with a reference of its own. Missing if the queue is full, Closed if it was closed.
    /// </summary>
    public static Status TryPut(Participant* me, SharedQueue* queue, Value value)
    {
        Epoch.Enter(me);
        bool wakes = false;
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)queue))
        {
            Reference.Take(value);
            status = Put(me, queue, value, out wakes);
            if (status != Status.Done) Reference.Drop(me, value);
        }
        Epoch.Exit(me);
        QueueWaiting.Signal(queue, QueueSide.Items, wakes);
        return status;
    }

    /// <summary>
    /// Takes the first element with the reference that the queue held. Missing if the queue is empty, Closed if it is empty and
    /// was closed.
    /// </summary>
    public static Status TryTake(Participant* me, SharedQueue* queue, out Value value)
    {
        Epoch.Enter(me);
        Status status = Take(me, queue, default, out value, out bool wakes);
        Epoch.Exit(me);
        QueueWaiting.Signal(queue, QueueSide.Room, wakes);
        return status;
    }

    /// <summary>
    /// Puts an element at the end, to which the caller's reference passes if the status is Done. If <paramref name="wakes"/>, the
    /// caller signals <see cref="QueueSide.Items"/> afterwards. Called inside a section.
    /// </summary>
    public static Status Give(Participant* me, SharedQueue* queue, Value value, out bool wakes)
    {
        wakes = false;
        return SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Put(me, queue, value, out wakes);
    }

    /// <summary>
    /// Takes the first element with the reference that the queue held, unless the guard refuses it. If <paramref name="wakes"/>,
    /// the caller signals <see cref="QueueSide.Room"/> afterwards. Called inside a section.
    /// </summary>
    public static Status Take(Participant* me, SharedQueue* queue, in ValueGuard guard, out Value value, out bool wakes)
    {
        value = default;
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Take(me, queue, guard, out value);
        wakes = status == Status.Done && queue->Capacity != 0 && QueueAtomics.HasWaiters(&queue->Room);
        return status;
    }

    /// <summary>Gets the number of elements at one moment.</summary>
    public static Status Count(Participant* me, SharedQueue* queue, out long count)
    {
        count = 0;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        if (status == Status.Done)
        {
            // Under the lock the chain does not change, and no deletion begins. The rings between the first and the last are
            // full, or were emptied in turn after the first. They are summed up between two equal reads of the first ring's head.
            ObjectLock.Enter(&queue->Object.Lock);
            if (queue->Object.Head.DeletedFlag != 0) status = Status.Deleted;
            else count = Sum(queue);
            ObjectLock.Exit(&queue->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>The largest number of elements, 0 for no limit. 0 also if the queue was deleted.</summary>
    public static long CapacityOf(Participant* me, SharedQueue* queue)
    {
        Epoch.Enter(me);
        long capacity = PoolHeap.IsDeleted(Heap.Of(queue)) ? 0 : (long)queue->Capacity;
        Epoch.Exit(me);
        return capacity;
    }

    /// <summary>
    /// The largest number of elements as the queue's maker has stated it, for the use of the floor above. Valid inside a section
    /// in which the pool was not deleted.
    /// </summary>
    public static ref long Limit(SharedQueue* queue) => ref queue->_limit;

    /// <summary>Gets whether the queue was closed.</summary>
    public static Status IsClosedNow(Participant* me, SharedQueue* queue, out bool isClosed)
    {
        isClosed = false;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        // Acquire: pairs with the release in CloseLast.
        if (status == Status.Done) isClosed = Volatile.Read(ref queue->IsClosed) != 0;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Closes the queue: no more elements can be put, but those in the queue can be taken, unless they are released now
    /// (<paramref name="isEnd"/>). Released elements count as finished. Closing again has no effect but this.
    /// </summary>
    public static Status Close(Participant* me, SharedQueue* queue, bool isEnd = false)
    {
        Epoch.Enter(me);
        if (PoolHeap.IsDeleted(Heap.Of(queue)))
        {
            Epoch.Exit(me);
            return Status.Deleted;
        }
        ulong position = 0;
        ObjectLock.Enter(&queue->Object.Lock);
        Status status = SharedObject.IsDeleted((SharedObject*)queue) ? Status.Deleted : Status.Done;
        bool ends = status == Status.Done && isEnd && queue->IsEnded == 0;
        if (status == Status.Done) CloseLast(queue);
        if (ends)
        {
            queue->IsEnded = 1;
            Interleaving.Point();
            // Under the lock the first ring stays the first, and the queue is not deleted.
            position = QueueAtomics.EndFirst(queue);
        }
        QueueRing* ring = queue->First;
        ObjectLock.Exit(&queue->Object.Lock);
        // If another thread deletes the queue meanwhile, it leaves the elements to this one, and the rings stay until the section
        // ends.
        if (ends) ReleaseLeft(me, ring, position);
        Epoch.Exit(me);
        if (status == Status.Done) QueueWaiting.Interrupt(queue);
        return status;
    }

    /// <summary>
    /// Deletes the queue by hand and releases its elements. Later operations and waiting ones return Deleted, and so does a
    /// second call.
    /// </summary>
    public static Status Delete(Participant* me, SharedQueue* queue)
    {
        Epoch.Enter(me);
        bool first = TryEnd(queue, out ulong position, out bool isEmpty);
        if (first)
        {
            if (!isEmpty) ReleaseLeft(me, queue->First, position);
            RetireRings(me, queue);
        }
        Epoch.Exit(me);
        if (first) QueueWaiting.Interrupt(queue);
        return first ? Status.Done : Status.Deleted;
    }

    /// <summary>Counts one more element as finished. Missing if all that were put are finished.</summary>
    public static Status Finish(Participant* me, SharedQueue* queue)
    {
        Epoch.Enter(me);
        bool wakes = false;
        Status status = Status.Deleted;
        while (!SharedObject.IsDeleted((SharedObject*)queue))
        {
            Interleaving.Point();
            // Acquire: the number of puts is read afterwards, and so is never too small.
            ulong finished = Volatile.Read(ref queue->Finished);
            if (!TryPuts(queue, out ulong puts)) break;
            status = finished < puts ? Status.Done : Status.Missing;
            if (status == Status.Missing) break;
            Interleaving.Point();
            // Full fence: pairs with the read in Unfinished, and through HasWaiters with the addition in QueueWaiting.Count.
            if (Interlocked.CompareExchange(ref queue->Finished, finished + 1, finished) != finished) continue;
            // The number of puts is read again, because a shutdown that wakes the waiters before this exchange makes it smaller.
            wakes = TryPuts(queue, out puts) && finished + 1 >= puts && QueueAtomics.HasWaiters(&queue->AllFinished);
            break;
        }
        Epoch.Exit(me);
        QueueWaiting.Signal(queue, QueueSide.Finished, wakes, int.MaxValue);
        return status;
    }

    /// <summary>Gets the number of elements that were put but are not finished.</summary>
    public static Status Unfinished(Participant* me, SharedQueue* queue, out long count)
    {
        count = 0;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)queue))
        {
            while (true)
            {
                Interleaving.Point();
                // Acquire: pairs with the exchange in Finish. If the number is the same before and after, it had this value when
                // the number of puts was read. It may be larger, if elements were finished by mistake that a shutdown released.
                ulong finished = Volatile.Read(ref queue->Finished);
                if (!TryPuts(queue, out ulong puts)) break;
                count = Math.Max(0, (long)(puts - finished));
                status = Status.Done;
                Interleaving.Point();
                if (Volatile.Read(ref queue->Finished) == finished) break;
            }
        }
        Epoch.Exit(me);
        return status;
    }

    // The number of elements at one moment that were put, without those that a shutdown has released. Returns false if the queue
    // was deleted.
    static bool TryPuts(SharedQueue* queue, out ulong puts)
    {
        Interleaving.Point();
        // Acquire: pairs with the exchanges in Grow and RetireRings. If the ring is closed by now, no element was put between its
        // closing and this reading of Last.
        QueueRing* last = (QueueRing*)Volatile.Read(ref *(nint*)&queue->Last);
        Interleaving.Point();
        puts = last == null ? 0 : QueueRing.Puts(last);
        Interleaving.Point();
        // Acquire: pairs with the end of the first ring, which comes after the flag. The first ring then stays the first.
        if (last == null || Volatile.Read(ref queue->IsEnded) == 0) return last != null;
        QueueRing* first = (QueueRing*)Volatile.Read(ref *(nint*)&queue->First);
        Interleaving.Point();
        // Acquire: pairs with the exchanges on Head. An ended ring's head is the number of elements that were taken.
        ulong head = first == null ? 0 : Volatile.Read(ref first->Head);
        if ((head & QueueRing.ClosedBit) != 0) puts = first->Base + (head & ~QueueRing.ClosedBit);
        return first != null;
    }

    // Releases the elements from a position of a ring on that this thread has ended.
    static void ReleaseLeft(Participant* me, QueueRing* ring, ulong position)
    {
        for (; ring != null; ring = ring->Next, position = 0)
        {
            for (Value value; !(value = QueueRing.Left(ring, position)).IsEmpty; position++) Reference.Drop(me, value);
        }
    }

    /// <summary>Releases the elements of a queue whose last reference is gone. Other threads may still use the queue.</summary>
    static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        SharedQueue* queue = (SharedQueue*)header;
        if (!TryEnd(queue, out ulong position, out bool isEmpty)) return;
        for (QueueRing* ring = isEmpty ? null : queue->First; ring != null; ring = ring->Next, position = 0)
        {
            for (Value value; !(value = QueueRing.Left(ring, position)).IsEmpty; position++) release.Drop(me, value);
        }
        RetireRings(me, queue);
    }

    /// <summary>Whether all invariants hold. Called only while no other thread uses the queue.</summary>
    public static bool IsValid(SharedQueue* queue)
    {
        if (queue->Object.Lock != 0) return false;
        if ((queue->Items.Waiters | queue->Room.Waiters | queue->AllFinished.Waiters) != 0) return false;
        if (queue->Object.Head.DeletedFlag != 0) return queue->First == null && queue->Last == null;
        if (queue->IsEnded != 0) return queue->IsClosed != 0 && (queue->First->Head & QueueRing.ClosedBit) != 0;
        ulong puts = queue->First->Base;
        for (QueueRing* ring = queue->First; ; ring = ring->Next)
        {
            if (ring->Base != puts) return false;
            puts = QueueRing.Puts(ring);
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
            // Finished elements were put.
            if (isLast) return queue->Finished <= puts;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Put(Participant* me, SharedQueue* queue, Value value, out bool wakes)
    {
        wakes = false;
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
                    Interleaving.Point();
                    wakes = QueueAtomics.HasWaiters(&queue->Items);
                    return Status.Done;
                }
                // A ring with a successor is closed, so only a queue's last ring is full.
                if (status == Status.Closed || queue->Capacity == 0) status = Grow(me, queue, ring);
            }
        }
        while (status == Status.Done);
        return status;
    }

    // Links a new last ring. Returns Done if the last ring is now another one than `full`.
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
                // The ring is closed before it gets a successor, so all elements of the successor come after those of this ring.
                QueueAtomics.CloseFull(full);
                next->Base = QueueRing.Puts(full);
                Interleaving.Point();
                // Release: pairs with the acquire in Successor. The new ring is complete.
                Volatile.Write(ref *(nint*)&full->Next, (nint)next);
                Interleaving.Point();
                // Full fence: pairs with the acquire in Put.
                Interlocked.Exchange(ref *(nint*)&queue->Last, (nint)next);
            }
        }
        ObjectLock.Exit(&queue->Object.Lock);
        return status;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status Take(Participant* me, SharedQueue* queue, in ValueGuard guard, out Value value)
    {
        while (true)
        {
            value = default;
            Interleaving.Point();
            // Acquire: pairs with the exchanges in Advance and RetireRings.
            QueueRing* ring = (QueueRing*)Volatile.Read(ref *(nint*)&queue->First);
            if (ring == null) return Status.Deleted;
            Status status = QueueRing.Take(ring, guard, out value);
            if (status == Status.Deleted) return EndOf(queue);
            if (status != Status.Closed) return status;
            Interleaving.Point();
            QueueRing* next = QueueAtomics.Successor(queue, ring, out bool isClosed);
            if (next == null)
                return isClosed ? EndOf(queue) : Status.Missing;
            Advance(me, queue, ring, next);
        }
    }

    // The status of a take from a queue that was closed or deleted.
    static Status EndOf(SharedQueue* queue) => queue->Object.Head.DeletedFlag != 0 ? Status.Deleted : Status.Closed;

    // The first ring is closed and empty, and has a successor.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Advance(Participant* me, SharedQueue* queue, QueueRing* ring, QueueRing* next)
    {
        ObjectLock.Enter(&queue->Object.Lock);
        // If the queue is deleted or was ended, the first ring stays.
        if (QueueAtomics.IsFirst(queue, ring) && queue->Object.Head.DeletedFlag == 0 && queue->IsEnded == 0)
        {
            Interleaving.Point();
            // Full fence: pairs with the acquire in Take. The ring is unlinked before its tag is read. Last has been another ring
            // since Grow released the lock.
            Interlocked.Exchange(ref *(nint*)&queue->First, (nint)next);
            Heap.Retire(me, ring);
        }
        ObjectLock.Exit(&queue->Object.Lock);
    }

    static long Sum(SharedQueue* queue)
    {
        if (queue->IsEnded != 0) return 0;
        while (true)
        {
            QueueRing* first = queue->First;
            Interleaving.Point();
            // Acquires: elements of a ring are taken only when the rings before it are empty. If the first ring with elements has
            // the same head before and after, no element was taken between, and only the tail of the last ring can have changed.
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

    // Ends the queue. Returns false if the queue or its pool was deleted before. A caller that gets true owns the elements from
    // this position of the first ring on, unless the queue has been empty since it was ended.
    static bool TryEnd(SharedQueue* queue, out ulong position, out bool isEmpty)
    {
        position = 0;
        isEmpty = false;
        if (PoolHeap.IsDeleted(Heap.Of(queue))) return false;
        ObjectLock.Enter(&queue->Object.Lock);
        bool first = !SharedObject.IsDeleted((SharedObject*)queue);
        if (first)
        {
            Interleaving.Point();
            // Release: pairs with the acquire in SharedObject.IsDeleted.
            Volatile.Write(ref queue->Object.Head.DeletedFlag, 1);
            CloseLast(queue);
            isEmpty = queue->IsEnded != 0;
            Interleaving.Point();
            // Under the lock the first ring stays the first.
            if (!isEmpty) position = QueueAtomics.EndFirst(queue);
        }
        ObjectLock.Exit(&queue->Object.Lock);
        return first;
    }

    static void RetireRings(Participant* me, SharedQueue* queue)
    {
        ObjectLock.Enter(&queue->Object.Lock);
        QueueRing* ring = queue->First;
        // Full fences: pair with the acquires in Put and Take. All rings are unlinked before any is retired.
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

    /// <summary>The entry for queues in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedQueue*)o);

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        SharedQueue* queue = (SharedQueue*)o;
        // Acquire: pairs with the exchanges of First and of Next. A ring that belonged to the queue in this section stays in
        // memory until the section ends, and so do its successors.
        QueueRing* ring = (QueueRing*)Volatile.Read(ref *(nint*)&queue->First);
        for (; ring != null; ring = (QueueRing*)Volatile.Read(ref *(nint*)&ring->Next))
        {
            parts.Block(ring);
            if (Volatile.Read(ref queue->IsEnded) != 0) continue;
            ulong head = Volatile.Read(ref ring->Head) & ~QueueRing.ClosedBit;
            ulong tail = Volatile.Read(ref ring->Tail) & ~QueueRing.ClosedBit;
            for (ulong position = head; position < tail; position++)
            {
                QueueCell* cell = QueueRing.CellAt(ring, position);
                // Acquire: pairs with the release in Fill. An element that has not been taken by now stays until the section
                // ends.
                if (Volatile.Read(ref cell->Turn) == 2 * position + 1) parts.Value(cell->Value);
            }
        }
    }
}

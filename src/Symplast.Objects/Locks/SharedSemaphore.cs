using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A number that threads count down, and wait for while it is 0. All methods are thread-safe and lock-free, and enter their own
/// sections. None is called inside a section.
/// </summary>
/// <remarks>
/// The word is the value, shifted by one, and the parked bit, as in <see cref="SharedLock"/>: whoever raises the value clears the
/// bit and wakes as many waiters as it raised the value by. A woken waiter sets the bit, because others may wait still. If it
/// leaves more than 0, it wakes another one: the value may have been raised while the bit was not set.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe struct SharedSemaphore
{
    const int EventOffset = 64;

    /// <summary>The largest value, and the limit of a semaphore without one.</summary>
    public const long Most = long.MaxValue >> 1;

    const ulong Parked = SharedLock.Parked;

    [FieldOffset(0)]
    internal SharedObject Object;

    // Constant.
    [FieldOffset(32)]
    internal long Limit;

    [FieldOffset(EventOffset)]
    internal ulong Word;

    /// <summary>The entry for semaphores in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    /// <summary>
    /// Returns a semaphore with one reference, the caller's, or null if there is no memory. The value, from 0 to the limit, never
    /// exceeds <paramref name="limit"/>. Called inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedSemaphore* Create(Participant* me, PoolHeap* heap, long value, long limit)
    {
        SharedSemaphore* made = (SharedSemaphore*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedSemaphore));
        if (made == null) return null;
        *made = default;
        made->Word = (ulong)value << 1;
        made->Limit = limit;
        SharedObject.Begin((SharedObject*)made, HeaderKind.Semaphore);
        return made;
    }

    /// <summary>Whether the value has a limit.</summary>
    public static bool IsBounded(SharedSemaphore* shared) => shared->Limit != Most;

    /// <summary>What is waited for in the <see cref="ParkingLot"/>. Does not touch the semaphore's memory.</summary>
    // Not by the field: the address of one is taken only after a load from the block, whose memory may have gone with its pool.
    public static nuint Event(SharedSemaphore* shared) => (nuint)shared + EventOffset;

    /// <summary>
    /// Takes one from the value. Missing if it is 0. <paramref name="waits"/> tells that the caller is in the
    /// <see cref="ParkingLot"/>, or was until now.
    /// </summary>
    public static Status Enter(Participant* me, SharedSemaphore* shared, bool waits)
    {
        bool wakes = false;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)shared) ? Status.Deleted : Take(shared, waits, ref wakes);
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), 1);
        return status;
    }

    /// <summary>
    /// Adds to the value and wakes as many waiters. Overflow if the value would exceed the limit. <paramref name="more"/> is
    /// positive.
    /// </summary>
    public static Status Exit(Participant* me, SharedSemaphore* shared, long more)
    {
        bool wakes = false;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)shared) ? Status.Deleted : Give(shared, more, ref wakes);
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), (int)Math.Min(more, int.MaxValue));
        return status;
    }

    /// <summary>Gets the value, and the limit.</summary>
    public static Status Look(Participant* me, SharedSemaphore* shared, out long value, out long limit)
    {
        value = 0;
        limit = 0;
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        Interleaving.Point();
        if (!isDeleted)
        {
            // Acquire: pairs with the exchanges of the word.
            value = (long)(Volatile.Read(ref shared->Word) >> 1);
            limit = shared->Limit;
        }
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>Deletes the semaphore by hand. Those who wait get Deleted, and so does a second call.</summary>
    public static Status Delete(Participant* me, SharedSemaphore* shared) =>
        LockDeletion.Delete(me, (SharedObject*)shared, Event(shared));

    /// <summary>Whether the value is within the limit. For tests, while no other thread uses the semaphore.</summary>
    internal static bool IsValid(SharedSemaphore* shared) => (long)(shared->Word >> 1) <= shared->Limit;

    static Status Take(SharedSemaphore* shared, bool waits, ref bool wakes)
    {
        while (true)
        {
            Interleaving.Point();
            // Any recent value will do: the exchanges decide.
            ulong seen = Volatile.Read(ref shared->Word);
            ulong value = seen >> 1;
            Interleaving.Point();
            if (value == 0)
            {
                if (!waits || (seen & Parked) != 0) return Status.Missing;
                if (LockAtomics.TryChange(ref shared->Word, Parked, seen)) return Status.Missing;
                continue;
            }
            ulong next = value - 1 << 1 | seen & Parked | LockAtomics.ParkedAfterWaiting(waits);
            if (!LockAtomics.TryChange(ref shared->Word, next, seen)) continue;
            wakes = waits && LockAtomics.WakesNext(value - 1);
            return Status.Done;
        }
    }

    static Status Give(SharedSemaphore* shared, long more, ref bool wakes)
    {
        while (true)
        {
            Interleaving.Point();
            // Any recent value will do: the exchange decides.
            ulong seen = Volatile.Read(ref shared->Word);
            long value = (long)(seen >> 1);
            if (more > shared->Limit - value) return Status.Overflow;
            Interleaving.Point();
            if (!LockAtomics.TryChange(ref shared->Word, (ulong)(value + more) << 1, seen)) continue;
            wakes = (seen & Parked) != 0;
            return Status.Done;
        }
    }

    static void ReleaseContents(Participant* me, Header* header, ref Release release) { }

    static void VisitParts(Header* o, in PartVisitor parts) { }

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedSemaphore*)o);
}

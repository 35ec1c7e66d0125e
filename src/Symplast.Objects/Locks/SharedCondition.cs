using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// What threads wait for that hold a lock, until others that hold it notify them. All methods are thread-safe and enter their own
/// sections. None is called inside a section.
/// </summary>
/// <remarks>
/// The threads that wait, and those of them that were notified, are known to the <see cref="ParkingLot"/> only. A thread adds its
/// waiter before it releases the lock, so a notification that holds the lock does not miss it. The waiter stays in the lot until
/// it is unparked, which is the notification, or until the thread gives up.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct SharedCondition
{
    const int EventOffset = 32;

    [FieldOffset(0)]
    internal SharedObject Object;

    // Constant; a reference to a lock.
    [FieldOffset(EventOffset)]
    internal Value Lock;

    /// <summary>The entry for conditions in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    /// <summary>
    /// Returns a condition of a lock with one reference, the caller's, or null if there is no memory. Takes a reference to the
    /// lock. Called inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedCondition* Create(Participant* me, PoolHeap* heap, Value held)
    {
        SharedCondition* made = (SharedCondition*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedCondition));
        if (made == null) return null;
        *made = default;
        made->Lock = held;
        Reference.Take(held);
        SharedObject.Begin((SharedObject*)made, HeaderKind.Condition);
        return made;
    }

    /// <summary>What is waited for in the <see cref="ParkingLot"/>. Does not touch the condition's memory.</summary>
    // Not by the field: the address of one is taken only after a load from the block, whose memory may have gone with its pool.
    public static nuint Event(SharedCondition* shared) => (nuint)shared + EventOffset;

    /// <summary>
    /// Gets the lock without a reference, also of a condition that was deleted by hand, whose lock is to be released. Deleted
    /// only if the pool was deleted. Called inside a section.
    /// </summary>
    public static Status LockOf(SharedCondition* shared, out Value held)
    {
        bool isDeleted = PoolHeap.IsDeleted(Heap.Of(shared));
        held = isDeleted ? default : shared->Lock;
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>
    /// Deletes the condition by hand. Those who wait are unparked, and a second call returns Deleted. The lock stays.
    /// </summary>
    public static Status Delete(Participant* me, SharedCondition* shared) =>
        LockDeletion.Delete(me, (SharedObject*)shared, Event(shared));

    static void ReleaseContents(Participant* me, Header* header, ref Release release) =>
        release.Drop(me, ((SharedCondition*)header)->Lock);

    static void VisitParts(Header* o, in PartVisitor parts) => parts.Value(((SharedCondition*)o)->Lock);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedCondition*)o);
}

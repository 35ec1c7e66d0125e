using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A flag that threads wait for. All methods are thread-safe and lock-free, and enter their own sections. None is called inside a
/// section.
/// </summary>
/// <remarks>
/// Bit 0 of the word is the flag. The bits above count how often it was set, so that a thread that waits does not miss a flag
/// that is set and cleared again before the thread looks.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe struct SharedEvent
{
    const int EventOffset = 64;

    const ulong Flag = 1;
    const ulong OneTime = 2;

    /// <summary>What <see cref="Look"/> is called with first.</summary>
    public const ulong Unknown = ulong.MaxValue;

    [FieldOffset(0)]
    internal SharedObject Object;

    [FieldOffset(EventOffset)]
    internal ulong Word;

    /// <summary>The entry for events in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    /// <summary>
    /// Returns an event that is not set with one reference, the caller's, or null if there is no memory. Called inside a section
    /// in which the pool was not deleted.
    /// </summary>
    public static SharedEvent* Create(Participant* me, PoolHeap* heap)
    {
        SharedEvent* made = (SharedEvent*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedEvent));
        if (made == null) return null;
        *made = default;
        SharedObject.Begin((SharedObject*)made, HeaderKind.Event);
        return made;
    }

    /// <summary>What is waited for in the <see cref="ParkingLot"/>. Does not touch the event's memory.</summary>
    // Not by the field: the address of one is taken only after a load from the block, whose memory may have gone with its pool.
    public static nuint Event(SharedEvent* shared) => (nuint)shared + EventOffset;

    /// <summary>Sets the flag and wakes all that wait for it.</summary>
    public static Status Set(Participant* me, SharedEvent* shared)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        bool wakes = false;
        while (!isDeleted && !wakes)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges of the word.
            ulong seen = Volatile.Read(ref shared->Word);
            if ((seen & Flag) != 0) break;
            Interleaving.Point();
            wakes = LockAtomics.TryChange(ref shared->Word, LockAtomics.AfterSetting(seen, OneTime) | Flag, seen);
        }
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), int.MaxValue);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>Clears the flag.</summary>
    public static Status Clear(Participant* me, SharedEvent* shared)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        Interleaving.Point();
        // Full fence: pairs with the acquires in Set and Look.
        if (!isDeleted) Interlocked.And(ref shared->Word, ~Flag);
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>
    /// Done if the flag is set, or was set since the call that had <see cref="Unknown"/> for <paramref name="since"/>; otherwise
    /// Missing.
    /// </summary>
    public static Status Look(Participant* me, SharedEvent* shared, ref ulong since)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges of the word.
            ulong seen = Volatile.Read(ref shared->Word);
            if (since == Unknown) since = seen & ~Flag;
            status = (seen & Flag) != 0 || (seen & ~Flag) != since ? Status.Done : Status.Missing;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Deletes the event by hand. Those who wait get Deleted, and so does a second call.</summary>
    public static Status Delete(Participant* me, SharedEvent* shared) =>
        LockDeletion.Delete(me, (SharedObject*)shared, Event(shared));

    static void ReleaseContents(Participant* me, Header* header, ref Release release) { }

    static void VisitParts(Header* o, in PartVisitor parts) { }

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedEvent*)o);
}

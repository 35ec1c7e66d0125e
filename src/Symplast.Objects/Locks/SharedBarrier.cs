using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>The way of a thread through a barrier. The default value is that of a thread that has not arrived.</summary>
public struct Arrival
{
    /// <summary>Whether the thread has arrived and is counted.</summary>
    public bool HasArrived;

    /// <summary>How many had arrived before.</summary>
    public long Index;

    internal long Generation;
}

/// <summary>
/// A place that a number of threads pass together: each waits until all have arrived. All methods are thread-safe and enter their
/// own sections. None is called inside a section.
/// </summary>
/// <remarks>
/// <para>The threads that pass together are a generation. Under the object's lock, the last one to arrive begins the next
/// generation and wakes all. If there is an action, the last one runs it before that, and those that arrive meanwhile wait until
/// the next generation begins.</para>
/// <para>A barrier is broken by a thread that gives up, and by <see cref="Break"/>; all that wait, and all that come until it is
/// reset, get <see cref="Status.Closed"/>. A reset ends a generation in that way, too. Only the last generation that ended so is
/// remembered: a thread that looks only after a later generation was reset gets Closed even if its own was complete.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe struct SharedBarrier
{
    const int EventOffset = 64;

    const long Never = -1;

    [FieldOffset(0)]
    internal SharedObject Object;

    // Constants. The action is whatever the floor above makes of it, or None.
    [FieldOffset(32)]
    internal long Parties;

    [FieldOffset(40)]
    internal double Timeout;

    [FieldOffset(48)]
    internal Value Action;

    // The rest is changed under the lock.
    [FieldOffset(EventOffset)]
    internal long Generation;

    [FieldOffset(72)]
    internal long LastReset;

    [FieldOffset(80)]
    internal long Arrived;

    [FieldOffset(88)]
    internal bool IsBroken;

    /// <summary>The entry for barriers in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    /// <summary>
    /// Returns a barrier with one reference, the caller's, or null if there is no memory. Takes a reference to the action. Called
    /// inside a section in which the pool was not deleted.
    /// </summary>
    public static SharedBarrier* Create(Participant* me, PoolHeap* heap, long parties, double timeout, Value action)
    {
        SharedBarrier* made = (SharedBarrier*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedBarrier));
        if (made == null) return null;
        *made = default;
        made->Parties = parties;
        made->Timeout = timeout;
        made->Action = action;
        made->LastReset = Never;
        Reference.Take(action);
        SharedObject.Begin((SharedObject*)made, HeaderKind.Barrier);
        return made;
    }

    /// <summary>What is waited for in the <see cref="ParkingLot"/>. Does not touch the barrier's memory.</summary>
    // Not by the field: the address of one is taken only after a load from the block, whose memory may have gone with its pool.
    public static nuint Event(SharedBarrier* shared) => (nuint)shared + EventOffset;

    /// <summary>
    /// Arrives, unless the thread has arrived before, and looks whether all have. Done: the thread may pass. Missing: it waits.
    /// Closed: the barrier is broken, or was reset. Exists: the thread is the last one, and calls <see cref="Complete"/> after
    /// the action.
    /// </summary>
    public static Status Look(Participant* me, SharedBarrier* shared, ref Arrival arrival)
    {
        bool wakes = false;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            ObjectLock.Enter(&shared->Object.Lock);
            status = arrival.HasArrived ? OutcomeOf(shared, arrival) : Arrive(shared, ref arrival, ref wakes);
            ObjectLock.Exit(&shared->Object.Lock);
        }
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), int.MaxValue);
        return status;
    }

    /// <summary>
    /// Lets all pass after the action of the last thread, or breaks the barrier if the action has failed. Closed if the barrier
    /// was broken or reset meanwhile.
    /// </summary>
    public static Status Complete(Participant* me, SharedBarrier* shared, in Arrival arrival, bool succeeded)
    {
        bool wakes = false;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            ObjectLock.Enter(&shared->Object.Lock);
            wakes = shared->Generation == arrival.Generation && !shared->IsBroken;
            status = wakes && succeeded ? Status.Done : Status.Closed;
            if (wakes && succeeded) BeginNext(shared);
            else if (wakes) BreakIt(shared);
            ObjectLock.Exit(&shared->Object.Lock);
        }
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), int.MaxValue);
        return status;
    }

    /// <summary>
    /// A thread gives up: the barrier is broken, unless the thread's generation was complete before; then the status is Done.
    /// </summary>
    public static Status GiveUp(Participant* me, SharedBarrier* shared, in Arrival arrival)
    {
        bool wakes = false;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            ObjectLock.Enter(&shared->Object.Lock);
            status = arrival.HasArrived ? OutcomeOf(shared, arrival) : Status.Missing;
            if (status == Status.Missing)
            {
                BreakIt(shared);
                wakes = true;
                status = Status.Closed;
            }
            ObjectLock.Exit(&shared->Object.Lock);
        }
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), int.MaxValue);
        return status;
    }

    /// <summary>Breaks the barrier.</summary>
    public static Status Break(Participant* me, SharedBarrier* shared) => Change(me, shared, isReset: false);

    /// <summary>Makes the barrier as it was when it was new. Those who wait get Closed.</summary>
    public static Status Reset(Participant* me, SharedBarrier* shared) => Change(me, shared, isReset: true);

    /// <summary>Gets the number of parties, how many wait, and whether the barrier is broken.</summary>
    public static Status Count(Participant* me, SharedBarrier* shared, out long parties, out long waiting, out bool isBroken)
    {
        parties = 0;
        waiting = 0;
        isBroken = false;
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        if (!isDeleted)
        {
            ObjectLock.Enter(&shared->Object.Lock);
            parties = shared->Parties;
            waiting = shared->Arrived;
            isBroken = shared->IsBroken;
            ObjectLock.Exit(&shared->Object.Lock);
        }
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>Gets the default timeout and the action, without a reference. Called inside a section.</summary>
    public static Status Settings(SharedBarrier* shared, out double timeout, out Value action)
    {
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        timeout = isDeleted ? 0 : shared->Timeout;
        action = isDeleted ? default : shared->Action;
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>Deletes the barrier by hand. Those who wait get Deleted, and so does a second call.</summary>
    public static Status Delete(Participant* me, SharedBarrier* shared) =>
        LockDeletion.Delete(me, (SharedObject*)shared, Event(shared));

    /// <summary>For tests, while no other thread uses the barrier.</summary>
    internal static bool IsValid(SharedBarrier* shared) =>
        shared->Object.Lock == 0 && shared->Arrived >= 0 && shared->Arrived <= shared->Parties
        && shared->LastReset < shared->Generation && !(shared->IsBroken && shared->Arrived != 0);

    // The lock is held in what follows.

    static Status Arrive(SharedBarrier* shared, ref Arrival arrival, ref bool wakes)
    {
        if (shared->IsBroken) return Status.Closed;
        // The action of the last generation runs.
        if (shared->Arrived == shared->Parties) return Status.Missing;
        arrival = new Arrival { HasArrived = true, Index = shared->Arrived++, Generation = shared->Generation };
        if (shared->Arrived < shared->Parties) return Status.Missing;
        if (shared->Action != Value.None) return Status.Exists;
        BeginNext(shared);
        wakes = true;
        return Status.Done;
    }

    static Status OutcomeOf(SharedBarrier* shared, in Arrival arrival) =>
        shared->Generation == arrival.Generation ? Status.Missing
        : shared->LastReset >= arrival.Generation ? Status.Closed : Status.Done;

    static void BeginNext(SharedBarrier* shared)
    {
        shared->Generation++;
        shared->Arrived = 0;
    }

    static void BreakIt(SharedBarrier* shared)
    {
        shared->IsBroken = true;
        shared->LastReset = shared->Generation;
        BeginNext(shared);
    }

    static Status Change(Participant* me, SharedBarrier* shared, bool isReset)
    {
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        if (!isDeleted)
        {
            ObjectLock.Enter(&shared->Object.Lock);
            if (!isReset || shared->Arrived != 0) BreakIt(shared);
            if (isReset) shared->IsBroken = false;
            ObjectLock.Exit(&shared->Object.Lock);
        }
        Epoch.Exit(me);
        if (!isDeleted) LockAtomics.Wake(Event(shared), int.MaxValue);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    static void ReleaseContents(Participant* me, Header* header, ref Release release) =>
        release.Drop(me, ((SharedBarrier*)header)->Action);

    static void VisitParts(Header* o, in PartVisitor parts) => parts.Value(((SharedBarrier*)o)->Action);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedBarrier*)o);
}

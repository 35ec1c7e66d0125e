using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// A lock that an interpreter, or a thread, holds for as long as it likes. All methods are thread-safe and enter their own
/// sections. None is called inside a section.
/// </summary>
/// <remarks>
/// <para>The word is 0 if the lock is free. Otherwise it is the number of the owner (<see cref="LockOwners"/>), shifted by one,
/// and the parked bit: someone may wait in the <see cref="ParkingLot"/>. A waiter sets the bit when it is in the lot, before it
/// sleeps. Whoever frees the lock clears the bit, and then wakes one waiter. A woken waiter takes the lock with the bit set,
/// because others may wait still (U. Drepper, "Futexes Are Tricky", mutex 2). A thread that comes in between may take the lock
/// first; then the woken waiter sets the bit again. So as long as threads wait and the lock is held, the bit is set, or a waiter
/// that was woken is about to look.</para>
/// <para>The owner of a lock that is not reentrant is the interpreter that took it, and any thread may release it. The owner of
/// a reentrant lock is a thread. It counts in <see cref="Depth"/> how often it took the lock.</para>
/// <para><b>Abandonment.</b> Whoever finds the lock held by an owner that has ended frees it, by one exchange of that very word,
/// and so does not get it: one caller gets <see cref="Status.Abandoned"/>, once. Owners' numbers are never reused, so the word
/// can have no other meaning.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
public unsafe struct SharedLock
{
    const int EventOffset = 64;

    /// <summary>The bit of the word that tells that someone may wait.</summary>
    internal const ulong Parked = 1;

    // A flag in Header.Extra.
    const ushort Reentrant = 1;

    [FieldOffset(0)]
    internal SharedObject Object;

    [FieldOffset(EventOffset)]
    internal ulong Word;

    // Of a reentrant lock: only the owner changes it, so the word's exchanges order it.
    [FieldOffset(72)]
    internal long Depth;

    /// <summary>The entry for locks in the table of structures.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    /// <summary>
    /// Returns a free lock with one reference, the caller's, or null if there is no memory. Called inside a section in which the
    /// pool was not deleted.
    /// </summary>
    public static SharedLock* Create(Participant* me, PoolHeap* heap, bool isReentrant)
    {
        SharedLock* made = (SharedLock*)Heap.AllocateObject(me, heap, (nuint)sizeof(SharedLock));
        if (made == null) return null;
        *made = default;
        SharedObject.Begin((SharedObject*)made, HeaderKind.Lock, isReentrant ? Reentrant : (ushort)0);
        return made;
    }

    /// <summary>Whether the owner of a lock is a thread, which may take it more than once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReentrant(SharedLock* shared) => shared->Object.Head.Extra == Reentrant;

    /// <summary>The same, of a block that is a lock.</summary>
    public static bool IsReentrantLock(Header* shared) => IsReentrant((SharedLock*)shared);

    /// <summary>What is waited for in the <see cref="ParkingLot"/>. Does not touch the lock's memory.</summary>
    // Not by the field: the address of one is taken only after a load from the block, whose memory may have gone with its pool.
    public static nuint Event(SharedLock* shared) => (nuint)shared + EventOffset;

    /// <summary>
    /// Takes the lock if it is free; otherwise Missing. Of a reentrant lock that the owner holds, only the depth rises. Closed if
    /// the owner itself was ended (<see cref="LockOwners.EndThoseOf"/>).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status TryEnter(Participant* me, SharedLock* shared, LockOwner* owner)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        ulong number = owner->Number;
        if (number == 0) status = Status.Closed;
        else if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            Interleaving.Point();
            if (LockAtomics.TryChange(ref shared->Word, number << 1, 0))
            {
                if (IsReentrant(shared)) BeginHolding(shared, owner);
                status = Status.Done;
            }
            else status = TryDeepen(shared, owner) ? Status.Done : Status.Missing;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Takes the lock if it is free. Missing if another one holds it. Abandoned if its owner has ended: the lock is free then.
    /// <paramref name="waits"/> tells that the caller is in the <see cref="ParkingLot"/>, or was until now.
    /// </summary>
    public static Status Enter(Participant* me, SharedLock* shared, LockOwner* owner, bool waits)
    {
        bool wakes = false;
        Epoch.Enter(me);
        Status status = SharedObject.IsDeleted((SharedObject*)shared) ? Status.Deleted
            : owner->Number == 0 ? Status.Closed
            : TryDeepen(shared, owner) ? Status.Done : Take(shared, owner, waits, ref wakes);
        Epoch.Exit(me);
        if (wakes) LockAtomics.Wake(Event(shared), 1);
        return status;
    }

    /// <summary>
    /// Releases the lock, or takes one from the depth. Missing if it is not held, or if it is reentrant and another owner holds
    /// it. Closed if the owner itself was ended: the lock may be another one's by now.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Exit(Participant* me, SharedLock* shared, LockOwner* owner)
    {
        ulong seen = 0;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (owner->Number == 0) status = Status.Closed;
        else if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            if (!IsReentrant(shared) || CanLeave(shared, owner, ref seen))
            {
                Interleaving.Point();
                seen = LockAtomics.Free(ref shared->Word);
            }
            status = seen == 0 ? Status.Missing : Status.Done;
        }
        Epoch.Exit(me);
        if ((seen & Parked) != 0) LockAtomics.Wake(Event(shared), 1);
        return status;
    }

    /// <summary>
    /// Releases the lock as <see cref="Exit"/> does, but only if this owner holds it; otherwise Missing. For the end of a block
    /// in which the owner has taken the lock, and may have lost it since.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status ExitOwn(Participant* me, SharedLock* shared, LockOwner* owner)
    {
        ulong number = owner->Number, seen = 0;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (number == 0) status = Status.Closed;
        else if (!SharedObject.IsDeleted((SharedObject*)shared))
        {
            if (IsReentrant(shared) && !CanLeave(shared, owner, ref seen)) status = seen == 0 ? Status.Missing : Status.Done;
            else status = TryFreeOwn(shared, number, out seen) ? Status.Done : Status.Missing;
        }
        Epoch.Exit(me);
        if (status == Status.Done && (seen & Parked) != 0) LockAtomics.Wake(Event(shared), 1);
        return status;
    }

    /// <summary>
    /// Releases the lock however often it was taken, as for the wait for a condition. <paramref name="depth"/> is for
    /// <see cref="Restore"/>.
    /// </summary>
    public static Status Leave(Participant* me, SharedLock* shared, LockOwner* owner, out long depth)
    {
        depth = 1;
        if (IsHeldBy(me, shared, owner, out bool isHeld) == Status.Deleted) return Status.Deleted;
        if (!isHeld) return Status.Missing;
        Epoch.Enter(me);
        if (!SharedObject.IsDeleted((SharedObject*)shared) && IsReentrant(shared))
        {
            depth = shared->Depth;
            shared->Depth = 1;
        }
        Epoch.Exit(me);
        return Exit(me, shared, owner);
    }

    /// <summary>Makes a reentrant lock, which the caller has just taken again, as deep as it was.</summary>
    public static void Restore(Participant* me, SharedLock* shared, long depth)
    {
        Epoch.Enter(me);
        if (!SharedObject.IsDeleted((SharedObject*)shared) && IsReentrant(shared)) shared->Depth = depth;
        Epoch.Exit(me);
    }

    /// <summary>Frees the lock, whoever holds it.</summary>
    public static Status Reset(Participant* me, SharedLock* shared)
    {
        ulong seen = 0;
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        if (!isDeleted) seen = LockAtomics.Free(ref shared->Word);
        Epoch.Exit(me);
        if ((seen & Parked) != 0) LockAtomics.Wake(Event(shared), 1);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>
    /// The owner that holds the lock, or null if it is free or its owner has ended, and how often it was taken.
    /// </summary>
    public static Status Look(Participant* me, SharedLock* shared, out LockOwner* owner, out long depth)
    {
        owner = null;
        depth = 0;
        Epoch.Enter(me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)shared);
        if (!isDeleted)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchanges of the word.
            ulong seen = Volatile.Read(ref shared->Word);
            if (seen != 0) owner = LockOwners.Find(seen >> 1);
            if (owner != null) depth = IsReentrant(shared) ? Volatile.Read(ref shared->Depth) : 1;
        }
        Epoch.Exit(me);
        return isDeleted ? Status.Deleted : Status.Done;
    }

    /// <summary>
    /// Whether an owner may use a condition of the lock: of a reentrant lock, whether it holds it; of another, whether any does.
    /// </summary>
    public static Status IsHeldBy(Participant* me, SharedLock* shared, LockOwner* owner, out bool isHeld)
    {
        Status status = Look(me, shared, out LockOwner* holder, out _);
        isHeld = holder != null && (holder->Thread == 0 || holder == owner);
        return status;
    }

    /// <summary>Deletes the lock by hand. Those who wait get Deleted, and so does a second call.</summary>
    public static Status Delete(Participant* me, SharedLock* shared) =>
        LockDeletion.Delete(me, (SharedObject*)shared, Event(shared));

    /// <summary>Whether the word and the depth go together. For tests, while no other thread uses the lock.</summary>
    internal static bool IsValid(SharedLock* shared) =>
        shared->Word == 0 || shared->Word > Parked && (!IsReentrant(shared) || shared->Depth > 0);

    // Takes the lock, or leaves the parked bit in it.
    static Status Take(SharedLock* shared, LockOwner* owner, bool waits, ref bool wakes)
    {
        while (true)
        {
            Interleaving.Point();
            // Any recent value will do: the exchanges decide.
            ulong seen = Volatile.Read(ref shared->Word);
            Interleaving.Point();
            if (seen == 0)
            {
                ulong mine = owner->Number << 1 | LockAtomics.ParkedAfterWaiting(waits);
                if (!LockAtomics.TryChange(ref shared->Word, mine, 0)) continue;
                if (IsReentrant(shared)) BeginHolding(shared, owner);
                return Status.Done;
            }
            if (LockAtomics.HasEnded(seen >> 1))
            {
                Interleaving.Point();
                if (!LockAtomics.TryTakeOver(ref shared->Word, seen)) continue;
                wakes = (seen & Parked) != 0;
                return Status.Abandoned;
            }
            if (!waits || (seen & Parked) != 0) return Status.Missing;
            if (LockAtomics.TryChange(ref shared->Word, seen | Parked, seen)) return Status.Missing;
        }
    }

    static void BeginHolding(SharedLock* shared, LockOwner* owner)
    {
        shared->Depth = 1;
        owner->Held++;
    }

    static bool TryDeepen(SharedLock* shared, LockOwner* owner)
    {
        if (!IsReentrant(shared)) return false;
        // The owner's own writes are visible to it, and no other owner's word can look like its own.
        if (Volatile.Read(ref shared->Word) >> 1 != owner->Number) return false;
        shared->Depth++;
        return true;
    }

    static bool TryFreeOwn(SharedLock* shared, ulong number, out ulong seen)
    {
        do
        {
            Interleaving.Point();
            // Any recent value will do: the exchange decides.
            seen = Volatile.Read(ref shared->Word);
            Interleaving.Point();
            if (seen >> 1 != number) return false;
        }
        while (!LockAtomics.TryChange(ref shared->Word, 0, seen));
        return true;
    }

    // Takes from the depth; true if the lock is to be freed. Otherwise `seen` is 0 if another owner holds it.
    static bool CanLeave(SharedLock* shared, LockOwner* owner, ref ulong seen)
    {
        if (Volatile.Read(ref shared->Word) >> 1 != owner->Number) return false;
        Debug.Assert(shared->Depth > 0);
        seen = owner->Number << 1;
        if (--shared->Depth > 0) return false;
        owner->Held--;
        return true;
    }

    static void ReleaseContents(Participant* me, Header* header, ref Release release) { }

    static void VisitParts(Header* o, in PartVisitor parts) { }

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (SharedLock*)o);
}

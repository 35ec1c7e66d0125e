namespace Symplast.Objects;

/// <summary>
/// Operations on a cell that holds a value, and a reference to it. All are thread-safe, lock-free, and enter a section of their
/// own.
/// </summary>
/// <remarks>
/// Who exchanges a value for another owns the reference to the one that he got. <see cref="Get"/> does not count: inside its
/// section the memory of what it loaded stays, and <see cref="TakeGet"/> increments only what is still alive (P. McKenney,
/// "Structured deferral", 2013; the count is never raised from 0). Deletion exchanges the value for the mark Dead, from which no
/// operation gets away.
/// </remarks>
public static unsafe class AtomicReference
{
    internal static Value Dead => Value.Mark(2);

    /// <summary>
    /// A new cell with one reference, the caller's; null if there is no memory. Inside a section in which the pool was not
    /// deleted.
    /// </summary>
    public static AtomicCell* Create(Participant* me, PoolHeap* heap, Value value)
    {
        AtomicCell* cell = AtomicCell.Create(me, heap, AtomicCell.IsReference, value.Bits);
        if (cell != null) Reference.Take(value);
        return cell;
    }

    /// <summary>The value, without a reference.</summary>
    public static Status Get(Participant* me, AtomicCell* cell, out Value value)
    {
        Epoch.Enter(me);
        Status status = Read(cell, out value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>The value, with a reference that is the caller's.</summary>
    public static Status TakeGet(Participant* me, AtomicCell* cell, out Value value)
    {
        Epoch.Enter(me);
        Status status;
        do
        {
            status = Read(cell, out value);
            Interleaving.Point();
        }
        // One that died meanwhile is no longer in the cell.
        while (status == Status.Done && !CellAtomics.TryTake(value));
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Replaces the value.</summary>
    public static Status Set(Participant* me, AtomicCell* cell, Value value)
    {
        Epoch.Enter(me);
        Status status = TakeExchange(me, cell, value, out Value old);
        Reference.Drop(me, old);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Replaces the value; <paramref name="old"/> is what was there, with the reference that the cell held.</summary>
    public static Status TakeExchange(Participant* me, AtomicCell* cell, Value value, out Value old) =>
        TakeExchange(me, cell, value, default, out old);

    /// <summary>The same, unless the guard refuses what was there.</summary>
    public static Status TakeExchange(Participant* me, AtomicCell* cell, Value value, in ValueGuard guard, out Value old)
    {
        Epoch.Enter(me);
        Status status = Read(cell, out old);
        if (status == Status.Done)
        {
            Reference.Take(value);
            while (true)
            {
                status = old == Dead ? Status.Deleted : guard.Accepts(old) ? Status.Done : Status.Refused;
                if (status != Status.Done || TryReplace(cell, ref old, value)) break;
            }
            if (status != Status.Done) Reference.Drop(me, value);
        }
        if (status != Status.Done) old = default;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Replaces the value if it equals <paramref name="expected"/>, else Missing; <paramref name="seen"/> is what was there,
    /// without a reference.
    /// </summary>
    public static Status CompareExchange(Participant* me, AtomicCell* cell, in Probe expected, Value value, out Value seen)
    {
        Epoch.Enter(me);
        Status status = Read(cell, out seen);
        while (status == Status.Done)
        {
            if (!expected.Matches(seen))
            {
                status = Status.Missing;
                break;
            }
            Reference.Take(value);
            Value expectedWord = seen;
            if (TryReplace(cell, ref seen, value))
            {
                Reference.Drop(me, expectedWord);
                break;
            }
            Reference.Drop(me, value);
            if (seen == Dead) status = Status.Deleted;
        }
        if (status == Status.Deleted) seen = default;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Deletes the cell by hand: later operations answer Deleted, and so does a second call. The value is released.
    /// </summary>
    public static Status Delete(Participant* me, AtomicCell* cell)
    {
        Epoch.Enter(me);
        Value value = default;
        bool first = !PoolHeap.IsDeleted(Heap.Of(cell)) && Kill(cell, out value);
        if (first) Reference.Drop(me, value);
        Epoch.Exit(me);
        return first ? Status.Done : Status.Deleted;
    }

    /// <summary>Releases what a cell of either kind holds whose last reference is gone.</summary>
    internal static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        AtomicCell* cell = (AtomicCell*)header;
        if (AtomicCell.HoldsReference(cell) && Kill(cell, out Value value)) release.Drop(me, value);
    }

    // False if it was dead before.
    static bool Kill(AtomicCell* cell, out Value value)
    {
        // The mark first: it decides who deletes.
        Interleaving.Point();
        value = CellAtomics.Kill(cell);
        Interleaving.Point();
        // Release: pairs with the acquire in SharedObject.IsDeleted.
        Volatile.Write(ref cell->Object.Head.DeletedFlag, 1);
        return value != Dead;
    }

    static Status Read(AtomicCell* cell, out Value value)
    {
        value = default;
        if (SharedObject.IsDeleted((SharedObject*)cell)) return Status.Deleted;
        Interleaving.Point();
        // Acquire: pairs with the exchange in Replace, so that what the value points to is filled in.
        Value found = new(Volatile.Read(ref cell->Word));
        if (found == Dead) return Status.Deleted;
        value = found;
        return Status.Done;
    }

    // On failure `old` is what is there instead.
    static bool TryReplace(AtomicCell* cell, ref Value old, Value value)
    {
        Interleaving.Point();
        Value seen = CellAtomics.Replace(cell, value, old);
        if (seen == old) return true;
        old = seen;
        return false;
    }
}

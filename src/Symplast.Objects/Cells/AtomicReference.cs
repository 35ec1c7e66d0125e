namespace Symplast.Objects;

/// <summary>
/// Operations on a cell that holds a value and a reference to it. All are thread-safe and lock-free, and enter their own
/// sections.
/// </summary>
/// <remarks>
/// A thread that exchanges a value for another owns the reference to the old value. <see cref="Get"/> does not count references:
/// the memory of the loaded value stays for its section. <see cref="TakeGet"/> increments the count only if the value is still
/// alive (P. McKenney, "Structured deferral", 2013; the count is never raised from 0). Deletion exchanges the value for the mark
/// Dead, which no operation replaces.
/// </remarks>
public static unsafe class AtomicReference
{
    internal static Value Dead => Value.Mark(2);

    /// <summary>
    /// Returns a new cell with one reference, the caller's, or null if there is no memory. Called inside a section in which the
    /// pool was not deleted.
    /// </summary>
    public static AtomicCell* Create(Participant* me, PoolHeap* heap, Value value)
    {
        AtomicCell* cell = AtomicCell.Create(me, heap, AtomicCell.IsReference, value.Bits);
        if (cell != null) Reference.Take(value);
        return cell;
    }

    /// <summary>Gets the value without a reference.</summary>
    public static Status Get(Participant* me, AtomicCell* cell, out Value value)
    {
        Epoch.Enter(me);
        Status status = Read(cell, out value);
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Gets the value with a reference that is the caller's.</summary>
    public static Status TakeGet(Participant* me, AtomicCell* cell, out Value value)
    {
        Epoch.Enter(me);
        Status status;
        do
        {
            status = Read(cell, out value);
            Interleaving.Point();
        }
        // A value that has died meanwhile is no longer in the cell, so the loop ends.
        while (status == Status.Done && !CellAtomics.TryTake(value));
        Epoch.Exit(me);
        return status;
    }

    /// <summary>
    /// Gets the value with a reference that is the caller's, unless it equals <paramref name="expected"/>; then Missing.
    /// </summary>
    public static Status TakeOther(Participant* me, AtomicCell* cell, in Probe expected, out Value value)
    {
        Epoch.Enter(me);
        Status status;
        do
        {
            status = Read(cell, out value);
            if (status == Status.Done && expected.Matches(value)) status = Status.Missing;
            Interleaving.Point();
        }
        // As in TakeGet.
        while (status == Status.Done && !CellAtomics.TryTake(value));
        if (status != Status.Done) value = default;
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

    /// <summary>Replaces the value. <paramref name="old"/> is the previous value, with the reference that the cell
    /// held.</summary>
    public static Status TakeExchange(Participant* me, AtomicCell* cell, Value value, out Value old) =>
        TakeExchange(me, cell, value, default, out old);

    /// <summary>Replaces the value, unless the guard refuses the previous value.</summary>
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
        CellWaiting.Exit(me, cell, isChanged: status == Status.Done);
        return status;
    }

    /// <summary>
    /// Replaces the value if it equals <paramref name="expected"/>; otherwise the status is Missing. <paramref name="seen"/> is
    /// the value that was there, without a reference.
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
        CellWaiting.Exit(me, cell, isChanged: status == Status.Done);
        return status;
    }

    /// <summary>
    /// Deletes the cell by hand and releases the value. Later operations return Deleted, and so does a second call.
    /// </summary>
    public static Status Delete(Participant* me, AtomicCell* cell)
    {
        Epoch.Enter(me);
        Value value = default;
        bool first = !PoolHeap.IsDeleted(Heap.Of(cell)) && Kill(cell, out value);
        if (first) Reference.Drop(me, value);
        CellWaiting.Exit(me, cell, isChanged: first);
        return first ? Status.Done : Status.Deleted;
    }

    /// <summary>Releases the contents of a cell of either kind whose last reference is gone.</summary>
    internal static void ReleaseContents(Participant* me, Header* header, ref Release release)
    {
        AtomicCell* cell = (AtomicCell*)header;
        if (AtomicCell.HoldsReference(cell) && Kill(cell, out Value value)) release.Drop(me, value);
    }

    // Exchanges the value for the mark Dead. Returns false if the cell was dead before.
    static bool Kill(AtomicCell* cell, out Value value)
    {
        // The mark comes first: it decides which thread deletes.
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
        // Acquire: pairs with the exchange in Replace, so that the block to which the value points is complete.
        Value found = new(Volatile.Read(ref cell->Word));
        if (found == Dead) return Status.Deleted;
        value = found;
        return Status.Done;
    }

    // On failure `old` becomes the value that is there.
    static bool TryReplace(AtomicCell* cell, ref Value old, Value value)
    {
        Interleaving.Point();
        Value seen = CellAtomics.Replace(cell, value, old);
        if (seen == old) return true;
        old = seen;
        return false;
    }
}

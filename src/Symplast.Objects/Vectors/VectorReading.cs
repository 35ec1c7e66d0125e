using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Reads elements: one, or many, at moments of their own or at one instant.</summary>
internal static unsafe class VectorReading
{
    internal const int PerSection = 256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Status Read(SharedVector* vector, long index, out Value value)
    {
        value = default;
        // Whether the vector itself was deleted is for the root to say: the flag lies beside the lock.
        if (PoolHeap.IsDeleted(Heap.Of(vector))) return Status.Deleted;
        if (index < 0) return Status.Missing;
        VectorRoot* root = VectorPublication.Current(vector);
        while (root != null)
        {
            Interleaving.Point();
            // Acquire: pairs with the release in Publish, so that the bucket and the word are there.
            long bounds = Volatile.Read(ref root->Bounds);
            long place = VectorRoot.FirstOf(bounds) + index;
            if (place >= VectorRoot.EndOf(bounds))
            {
                if (bounds != VectorRoot.Gone) return Status.Missing;
                root = VectorPublication.Current(vector);
                continue;
            }
            Value found = VectorRoot.Load(VectorRoot.PlaceOf(root, place));
            if (found.IsMark)
            {
                if (found == VectorRoot.Dead) return Status.Deleted;
                root = VectorPublication.Successor(vector, root);
                continue;
            }
            Interleaving.Point();
            long after = VectorAtomics.BoundsAgain(root, bounds);
            if (after == bounds || (VectorRoot.FirstOf(after) == VectorRoot.FirstOf(bounds) && place < VectorRoot.EndOf(after)))
            {
                value = found;
                return Status.Done;
            }
        }
        return Status.Deleted;
    }

    internal static Status GetFromEnd(Participant* me, SharedVector* vector, long index, out Value value)
    {
        value = default;
        Epoch.Enter(me);
        Status status = Status.Deleted;
        VectorRoot* root = PoolHeap.IsDeleted(Heap.Of(vector)) ? null : VectorPublication.Current(vector);
        while (root != null)
        {
            Interleaving.Point();
            // Acquire: as in Read.
            long bounds = Volatile.Read(ref root->Bounds);
            if (bounds == VectorRoot.Gone)
            {
                root = VectorPublication.Current(vector);
                continue;
            }
            long place = VectorRoot.EndOf(bounds) + index;
            if (place < VectorRoot.FirstOf(bounds))
            {
                status = Status.Missing;
                break;
            }
            Value found = VectorRoot.Load(VectorRoot.PlaceOf(root, place));
            if (found == VectorRoot.Moved)
            {
                // Copied there before the mark, at the same place. None, if the mark is of a later root that shares the bucket.
                // Acquire: as in Successor.
                VectorRoot* forward = (VectorRoot*)Volatile.Read(ref *(nint*)&root->Forward);
                if (forward == null)
                {
                    root = VectorPublication.Current(vector);
                    continue;
                }
                found = VectorRoot.Load(VectorRoot.PlaceOf(forward, place));
            }
            if (found == VectorRoot.Dead) break;
            Interleaving.Point();
            // Acquire, after that in Load. The same bounds: the index meant this element between the two, and what was copied is
            // still what it was.
            if (Volatile.Read(ref root->Bounds) != bounds) continue;
            value = found;
            status = Status.Done;
            break;
        }
        Epoch.Exit(me);
        return status;
    }

    internal static Status IndexOf(Participant* me, SharedVector* vector, in Probe wanted, long start, long end, out long index)
    {
        for (index = start; index < end;)
        {
            // Sections are short, so that reclamation goes on.
            Epoch.Enter(me);
            long stop = Math.Min(end, index + PerSection);
            for (; index < stop; index++)
            {
                Status status = Read(vector, index, out Value value);
                if (status == Status.Done && !wanted.Matches(value)) continue;
                Epoch.Exit(me);
                if (status != Status.Done) index = -1;
                return status;
            }
            Epoch.Exit(me);
        }
        index = -1;
        return Status.Missing;
    }

    internal static Status Read(Participant* me, SharedVector* vector, long start, Value* values, int capacity, out int count)
    {
        count = 0;
        Epoch.Enter(me);
        Status status = Status.Done;
        while (count < capacity && status == Status.Done)
        {
            status = Read(vector, start + count, out values[count]);
            if (status == Status.Done) count++;
        }
        Epoch.Exit(me);
        return status == Status.Missing ? Status.Done : status;
    }

    internal static Status TakeRangeOf(Participant* me, SharedVector* vector, long length, long start, Value* values, long count)
    {
        Epoch.Enter(me);
        Status status = TakeRange(me, vector, start, values, count, out long taken, out long actual, out _);
        if (status == Status.Done && actual != length)
        {
            for (long i = 0; i < taken; i++) Reference.Drop(me, values[i]);
            status = Status.Missing;
        }
        Epoch.Exit(me);
        return status;
    }

    internal static Status TakeRange(
        Participant* me, SharedVector* vector, long start, Value* values, long capacity, out long count, out long length,
        out long version)
    {
        count = length = version = 0;
        Epoch.Enter(me);
        Status status = VectorClosing.EnterGuarded(me, vector, out VectorRoot* root);
        if (status == Status.Done)
        {
            version = vector->Version;
            long first = VectorRoot.FirstOf(root->Bounds);
            length = VectorRoot.LengthOf(root->Bounds);
            if (start < 0 || start > length) status = Status.Missing;
            else
            {
                count = Math.Min(capacity, length - start);
                TakeRange(root, first + start, values, count);
            }
            ObjectLock.Exit(&vector->Object.Lock);
        }
        Epoch.Exit(me);
        return status;
    }

    // Run by run, to be quick: writers wait meanwhile.
    internal static void TakeRange(VectorRoot* root, long place, Value* values, long count)
    {
        for (Value* end = values + count; values < end;)
        {
            long run = Math.Min(end - values, VectorRoot.RunAt(root, place));
            Value* from = VectorRoot.PlaceOf(root, place);
            for (long i = 0; i < run; i++)
            {
                Value value = from[i];
                Reference.Take(value);
                values[i] = value;
            }
            values += run;
            place += run;
        }
    }
}

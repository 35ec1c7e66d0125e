namespace Symplast.Objects;

// Reading many elements at once.
public unsafe partial struct SharedVector
{
    const int PerSection = 256;

    /// <summary>
    /// The first index from <paramref name="start"/> on, below <paramref name="end"/>, whose element equals
    /// <paramref name="wanted"/>; Missing if there is none. Lock-free; each element is looked at once, at a moment of its own.
    /// </summary>
    public static Status IndexOf(Participant* me, SharedVector* vector, in Probe wanted, long start, long end, out long index)
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

    /// <summary>
    /// Up to <paramref name="capacity"/> elements from <paramref name="start"/> on, without references, so inside a section of
    /// the caller's. Each is read at a moment of its own; TakeRange reads all at one moment. Lock-free.
    /// </summary>
    public static Status Read(Participant* me, SharedVector* vector, long start, Value* values, int capacity, out int count)
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

    /// <summary>
    /// The elements from <paramref name="start"/> on as they are at one instant, each with a reference that is the caller's: at
    /// most <paramref name="capacity"/>. Missing if the vector is shorter than <paramref name="start"/>. Costs writers the lock
    /// for so long, readers nothing.
    /// </summary>
    public static Status TakeRange(
        Participant* me, SharedVector* vector, long start, Value* values, long capacity, out long count) =>
        TakeRange(me, vector, start, values, capacity, out count, out _, out _);

    static Status TakeRange(
        Participant* me, SharedVector* vector, long start, Value* values, long capacity, out long count, out long length,
        out long version)
    {
        count = 0;
        length = 0;
        Epoch.Enter(me);
        Status status = Begin(me, vector, out VectorRoot* root);
        version = 0;
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

    // Run by run: writers wait.
    static void TakeRange(VectorRoot* root, long place, Value* values, long count)
    {
        for (Value* end = values + count; values < end;)
        {
            long run = Math.Min(end - values, RunAt(root, place));
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

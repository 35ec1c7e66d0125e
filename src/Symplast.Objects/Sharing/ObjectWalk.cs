namespace Symplast.Objects;

/// <summary>All live objects of a pool, found by walking its pages (<see cref="HeapWalk"/>) while others work on them.</summary>
public static unsafe class ObjectWalk
{
    struct Counter : IBlockVisitor
    {
        internal long* Counts;
        internal int Length;
        internal delegate*<Header*, int> NumberOf;

        public readonly void Prepare(int most) { }

        public readonly void Visit(void* block)
        {
            if (!SharedObject.IsLive(block)) return;
            int number = NumberOf((Header*)block);
            if ((uint)number < (uint)Length) Counts[number]++;
        }
    }

    struct Gatherer : IBlockVisitor
    {
        internal NativeList<nint> Objects;

        public void Prepare(int most) => Objects.Reserve(most);

        public void Visit(void* block)
        {
            if (SharedObject.IsLive(block) && Reference.TryTake((Header*)block)) Objects.Add((nint)block);
        }
    }

    struct Finder : IBlockVisitor
    {
        internal ulong Note;
        internal ulong Mask;
        internal Header* Found;
        internal Header* Mistaken;

        public readonly void Prepare(int most) { }

        public void Visit(void* block)
        {
            if (!SharedObject.IsLive(block) || !Reference.TryTake((Header*)block)) return;
            // It may have died, and another come to life in its place: but not while we hold a reference.
            if ((Volatile.Read(ref SharedObject.NoteOf((SharedObject*)block)) & Mask) == Note) Found = (Header*)block;
            else Mistaken = (Header*)block;
        }
    }

    /// <summary>
    /// Adds the objects of a pool to counts, each to that with the number that it has according to <paramref name="numberOf"/>,
    /// if there is one. Exact if nobody makes or drops objects meanwhile. Thread-safe, not inside a section.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public static void Count(Participant* me, Pool pool, delegate*<Header*, int> numberOf, Span<long> counts)
    {
        fixed (long* first = counts)
        {
            Counter counter = new() { Counts = first, Length = counts.Length, NumberOf = numberOf };
            HeapWalk.Run(me, pool.KnownHeap, ref counter);
        }
        GC.KeepAlive(pool);
    }

    /// <summary>
    /// Adds the objects of a pool, with a reference to each that is the caller's. None that lives throughout is missed.
    /// Thread-safe, not inside a section.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory; the list has what was found by then.</exception>
    public static void Gather(Participant* me, Pool pool, ref NativeList<nint> objects)
    {
        Gatherer gatherer = new() { Objects = objects };
        try
        {
            HeapWalk.Run(me, pool.KnownHeap, ref gatherer);
        }
        finally
        {
            objects = gatherer.Objects;
            GC.KeepAlive(pool);
        }
    }

    /// <summary>
    /// The object at an address, with a reference that is the caller's, if there is one whose note is <paramref name="note"/> in
    /// the bits of <paramref name="mask"/>; else null. The address may be any. Thread-safe, not inside a section.
    /// </summary>
    public static Header* Find(Participant* me, Pool pool, void* address, ulong note, ulong mask)
    {
        Finder finder = new() { Note = note, Mask = mask };
        HeapWalk.At(me, pool.KnownHeap, address, ref finder);
        GC.KeepAlive(pool);
        if (finder.Mistaken == null) return finder.Found;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(finder.Mistaken))) Reference.Drop(me, finder.Mistaken);
        Epoch.Exit(me);
        return null;
    }
}

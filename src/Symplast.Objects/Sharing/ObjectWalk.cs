namespace Symplast.Objects;

/// <summary>
/// Finds all live objects of a pool by walking its pages (<see cref="HeapWalk"/>), while other threads use the objects.
/// </summary>
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
            // The object may have died, and another may lie in its place now. While we hold a reference, this cannot happen.
            if ((Volatile.Read(ref SharedObject.NoteOf((SharedObject*)block)) & Mask) == Note) Found = (Header*)block;
            else Mistaken = (Header*)block;
        }
    }

    /// <summary>
    /// Counts the objects of a pool. Each object is added to the count whose index <paramref name="numberOf"/> returns, if there
    /// is one. Exact if no thread creates or drops objects meanwhile. Thread-safe. Not called inside a section.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory.</exception>
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
    /// Adds the objects of a pool to a list, with a reference to each that is the caller's. An object that lives during the whole
    /// call is never missed. Thread-safe. Not called inside a section.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory. The list has the objects that were found before.</exception>
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
    /// Returns the object at an address, with a reference that is the caller's, if there is an object whose note has the bits
    /// <paramref name="note"/> under <paramref name="mask"/>; otherwise null. Any address may be given. Thread-safe. Not called
    /// inside a section.
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

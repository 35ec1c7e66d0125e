using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The kinds of holders that keep a live object alive.</summary>
internal enum HeldBy
{
    /// <summary>Nothing that can be reached: the object is part of a cycle, or is reachable only from one.</summary>
    Nothing,

    /// <summary>A handle, in some interpreter.</summary>
    Handle,

    /// <summary>
    /// A reference from outside that is not a handle: data that are being sent between interpreters, the definition of a class,
    /// an operation in progress.
    /// </summary>
    Elsewhere,

    /// <summary>Another live object that is kept alive by one of these.</summary>
    Object,
}

/// <summary>
/// All live objects of the process and what keeps each of them alive. The pools are walked and every reference is followed, as
/// garbage collectors for reference counts do (D. F. Bacon, V. T. Rajan, "Concurrent cycle collection in reference counted
/// systems", 2001). An object with more references than other live objects have to it is held from outside, and so is everything
/// reachable from it. The result is exact if nothing changes meanwhile.
/// </summary>
/// <remarks>
/// Holds a reference to each object and a pin on each pool until it is disposed of. Used by one thread, outside sections.
/// </remarks>
internal unsafe struct Census : IDisposable
{
    struct Entry
    {
        internal long Inner;
        internal HeldBy HeldBy;
    }

    struct Counting : IReferenceVisitor
    {
        internal nint* Objects;
        internal int Count;
        internal Entry* Entries;

        public readonly void Visit(Header* target)
        {
            int index = new ReadOnlySpan<nint>(Objects, Count).BinarySearch((nint)target);
            if (index >= 0) Entries[index].Inner++;
        }
    }

    struct Reaching : IReferenceVisitor
    {
        internal nint* Objects;
        internal int Count;
        internal Entry* Entries;
        internal int* Stack;
        internal int Height;

        public void Visit(Header* target)
        {
            int index = new ReadOnlySpan<nint>(Objects, Count).BinarySearch((nint)target);
            if (index < 0 || Entries[index].HeldBy != HeldBy.Nothing) return;
            Entries[index].HeldBy = HeldBy.Object;
            // Each object is pushed once, so there is room.
            Stack[Height++] = index;
        }
    }

    readonly Participant* _me;
    NativeList<nint> _heaps;        // pinned
    NativeList<nint> _objects;      // by address
    NativeList<Entry> _entries;

    Census(Participant* me) => _me = me;

    /// <summary>The number of objects.</summary>
    internal readonly int Count => _objects.Count;

    /// <summary>Takes a census of all pools that are not deleted.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static Census Take(Participant* me)
    {
        Census census = new(me);
        try
        {
            foreach (Pool pool in PoolTable.Live())
            {
                if (census.Pin(pool)) ObjectWalk.Gather(me, pool, ref census._objects);
            }
            census.Evaluate();
            return census;
        }
        catch
        {
            census.Dispose();
            throw;
        }
    }

    /// <summary>An object. Its memory may be read only inside a section in which its pool is not deleted.</summary>
    internal readonly Header* this[int index] => (Header*)*_objects[index];

    /// <summary>What keeps an object alive.</summary>
    internal readonly HeldBy HolderOf(int index) => _entries[index]->HeldBy;

    /// <summary>Describes an object; false if its pool has been deleted meanwhile.</summary>
    internal readonly bool TryDescribe(
        int index, out Pool? pool, out string type, out long size, out int references, out string? place)
    {
        Header* o = this[index];
        type = "";
        size = 0;
        references = 0;
        place = null;
        pool = null;
        Section section = Section.Enter(_me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)o);
        if (!isDeleted)
        {
            pool = LiveErrors.PoolOf(Heap.Of(o));
            type = Kinds.TypeNameOf(o);
            size = Parts.SizeOf(_me, o);
            references = Reference.CountOf(o) - 1;
            place = Tracking.PlaceOf(o);
        }
        section.Exit(_me);
        return !isDeleted && pool is not null;
    }

    /// <summary>Drops all references and pins.</summary>
    public void Dispose()
    {
        for (int i = 0; i < _objects.Count; i++) DropOne((Header*)*_objects[i]);
        for (int i = 0; i < _heaps.Count; i++) Heap.Unpin((PoolHeap*)*_heaps[i]);
        _objects.Dispose();
        _entries.Dispose();
        _heaps.Dispose();
    }

    readonly void DropOne(Header* o)
    {
        Section section = Heap.Enter(_me, o, out bool isDeleted);
        if (!isDeleted) Reference.Drop(_me, o);
        section.Exit(_me);
    }

    bool Pin(Pool pool)
    {
        _heaps.Reserve(1);
        Section section = Section.Enter(_me);
        PoolHeap* heap = pool.LiveHeap();
        bool isDeleted = PoolHeap.IsDeleted(heap);
        if (!isDeleted)
        {
            Heap.Pin(heap);
            _heaps.Add((nint)heap);
        }
        section.Exit(_me);
        return !isDeleted;
    }

    void Evaluate()
    {
        int count = _objects.Count;
        new Span<nint>(_objects[0], count).Sort();
        _entries.Reserve(count);
        for (int i = 0; i < count; i++) _entries.Add(default);
        Counting counting = new() { Objects = _objects[0], Count = count, Entries = _entries[0] };
        for (int i = 0; i < count; i++) Parts.Follow(_me, this[i], ref counting);
        NativeList<int> stack = default;
        try
        {
            stack.Reserve(count);
            Reaching reaching = new() { Objects = _objects[0], Count = count, Entries = _entries[0], Stack = stack[0] };
            for (int i = 0; i < count; i++)
            {
                HeldBy holder = RootOf(i);
                if (holder == HeldBy.Nothing) continue;
                _entries[i]->HeldBy = holder;
                reaching.Stack[reaching.Height++] = i;
            }
            while (reaching.Height > 0) Parts.Follow(_me, this[reaching.Stack[--reaching.Height]], ref reaching);
        }
        finally
        {
            stack.Dispose();
        }
    }

    // The holder of an object outside the pools, or Nothing.
    readonly HeldBy RootOf(int index)
    {
        Header* o = this[index];
        if (LiveStates.HoldersOf(o, []) != 0) return HeldBy.Handle;
        Section section = Heap.Enter(_me, o, out bool isDeleted);
        bool isHeld = !isDeleted && Reference.CountOf(o) - 1 > _entries[index]->Inner;
        section.Exit(_me);
        return isHeld ? HeldBy.Elsewhere : HeldBy.Nothing;
    }
}

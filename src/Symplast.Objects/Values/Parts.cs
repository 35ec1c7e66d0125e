namespace Symplast.Objects;

/// <summary>What is done with the parts of an object.</summary>
internal unsafe interface IPartVisitor
{
    /// <summary>A block that belongs to the object alone.</summary>
    void Block(void* block);

    /// <summary>Memory that belongs to the object alone, and can outlive it.</summary>
    void Buffer(SharedBuffer* buffer);

    /// <summary>A value that it holds.</summary>
    void Value(Value value);
}

/// <summary>What is done with each object that another one refers to.</summary>
public unsafe interface IReferenceVisitor
{
    /// <summary>One reference, perhaps into another pool. Inside a section; the address may be of a pool that was deleted.</summary>
    void Visit(Header* target);
}

/// <summary>
/// What an object consists of and holds. Looked at as it is, part by part, in one section and without a lock: exact if nobody changes the object meanwhile; else an
/// entry that moves may be missed or met twice.
/// </summary>
public static unsafe class Parts
{
    struct Scale : IPartVisitor
    {
        internal long Bytes;

        public void Block(void* block) => Bytes += (long)Heap.SizeOf(block);

        public void Buffer(SharedBuffer* buffer) => Bytes += (long)SharedBuffer.SizeOf(buffer);

        public readonly void Value(Value value) { }
    }

    struct Follower<TVisitor> : IPartVisitor where TVisitor : struct, IReferenceVisitor
    {
        internal TVisitor Visitor;

        public readonly void Block(void* block) { }

        public readonly void Buffer(SharedBuffer* buffer) { }

        public void Value(Value value)
        {
            if (value.PointsTo(ValueKind.Object)) Visitor.Visit(value.Head);
            else if (value.PointsTo(ValueKind.Tuple))
            {
                // Recursion is bounded by TupleBlob.MaximumDepth.
                for (nuint i = 0; i < TupleBlob.LengthOf(value); i++) Value(TupleBlob.Items((TupleBlob*)value.Pointer)[i]);
            }
        }
    }

    /// <summary>The bytes of the blocks that an object consists of: tables and the like with their spare room, but not what it refers to, as text. 0 if its pool is
    /// deleted. The caller holds a reference. Thread-safe.</summary>
    public static long SizeOf(Participant* me, Header* o)
    {
        Scale scale = default;
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(o)))
        {
            scale.Block(o);
            Visit(o, ref scale);
        }
        Epoch.Exit(me);
        return scale.Bytes;
    }

    /// <summary>Follows all references of an object to others, also those in tuples. The caller holds a reference. Thread-safe.</summary>
    public static void Follow<TVisitor>(Participant* me, Header* o, ref TVisitor visitor) where TVisitor : struct, IReferenceVisitor
    {
        Follower<TVisitor> follower = new() { Visitor = visitor };
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(o))) Visit(o, ref follower);
        Epoch.Exit(me);
        visitor = follower.Visitor;
    }

    static void Visit<TParts>(Header* o, ref TParts parts) where TParts : struct, IPartVisitor
    {
        switch (o->Kind)
        {
            case HeaderKind.OrderedMap or HeaderKind.Set: OrderedMap<Uninterrupted>.VisitParts((OrderedMap*)o, ref parts); break;
            case HeaderKind.SortedMap: SortedMap<Uninterrupted, SortedMapRules>.VisitParts((SortedMap*)o, ref parts); break;
            case HeaderKind.Vector: SharedVector<Uninterrupted>.VisitParts((SharedVector*)o, ref parts); break;
            case HeaderKind.Record: Record<Uninterrupted>.VisitParts((Record*)o, ref parts); break;
            case HeaderKind.Cell: AtomicCell.VisitParts((AtomicCell*)o, ref parts); break;
            case HeaderKind.Array: SharedArray<Uninterrupted>.VisitParts((SharedArray*)o, ref parts); break;
            case HeaderKind.Queue: SharedQueue<Uninterrupted>.VisitParts((SharedQueue*)o, ref parts); break;
            default: throw new InvalidOperationException();
        }
    }
}

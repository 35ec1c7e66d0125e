using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>What is done with each object that another one refers to.</summary>
public unsafe interface IReferenceVisitor
{
    /// <summary>One reference, perhaps into another pool. Inside a section; the address may be of a pool that was
    /// deleted.</summary>
    void Visit(Header* target);
}

/// <summary>
/// What an object consists of and holds. Looked at as it is, part by part, in one section and without a lock: exact if nobody
/// changes the object meanwhile; else an entry that moves may be missed or met twice.
/// </summary>
public static unsafe class Parts
{
    /// <summary>The bytes of the blocks that an object consists of: tables and the like with their spare room, but not what it
    /// refers to, as text. 0 if its pool is deleted. The caller holds a reference. Thread-safe.</summary>
    public static long SizeOf(Participant* me, Header* o)
    {
        long bytes = 0;
        PartVisitor scale = new(&bytes, &AddBlock, &AddBuffer, null);
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(o)))
        {
            scale.Block(o);
            Structure.Of(o->Kind).VisitParts(o, scale);
        }
        Epoch.Exit(me);
        return bytes;
    }

    /// <summary>Follows all references of an object to others, also those in tuples. The caller holds a reference.
    /// Thread-safe.</summary>
    public static void Follow<TVisitor>(Participant* me, Header* o, ref TVisitor visitor)
        where TVisitor : struct, IReferenceVisitor
    {
        // On this stack, so that its address stays.
        TVisitor own = visitor;
        PartVisitor follower = new(Unsafe.AsPointer(ref own), null, null, &FollowValue<TVisitor>);
        Epoch.Enter(me);
        if (!PoolHeap.IsDeleted(Heap.Of(o))) Structure.Of(o->Kind).VisitParts(o, follower);
        Epoch.Exit(me);
        visitor = own;
    }

    static void AddBlock(void* sum, void* block) => *(long*)sum += (long)Heap.SizeOf(block);

    static void AddBuffer(void* sum, SharedBuffer* buffer) => *(long*)sum += (long)SharedBuffer.SizeOf(buffer);

    static void FollowValue<TVisitor>(void* visitor, Value value) where TVisitor : struct, IReferenceVisitor
    {
        if (value.PointsTo(ValueKind.Object)) Unsafe.AsRef<TVisitor>(visitor).Visit(value.Head);
        else if (value.PointsTo(ValueKind.Tuple))
        {
            // Recursion is bounded by TupleBlob.MaximumDepth.
            for (nuint i = 0; i < TupleBlob.LengthOf(value); i++)
                FollowValue<TVisitor>(visitor, TupleBlob.Items((TupleBlob*)value.Pointer)[i]);
        }
    }
}

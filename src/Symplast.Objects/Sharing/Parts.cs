using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>A visitor of the objects to which another object refers.</summary>
public unsafe interface IReferenceVisitor
{
    /// <summary>
    /// Visits the target of a reference, which may lie in another pool, or in a pool that was deleted. Called inside a section.
    /// </summary>
    void Visit(Header* target);
}

/// <summary>
/// Visits the parts of an object one by one, in one section and without a lock. The result is exact if no thread changes the
/// object meanwhile. Otherwise an entry that moves may be missed or met twice.
/// </summary>
public static unsafe class Parts
{
    /// <summary>
    /// The bytes of the blocks of an object, such as tables with their spare room, without other blocks to which it refers, such
    /// as texts. 0 if the pool is deleted. The caller holds a reference. Thread-safe.
    /// </summary>
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

    /// <summary>
    /// Visits all references of an object to other objects, also those in tuples. The caller holds a reference. Thread-safe.
    /// </summary>
    public static void Follow<TVisitor>(Participant* me, Header* o, ref TVisitor visitor)
        where TVisitor : struct, IReferenceVisitor
    {
        // The copy lies on this stack, so that its address does not change.
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
        else if (value.PointsTo(ValueKind.Tuple) || value.PointsTo(ValueKind.Pickle))
        {
            // The recursion is bounded by TupleBlob.MaximumDepth.
            for (nuint i = 0; i < TupleBlob.LengthOf(value); i++)
                FollowValue<TVisitor>(visitor, TupleBlob.Items((TupleBlob*)value.Pointer)[i]);
        }
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// A record as a reader found it: its shape's number, and the body that has it. For the length of the reader's section.
/// </summary>
public readonly unsafe ref struct RecordView
{
    internal readonly RecordBody* Body;

    /// <summary>The number of the shape; 0 if it must not be kept, or the record is deleted.</summary>
    public readonly ulong ShapeId;

    internal RecordView(RecordBody* body, ulong shapeId)
    {
        Body = body;
        ShapeId = shapeId;
    }

    /// <summary>Finds which shape a record has, for a caller who knows slots by shapes. Inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordView Of(Record* record)
    {
        RecordBody* body = Record.BodyOf(record);
        if (body == null) return default;
        Interleaving.Point();
        // Acquire: pairs with the release in RecordAtomics.AddAttribute.
        return new RecordView(body, Volatile.Read(ref body->ShapeId));
    }

    /// <summary>
    /// The value in a slot of the shape that a view has a number of, without a reference. Inside the view's section.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Value Load(RecordView view, int slot)
    {
        Debug.Assert(view.ShapeId != 0);
        return RecordBody.Load(view.Body, slot);
    }

    /// <summary>
    /// The shape that a record was found to have, if it is one with one attribute more than the one with a number; else null.
    /// Inside the view's section.
    /// </summary>
    public static Shape* StepFrom(ulong shapeId, RecordView after)
    {
        if (after.ShapeId == 0 || shapeId == 0) return null;
        // Acquire: pairs with the release in RecordAtomics.AddAttribute. It may be a longer one by now.
        Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&after.Body->Shape);
        return shape->Id == after.ShapeId && shape->Parent != null && shape->Parent->Id == shapeId ? shape : null;
    }
}

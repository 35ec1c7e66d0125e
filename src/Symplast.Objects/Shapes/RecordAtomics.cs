using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The steps without which the protocol of records and shapes would be wrong. Tests compile another file in the place of this
/// one, in which each can be weakened, moved or left out.
/// </summary>
internal static unsafe class RecordAtomics
{
    /// <summary>Whether the body still has the shape with a number. Under the record's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasShape(RecordBody* body, ulong shapeId) => body->ShapeId == shapeId;

    /// <summary>
    /// Stores the value of the attribute that a shape has more than the body's, which has room for it, and then the shape.
    /// </summary>
    internal static void AddAttribute(RecordBody* body, Shape* shape, Value value)
    {
        RecordBody.Store(body, shape->Count - 1, value);
        Interleaving.Point();
        // Release: pairs with the acquire in NamedAttributes.Get; the value is there.
        Volatile.Write(ref *(nint*)&body->Shape, (nint)shape);
        Interleaving.Point();
        // Release: pairs with the acquire in RecordView.Of; a full fence before a private shape is retired.
        Interlocked.Exchange(ref body->ShapeId, shape->Id);
    }

    /// <summary>
    /// Makes a shape the newest child of another, whose children were searched from <paramref name="first"/> on. False if it has
    /// newer ones by now, which are to be searched too.
    /// </summary>
    internal static bool TryAddChild(Shape* parent, Shape* fresh, Shape* first)
    {
        fresh->NextSibling = first;
        Interleaving.Point();
        // Full fence; pairs with the acquire in Extend.
        return Interlocked.CompareExchange(ref *(nint*)&parent->FirstChild, (nint)fresh, (nint)first) == (nint)first;
    }
}

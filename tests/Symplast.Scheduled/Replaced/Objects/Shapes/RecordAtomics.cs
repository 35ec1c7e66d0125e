namespace Symplast.Objects;

/// <summary>The steps of the protocol of records and shapes, each with its fault.</summary>
internal static unsafe class RecordAtomics
{
    internal static bool HasShape(RecordBody* body, ulong shapeId) =>
        body->ShapeId == shapeId || Interleaving.Omits(RecordStep.NumberIsCompared);

    internal static void AddAttribute(RecordBody* body, Shape* shape, Value value)
    {
        if (Interleaving.Omits(RecordStep.ValueComesBeforeShape)) Volatile.Write(ref *(nint*)&body->Shape, (nint)shape);
        if (Interleaving.Omits(RecordStep.ValueComesBeforeNumber)) Volatile.Write(ref body->ShapeId, shape->Id);
        RecordBody.Store(body, shape->Count - 1, value);
        Interleaving.Point();
        Volatile.Write(ref *(nint*)&body->Shape, (nint)shape);
        Interleaving.Point();
        Interlocked.Exchange(ref body->ShapeId, shape->Id);
    }

    internal static bool TryAddChild(Shape* parent, Shape* fresh, Shape* first)
    {
        while (true)
        {
            fresh->NextSibling = first;
            Interleaving.Point();
            if (Interleaving.Omits(RecordStep.AdditionCompares)) first = parent->FirstChild;
            nint seen = Interlocked.CompareExchange(ref *(nint*)&parent->FirstChild, (nint)fresh, (nint)first);
            if (seen == (nint)first) return true;
            if (!Interleaving.Omits(RecordStep.NewShapesAreSearched)) return false;
            Interleaving.Point();
            first = (Shape*)Volatile.Read(ref *(nint*)&parent->FirstChild);
        }
    }
}

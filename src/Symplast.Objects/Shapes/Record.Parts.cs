namespace Symplast.Objects;

// What a record consists of and holds. Shapes belong to all records of a class.
public unsafe partial struct Record
{
    /// <summary>What the table of kinds knows of records.</summary>
    internal static Structure Structure => new(&ReleaseContents, &VisitParts, &DeleteObject);

    static Status DeleteObject(Participant* me, Header* o) => Delete(me, (Record*)o);

    static void VisitParts(Header* o, in PartVisitor parts)
    {
        Record* record = (Record*)o;
        // Acquire: pairs with the exchange that puts a copy in its place.
        RecordBody* body = (RecordBody*)Volatile.Read(ref *(nint*)&record->Body);
        if (body == null) return;
        if (body != Record.FirstBody(record)) parts.Block(body);
        OrderedMap* table = RecordTable.MapOf(body);
        if (table != null)
        {
            MapParts.Visit((Header*)table, parts);
            return;
        }
        // Acquire: pairs with the release in RecordAtomics.AddAttribute; the values of its slots are there.
        Shape* shape = (Shape*)Volatile.Read(ref *(nint*)&body->Shape);
        for (int i = 0; i < shape->Count; i++) parts.Value(Load(body, i));
    }
}

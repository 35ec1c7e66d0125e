namespace Symplast.Objects;

/// <summary>
/// Releases a block whose last reference is gone: drops the references that the block holds, and retires its memory for a grace
/// period. Blocks that die as a consequence are linked into a list, so that a chain of millions of blocks needs no recursion and
/// no memory.
/// </summary>
internal unsafe struct Release
{
    Header* _first;

    /// <summary>The entry for tuples, which are not objects, in the table of structures.</summary>
    internal static Structure OfTuples => new(&ReleaseItems, null, null);

    /// <summary>Releases a block whose count has fallen to 0.</summary>
    internal static void Run(Participant* me, Header* dead)
    {
        Release release = default;
        release.Push(me, dead);
        while (release._first != null)
        {
            Header* block = release._first;
            release._first = *Link(block);
            Structure.Of(block->Kind).ReleaseContents(me, block, ref release);
            Heap.Retire(me, block);
        }
    }

    /// <summary>Drops a reference that a dying block held.</summary>
    internal void Drop(Participant* me, Value value)
    {
        if (value.IsCounted && !Reference.IsGone(value) && Reference.DropOne(value.Head)) Push(me, value.Head);
    }

    /// <summary>Drops a reference: at once, or onto the list of what dies, if there is one.</summary>
    internal static void Drop(Participant* me, Value value, Release* release)
    {
        if (release == null) Reference.Drop(me, value);
        else release->Drop(me, value);
    }

    static void ReleaseItems(Participant* me, Header* header, ref Release release)
    {
        TupleBlob* tuple = (TupleBlob*)header;
        for (nuint i = 0; i < tuple->Length; i++) release.Drop(me, TupleBlob.Items(tuple)[i]);
    }

    void Push(Participant* me, Header* dead)
    {
        // A blob holds no references.
        if (dead->Kind == HeaderKind.Blob)
        {
            Heap.Retire(me, dead);
            return;
        }
        *Link(dead) = _first;
        _first = dead;
    }

    static Header** Link(Header* dead) =>
        dead->Kind == HeaderKind.Tuple ? &((TupleBlob*)dead)->NextDead : &((SharedObject*)dead)->NextDead;
}

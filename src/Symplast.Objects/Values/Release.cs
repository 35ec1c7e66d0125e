namespace Symplast.Objects;

/// <summary>
/// What happens when the last reference to a block goes: the references it holds go too, and its memory after a grace period. The blocks that die in
/// turn are put on a list that runs through them, so that a chain of millions does not recurse and needs no memory.
/// </summary>
internal unsafe struct Release
{
    Header* _first;

    /// <summary>Releases a block whose count has fallen to 0.</summary>
    internal static void Run(Participant* me, Header* dead)
    {
        Release release = default;
        release.Push(me, dead);
        while (release._first != null)
        {
            Header* block = release._first;
            release._first = *Link(block);
            switch (block->Kind)
            {
                case HeaderKind.Tuple:
                    TupleBlob* tuple = (TupleBlob*)block;
                    for (nuint i = 0; i < tuple->Length; i++) release.Drop(me, TupleBlob.Items(tuple)[i]);
                    break;
                case HeaderKind.OrderedMap:
                case HeaderKind.Set:
                    OrderedMap<Uninterrupted>.ReleaseContents(me, block, ref release);
                    break;
                case HeaderKind.SortedMap:
                    SortedMap<Uninterrupted, SortedMapRules>.ReleaseContents(me, (SortedMap*)block, ref release);
                    break;
                case HeaderKind.Vector:
                    SharedVector<Uninterrupted>.ReleaseContents(me, block, ref release);
                    break;
                case HeaderKind.Cell:
                    AtomicReference<Uninterrupted>.ReleaseContents(me, block, ref release);
                    break;
                case HeaderKind.Queue:
                    SharedQueue<Uninterrupted>.ReleaseContents(me, block, ref release);
                    break;
                case HeaderKind.Array:
                    SharedArray<Uninterrupted>.ReleaseContents(me, block);
                    break;
                case HeaderKind.Record:
                    Record<Uninterrupted>.ReleaseContents(me, block, ref release);
                    break;
                default:
                    throw new InvalidOperationException();
            }
            Heap.Retire(me, block);
        }
    }

    /// <summary>Drops a reference that a dying block held.</summary>
    internal void Drop(Participant* me, Value value)
    {
        if (value.IsCounted && !Reference.IsGone(value) && Reference.DropOne(value.Head)) Push(me, value.Head);
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

    static Header** Link(Header* dead) => dead->Kind == HeaderKind.Tuple ? &((TupleBlob*)dead)->NextDead : &((SharedObject*)dead)->NextDead;
}

namespace Symplast.Objects;

/// <summary>
/// An immutable tuple or frozen set of values in a pool. It owns a reference to each value. The values follow the struct.
/// </summary>
public unsafe struct TupleBlob
{
    /// <summary>
    /// The largest depth of nested tuples. Comparisons recurse, and the stack of the calling thread may be small.
    /// </summary>
    public const int MaximumDepth = 500;

    internal Header Head;           // Extra: the depth, 1 for a tuple without tuples in it
    internal ulong Hash;
    internal nuint Length;
    internal Header* NextDead;      // see Release
    internal nuint Ordered;         // 1 if all items can be ordered

    /// <summary>The values.</summary>
    public static Value* Items(TupleBlob* tuple) => (Value*)(tuple + 1);

    /// <summary>The number of values.</summary>
    public static nuint LengthOf(Value tuple) => ((TupleBlob*)tuple.Pointer)->Length;

    /// <summary>The depth of a tuple, 1 if no tuples are in it.</summary>
    public static int DepthOf(Value tuple) => tuple.Head->Extra;

    /// <summary>Whether a tuple can be a sorted key, because all its items can. See <see cref="Ordering"/>.</summary>
    public static bool IsOrdered(Value tuple) => ((TupleBlob*)tuple.Pointer)->Ordered != 0;

    /// <summary>
    /// Returns a new tuple with one reference, the caller's, and takes over the references of the items. Returns an empty value
    /// if there is no memory or the tuple would nest deeper than <see cref="MaximumDepth"/>; the items then remain the caller's.
    /// Without a heap, the tuple is <see cref="Transient"/>.
    /// </summary>
    public static Value Create(Participant* me, PoolHeap* heap, Value* items, nuint length) =>
        Create(me, heap, items, length, ValueKind.Tuple);

    /// <summary>
    /// Returns a new frozen set under the conditions of a new tuple. No two items may be equal. Sorts the items.
    /// </summary>
    public static Value CreateSet(Participant* me, PoolHeap* heap, Value* items, nuint length)
    {
        new Span<Value>(items, checked((int)length)).Sort(static (left, right) => Hashing.Of(left).CompareTo(Hashing.Of(right)));
        return Create(me, heap, items, length, ValueKind.FrozenSet);
    }

    /// <summary>Returns a new <see cref="ValueKind.Pickle"/> under the conditions of a new tuple.</summary>
    public static Value CreatePickle(Participant* me, PoolHeap* heap, Value* items, nuint length) =>
        Create(me, heap, items, length, ValueKind.Pickle);

    static Value Create(Participant* me, PoolHeap* heap, Value* items, nuint length, ValueKind kind)
    {
        int depth = DepthAround(items, length);
        if (depth > MaximumDepth || length > (nuint.MaxValue >> 1) / (nuint)sizeof(Value)) return Value.Empty;
        nuint size = length * (nuint)sizeof(Value);
        TupleBlob* tuple = (TupleBlob*)Transient.Allocate(me, heap, (nuint)sizeof(TupleBlob) + size);
        if (tuple == null) return Value.Empty;
        nuint ordered = 1;
        for (nuint i = 0; i < length; i++)
        {
            if (Ordering.ClassOf(items[i]) == OrderingClass.None) ordered = 0;
        }
        *tuple = new TupleBlob
        {
            Head = new Header { Count = 1, Kind = HeaderKind.Tuple, Extra = (ushort)depth },
            Hash = Hashing.OfTuple(items, length),
            Length = length,
            Ordered = ordered,
        };
        Buffer.MemoryCopy(items, Items(tuple), size, size);
        return Value.Of(kind, tuple);
    }

    static int DepthAround(Value* items, nuint length)
    {
        int depth = 0;
        for (nuint i = 0; i < length; i++)
        {
            if (items[i].Kind is ValueKind.Tuple or ValueKind.FrozenSet) depth = Math.Max(depth, DepthOf(items[i]));
        }
        return depth + 1;
    }
}

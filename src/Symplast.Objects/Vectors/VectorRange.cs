namespace Symplast.Objects;

/// <summary>Which elements a change replaces: found under the lock, so that it holds for the vector as it is then.</summary>
internal unsafe interface IVectorRange
{
    /// <summary>The first element and how many; Missing if there is no such range.</summary>
    Status Locate(SharedVector* vector, VectorRoot* root, out long start, out long count);
}

/// <summary>One element, from the end if the index is negative; unless a guard refuses it.</summary>
internal readonly unsafe struct ElementRange(long index, ValueGuard guard = default) : IVectorRange
{
    public Status Locate(SharedVector* vector, VectorRoot* root, out long start, out long count)
    {
        long length = VectorRoot.LengthOf(root->Bounds);
        start = index < 0 ? index + length : index;
        count = 1;
        if ((ulong)start >= (ulong)length) return Status.Missing;
        return guard.Accepts(*VectorRoot.PlaceOf(root, VectorRoot.FirstOf(root->Bounds) + start)) ? Status.Done : Status.Refused;
    }
}

/// <summary>
/// From one index to another, as in a slice of Python: from the end if they are negative, and no farther than the ends.
/// </summary>
internal readonly unsafe struct SliceRange(long start, long stop) : IVectorRange
{
    public Status Locate(SharedVector* vector, VectorRoot* root, out long first, out long count)
    {
        long length = VectorRoot.LengthOf(root->Bounds);
        first = Clamp(start, length);
        count = Math.Max(0, Clamp(stop, length) - first);
        return Status.Done;
    }

    static long Clamp(long index, long length) => Math.Clamp(index < 0 ? index + length : index, 0, length);
}

/// <summary>All elements, unless they changed since a snapshot.</summary>
internal readonly unsafe struct UnchangedRange(long version) : IVectorRange
{
    public Status Locate(SharedVector* vector, VectorRoot* root, out long start, out long count)
    {
        start = 0;
        count = VectorRoot.LengthOf(root->Bounds);
        // Whoever opens a root changes the version first, so what was read from a guarded one is what this one holds.
        return vector->Version == version ? Status.Done : Status.Missing;
    }
}

/// <summary>One element, unless the vector changed since a snapshot.</summary>
internal readonly unsafe struct UnchangedElement(long index, long version) : IVectorRange
{
    public Status Locate(SharedVector* vector, VectorRoot* root, out long start, out long count)
    {
        start = index;
        count = 1;
        // As in UnchangedRange; then the index is one of the snapshot's.
        return vector->Version == version ? Status.Done : Status.Missing;
    }
}

/// <summary>One element, if it is this very value.</summary>
internal readonly unsafe struct SameRange(long index, Value expected) : IVectorRange
{
    public Status Locate(SharedVector* vector, VectorRoot* root, out long start, out long count)
    {
        start = index;
        count = 1;
        return index < VectorRoot.LengthOf(root->Bounds)
            && *VectorRoot.PlaceOf(root, VectorRoot.FirstOf(root->Bounds) + index) == expected ? Status.Done : Status.Missing;
    }
}

/// <summary>The first element that equals a probe; WrongKind if one before it can only be compared by a higher floor.</summary>
internal readonly unsafe struct EqualRange(Probe wanted) : IVectorRange
{
    public Status Locate(SharedVector* vector, VectorRoot* root, out long start, out long count)
    {
        count = 1;
        long first = VectorRoot.FirstOf(root->Bounds);
        long length = VectorRoot.LengthOf(root->Bounds);
        for (start = 0; start < length; start++)
        {
            Value value = *VectorRoot.PlaceOf(root, first + start);
            if (wanted.Matches(value)) return Status.Done;
            if (Equality.IsOpaque(value)) return Status.WrongKind;
        }
        return Status.Missing;
    }
}

namespace Symplast.Objects;

/// <summary>
/// A change of one value in a structure: of a key in a map, an index of a vector, an attribute of a record. It computes what
/// follows from the value that is there. The structure asks it inside a section, possibly several times and under locks, and puts
/// the last answer into effect only if that value is still there at that moment.
/// </summary>
/// <remarks>
/// A vector and the slots of a record have a value in each place. There a change is an update of a present value: only
/// <see cref="Next"/> counts, and a change that removes is not used.
/// </remarks>
internal unsafe interface IValueChange
{
    /// <summary>Whether it is also asked where there is no value, with an empty one, so that its answer is inserted.</summary>
    static virtual bool Inserts => false;

    /// <summary>Whether it removes the value instead of storing another one.</summary>
    static virtual bool Removes => false;

    /// <summary>Whether the reference to the previous value becomes the caller's. Otherwise the structure drops it.</summary>
    static virtual bool TakesPrevious => false;

    /// <summary>
    /// Done if the value is to be replaced by <paramref name="next"/>, which comes with a reference for the structure, or to be
    /// removed. Any other status is the result of the operation, which changes nothing.
    /// </summary>
    Status Next(Participant* me, PoolHeap* heap, Value current, out Value next);
}

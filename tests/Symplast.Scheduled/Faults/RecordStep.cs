namespace Symplast.Objects;

/// <summary>Steps of the protocol of records and shapes that tests leave out.</summary>
internal enum RecordStep
{
    /// <summary>An attribute's value is stored before the shape that has it.</summary>
    ValueComesBeforeShape,

    /// <summary>An attribute's value is stored before the shape's number.</summary>
    ValueComesBeforeNumber,

    /// <summary>Who adds a shape compares the list of children with the one that he searched.</summary>
    AdditionCompares,

    /// <summary>Who was too slow to add a shape looks at those that were added meanwhile.</summary>
    NewShapesAreSearched,

    /// <summary>Who knows a slot compares the number of the shape under the lock.</summary>
    NumberIsCompared,
}

namespace Symplast.Objects;

/// <summary>What the elements of a <see cref="SharedArray"/> are.</summary>
public enum ElementKind : byte
{
    /// <summary>Integers of 8 bits.</summary>
    Int8,

    /// <summary>Integers of 8 bits, not negative.</summary>
    UInt8,

    /// <summary>Integers of 16 bits.</summary>
    Int16,

    /// <summary>Integers of 16 bits, not negative.</summary>
    UInt16,

    /// <summary>Integers of 32 bits.</summary>
    Int32,

    /// <summary>Integers of 32 bits, not negative.</summary>
    UInt32,

    /// <summary>Integers of 64 bits.</summary>
    Int64,

    /// <summary>Integers of 64 bits, not negative.</summary>
    UInt64,

    /// <summary>Floats of 32 bits.</summary>
    Float32,

    /// <summary>Floats of 64 bits.</summary>
    Float64,
}

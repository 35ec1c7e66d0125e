namespace Symplast.Objects;

/// <summary>The kind of the elements of a <see cref="SharedArray"/>.</summary>
public enum ElementKind : byte
{
    /// <summary>Integers of 8 bits.</summary>
    Int8,

    /// <summary>Unsigned integers of 8 bits.</summary>
    UInt8,

    /// <summary>Integers of 16 bits.</summary>
    Int16,

    /// <summary>Unsigned integers of 16 bits.</summary>
    UInt16,

    /// <summary>Integers of 32 bits.</summary>
    Int32,

    /// <summary>Unsigned integers of 32 bits.</summary>
    UInt32,

    /// <summary>Integers of 64 bits.</summary>
    Int64,

    /// <summary>Unsigned integers of 64 bits.</summary>
    UInt64,

    /// <summary>Floats of 32 bits.</summary>
    Float32,

    /// <summary>Floats of 64 bits.</summary>
    Float64,
}

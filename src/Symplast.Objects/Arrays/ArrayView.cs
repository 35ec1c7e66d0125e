namespace Symplast.Objects;

/// <summary>
/// The exported elements of an array. They stay in memory, at the same address, until <see cref="End"/>, even if the array or its
/// pool is deleted.
/// </summary>
public unsafe struct ArrayView
{
    /// <summary>The memory of the elements, or null if there are none.</summary>
    public SharedBuffer* Buffer;

    /// <summary>The number of elements.</summary>
    public nint Count;

    /// <summary>The kind of the elements.</summary>
    public ElementKind Kind;

    /// <summary>The array's tag, by which the floor above knows the type of the elements.</summary>
    public int Tag;

    /// <summary>The address of the first element.</summary>
    public readonly byte* Data => SharedBuffer.Data(Buffer);

    /// <summary>The number of bytes of an element.</summary>
    public readonly int Size => Elements.SizeOf(Kind);

    /// <summary>Ends the export, if there is one. May be called anywhere.</summary>
    public void End()
    {
        if (Buffer != null) SharedBuffer.EndExport(Buffer);
        Buffer = null;
    }
}

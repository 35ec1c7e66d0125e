namespace Symplast.Objects;

/// <summary>
/// The elements of an array, exported: they stay where they are until <see cref="End"/>, even if the array or its pool is
/// deleted.
/// </summary>
public unsafe struct ArrayView
{
    /// <summary>The memory they lie in; null if there is none.</summary>
    public SharedBuffer* Buffer;

    /// <summary>Their number.</summary>
    public nint Count;

    /// <summary>What they are.</summary>
    public ElementKind Kind;

    /// <summary>What the floor above calls them: the array's tag.</summary>
    public int Tag;

    /// <summary>The first one.</summary>
    public readonly byte* Data => SharedBuffer.Data(Buffer);

    /// <summary>Bytes of one.</summary>
    public readonly int Size => Elements.SizeOf(Kind);

    /// <summary>Ends the export, if there is one. Anywhere.</summary>
    public void End()
    {
        if (Buffer != null) SharedBuffer.EndExport(Buffer);
        Buffer = null;
    }
}

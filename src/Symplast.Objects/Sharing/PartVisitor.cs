namespace Symplast.Objects;

/// <summary>
/// What is done with the parts of an object, as functions that get a context: so that the walk through a structure is compiled
/// once, whoever visits. A function that is null is not called.
/// </summary>
/// <param name="context">Handed to the functions.</param>
/// <param name="block">Gets each block that belongs to the object alone, its own apart.</param>
/// <param name="buffer">Gets the memory that belongs to the object alone, and can outlive it.</param>
/// <param name="value">Gets each value that the object holds.</param>
internal readonly unsafe struct PartVisitor(
    void* context,
    delegate*<void*, void*, void> block,
    delegate*<void*, SharedBuffer*, void> buffer,
    delegate*<void*, Value, void> value)
{
    readonly void* _context = context;
    readonly delegate*<void*, void*, void> _block = block;
    readonly delegate*<void*, SharedBuffer*, void> _buffer = buffer;
    readonly delegate*<void*, Value, void> _value = value;

    internal void Block(void* block)
    {
        if (_block != null) _block(_context, block);
    }

    internal void Buffer(SharedBuffer* buffer)
    {
        if (_buffer != null) _buffer(_context, buffer);
    }

    internal void Value(Value value)
    {
        if (_value != null) _value(_context, value);
    }
}

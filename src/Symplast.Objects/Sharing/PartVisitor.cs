namespace Symplast.Objects;

/// <summary>
/// A visitor of the parts of an object: functions with a context, so that the walk through a structure is compiled once for all
/// visitors. A null function is not called.
/// </summary>
/// <param name="context">The first argument of the functions.</param>
/// <param name="block">Called with each block that belongs only to the object, except the object's own block.</param>
/// <param name="buffer">Called with the buffer that belongs only to the object, and can outlive it.</param>
/// <param name="value">Called with each value that the object holds.</param>
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

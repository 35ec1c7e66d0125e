using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python;

/// <summary>
/// Builds CPython's definition tables. They live as long as the process, because the types and functions of every interpreter
/// point to them.
/// </summary>
internal static unsafe class Definitions
{
    internal static PyMethodDef Method(ReadOnlySpan<byte> name, void* function, int flags, ReadOnlySpan<byte> doc) =>
        new() { Name = Text.Utf8(name), Function = function, Flags = flags, Doc = Text.Utf8(doc) };

    internal static PyGetSetDef Property(ReadOnlySpan<byte> name, void* get, ReadOnlySpan<byte> doc) =>
        new() { Name = Text.Utf8(name), Get = get, Doc = Text.Utf8(doc) };

    internal static PyGetSetDef Property(ReadOnlySpan<byte> name, void* get, void* set, ReadOnlySpan<byte> doc) =>
        new() { Name = Text.Utf8(name), Get = get, Set = set, Doc = Text.Utf8(doc) };

    internal static PyTypeSlot Slot(int slot, void* value) => new() { Slot = slot, Function = value };

    /// <summary>A copy of the items in native memory, with a zero item at the end.</summary>
    internal static T* Table<T>(params ReadOnlySpan<T> items) where T : unmanaged
    {
        T* table = (T*)NativeMemory.AllocZeroed((nuint)items.Length + 1, (nuint)sizeof(T));
        items.CopyTo(new Span<T>(table, items.Length));
        return table;
    }
}

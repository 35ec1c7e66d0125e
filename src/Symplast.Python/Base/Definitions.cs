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

    internal static PyMethodDef NoArgs(
        ReadOnlySpan<byte> name, delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> function, ReadOnlySpan<byte> doc) =>
        Method(name, function, PyMethodDef.NoArgs, doc);

    internal static PyMethodDef OneArg(
        ReadOnlySpan<byte> name, delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> function, ReadOnlySpan<byte> doc) =>
        Method(name, function, PyMethodDef.OneArg, doc);

    internal static PyMethodDef FastCall(ReadOnlySpan<byte> name,
        delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*> function, ReadOnlySpan<byte> doc) =>
        Method(name, function, PyMethodDef.FastCall, doc);

    internal static PyMethodDef FastCallKeywords(ReadOnlySpan<byte> name,
        delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nint, PyObject*, PyObject*> function, ReadOnlySpan<byte> doc) =>
        Method(name, function, PyMethodDef.FastCall | PyMethodDef.Keywords, doc);

    internal static PyGetSetDef Property(ReadOnlySpan<byte> name,
        delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*> get, ReadOnlySpan<byte> doc) =>
        new() { Name = Text.Utf8(name), Get = get, Doc = Text.Utf8(doc) };

    internal static PyGetSetDef Property(ReadOnlySpan<byte> name, void* get, void* set, ReadOnlySpan<byte> doc) =>
        new() { Name = Text.Utf8(name), Get = get, Set = set, Doc = Text.Utf8(doc) };

    internal static PyTypeSlot Slot(int slot, void* value) => new() { Slot = slot, Function = value };

    /// <summary>Copies the items to native memory, with a zero item at the end.</summary>
    internal static T* Table<T>(params ReadOnlySpan<T> items) where T : unmanaged
    {
        T* table = (T*)NativeMemory.AllocZeroed((nuint)items.Length + 1, (nuint)sizeof(T));
        items.CopyTo(new Span<T>(table, items.Length));
        return table;
    }
}

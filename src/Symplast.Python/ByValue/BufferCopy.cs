using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.ByValue;

/// <summary>A copy of the bytes, the shape and the format of a C-contiguous buffer at one moment.</summary>
internal unsafe struct BufferCopy
{
    byte* _copy;
    nint _size;

    /// <summary>
    /// Copies the buffer of an object. Returns false if it has none of this kind, or if its elements are references.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for the copy.</exception>
    internal static bool TryMake(PyObject* o, out BufferCopy copy)
    {
        copy = default;
        PyBuffer buffer;
        if (!TryGet(o, &buffer)) return false;
        try
        {
            ReadOnlySpan<byte> format = FormatOf(&buffer);
            if (format.Contains((byte)'O')) return false;
            nint head = buffer.Dimensions * sizeof(nint);
            copy._size = head + format.Length + buffer.Length;
            copy._copy = (byte*)NativeMemory.Alloc((nuint)copy._size);
            Buffer.MemoryCopy(buffer.Shape, copy._copy, head, head);
            format.CopyTo(new Span<byte>(copy._copy + head, format.Length));
            Buffer.MemoryCopy(buffer.Data, copy._copy + head + format.Length, buffer.Length, buffer.Length);
            return true;
        }
        finally
        {
            Api.Table.PyBuffer_Release(&buffer);
        }
    }

    /// <summary>Whether the buffer of an object is as it was when the copy was made.</summary>
    internal readonly bool Holds(PyObject* o)
    {
        PyBuffer buffer;
        if (!TryGet(o, &buffer)) return false;
        ReadOnlySpan<byte> format = FormatOf(&buffer);
        nint head = buffer.Dimensions * sizeof(nint);
        bool holds = head + format.Length + buffer.Length == _size && AreEqual((byte*)buffer.Shape, _copy, head)
            && format.SequenceEqual(new ReadOnlySpan<byte>(_copy + head, format.Length))
            && AreEqual(buffer.Data, _copy + head + format.Length, buffer.Length);
        Api.Table.PyBuffer_Release(&buffer);
        return holds;
    }

    /// <summary>Frees the copy.</summary>
    internal readonly void Free() => NativeMemory.Free(_copy);

    static bool TryGet(PyObject* o, PyBuffer* buffer)
    {
        *buffer = default;
        if (Api.Table.PyObject_GetBuffer(o, buffer, Api.PyBUF_ND | Api.PyBUF_FORMAT) == 0) return true;
        Api.Table.PyErr_Clear();
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ReadOnlySpan<byte> FormatOf(PyBuffer* buffer) =>
        buffer->Format == null ? [] : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer->Format);

    // A span has at most two billion bytes.
    static bool AreEqual(byte* first, byte* second, nint size)
    {
        while (size > int.MaxValue)
        {
            if (!AreEqual(first, second, int.MaxValue)) return false;
            first += int.MaxValue;
            second += int.MaxValue;
            size -= int.MaxValue;
        }
        return new ReadOnlySpan<byte>(first, (int)size).SequenceEqual(new ReadOnlySpan<byte>(second, (int)size));
    }
}

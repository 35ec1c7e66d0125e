using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The numeric typecodes of <c>array.array</c>. An Array's tag is one of them.</summary>
internal static unsafe class Typecodes
{
    /// <summary>All of them, for messages.</summary>
    internal const string All = "b, B, h, H, i, I, l, L, q, Q, f or d";

    /// <summary>The kind of elements with a typecode; false if there is no such typecode.</summary>
    internal static bool TryKind(int typecode, out ElementKind kind)
    {
        // As in C on the 64-bit systems for which there are wheels: long has 64 bits.
        ElementKind? found = typecode switch
        {
            'b' => ElementKind.Int8,
            'B' => ElementKind.UInt8,
            'h' => ElementKind.Int16,
            'H' => ElementKind.UInt16,
            'i' => ElementKind.Int32,
            'I' => ElementKind.UInt32,
            'l' or 'q' => ElementKind.Int64,
            'L' or 'Q' => ElementKind.UInt64,
            'f' => ElementKind.Float32,
            'd' => ElementKind.Float64,
            _ => null,
        };
        kind = found.GetValueOrDefault();
        return found.HasValue;
    }

    /// <summary>The typecode as a C string that is never freed: the format of exported buffers.</summary>
    internal static byte* Format(int typecode) => Text.Utf8(typecode switch
    {
        'b' => "b"u8,
        'B' => "B"u8,
        'h' => "h"u8,
        'H' => "H"u8,
        'i' => "i"u8,
        'I' => "I"u8,
        'l' => "l"u8,
        'L' => "L"u8,
        'q' => "q"u8,
        'Q' => "Q"u8,
        'f' => "f"u8,
        _ => "d"u8,
    });

    /// <summary> The kind of a buffer's elements by its format in native order; false if they are not such numbers. </summary>
    internal static bool TryFormat(byte* format, out ElementKind kind)
    {
        kind = ElementKind.UInt8;
        if (format == null) return true;
        if (*format == (byte)'@') format++;
        return *format != 0 && format[1] == 0 && TryKind(*format, out kind);
    }
}

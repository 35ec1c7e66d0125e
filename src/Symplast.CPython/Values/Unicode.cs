using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// A str. Compact ASCII strings have their data right after these fields; other compact ones after
/// <see cref="PyCompactUnicodeObject"/>. An exact str is always compact since 3.12.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyAsciiObject
{
    /// <summary>Bytes before the data of an ASCII string.</summary>
    public const int DataOffset = 40;

    /// <summary>State of a text whose characters take one byte each; see <see cref="OfKind"/>.</summary>
    public const uint OneByte = 1 << 2;

    /// <summary>State bit: data follow the head.</summary>
    public const uint Compact = 1 << 5;

    /// <summary>State bit: all characters are below 128.</summary>
    public const uint Ascii = 1 << 6;

    /// <summary>State bit (3.12.1+): the string is part of the interpreter's own static data.</summary>
    public const uint StaticallyAllocated = 1 << 7;

    /// <summary>
    /// Interned state 3, "immortal static". It is the only state in which no interpreter changes the string, inserts it into its
    /// own table or clears it at its end. With state 0, 3.14+ would free the string when an interpreter that interned it ends
    /// (gh-113190).
    /// </summary>
    public const uint InternedStatic = 3;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of characters.</summary>
    public nint Length;

    /// <summary>Hash, -1 until it is asked for.</summary>
    public nint Hash;

    /// <summary>
    /// Bits: 0-1 interned, 2-4 kind (bytes a character), 5 compact, 6 ASCII, 7 static. The rest is garbage on 3.12 and 3.13.
    /// </summary>
    public uint State;

    /// <summary>State of a text whose characters take this many bytes each.</summary>
    public static uint OfKind(int kind) => (uint)kind << 2;

    /// <summary>Bytes a character: 1, 2 or 4.</summary>
    public readonly int Kind => (int)(State >> 2) & 7;
}

/// <summary>A str with characters above 127.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyCompactUnicodeObject
{
    /// <summary>Bytes before the data.</summary>
    public const int DataOffset = 56;

    /// <summary>The fields of every str.</summary>
    public PyAsciiObject Base;

    /// <summary>Bytes of the UTF-8 form, without the final zero.</summary>
    public nint Utf8Length;

    /// <summary>The UTF-8 form, null until it is asked for.</summary>
    public byte* Utf8;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<byte*, nint, byte*, PyObject*> PyUnicode_DecodeUTF8;
    public delegate* unmanaged[Cdecl]<nint, uint, PyObject*> PyUnicode_New;
    public delegate* unmanaged[Cdecl]<byte*, nint, byte*, int*, PyObject*> PyUnicode_DecodeUTF16;
    public delegate* unmanaged[Cdecl]<int, PyObject*> PyUnicode_FromOrdinal;
    public delegate* unmanaged[Cdecl]<PyObject*, nint*, byte*> PyUnicode_AsUTF8AndSize;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, byte*, PyObject*> PyUnicode_AsEncodedString;
    public delegate* unmanaged[Cdecl]<PyObject**, void> PyUnicode_InternInPlace;
    public delegate* unmanaged[Cdecl]<byte*, PyObject*> PyUnicode_InternFromString;

    /// <summary>PyUnicode_New for texts of a few hundred characters at most, which is fast and does not block.</summary>
    [Symbol("PyUnicode_New")]
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, uint, PyObject*> NewShortText;
    public PyObject* PyUnicode_Type;
}
